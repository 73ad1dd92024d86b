"""Teachers, lessons and ablation rows, on tiny things made here."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from tiny_features import AFFECT, write_features

from engine.errors import InputError
from export_onnx.__main__ import main
from export_onnx.datasets import Item
from export_onnx.datasets.render import find_soundfonts
from export_onnx.studies.distill import DistillOptions, distill
from export_onnx.studies.mert import SAMPLE_RATE, Mert
from export_onnx.studies.teacher import Teacher, TeacherConfig, opinions
from export_onnx.studies.teacher_inputs import TeacherInput, mert_inputs
from export_onnx.studies.teacher_labels import (
    TeacherOutput,
    Trust,
    combine,
    measure_trust,
    merge_teachers,
)
from export_onnx.studies.tracker_ablate import (
    ROWS,
    AblateOptions,
    DeafHarmony,
    ablate,
    add_teacher_labels,
)
from export_onnx.studies.tracker_ablation_table import write_report
from export_onnx.tracker.batches import Sampler
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.export import load_tracker
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.scores import Measure, difference, score
from export_onnx.tracker.store import TAUGHT, load_clips
from export_onnx.tracker.teacher_losses import teacher_loss
from export_onnx.training.stage import TrainConfig

FRONT = FrontEndConfig()
BUDGET = replace(TrainConfig(), harmony_epochs=1, mood_epochs=1, crop_s=6.0)
SMALL = TeacherConfig(size=8, gru_size=8, layers=1, attention_heads=2, hidden=8)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return write_features(tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def harmony(features, tmp_path_factory):
    """Checkpoint of an untrained harmony stage."""
    torch.manual_seed(2)
    path = tmp_path_factory.mktemp("harmony") / "harmony.pt"
    torch.save({"average": Tracker(FRONT, NetworkConfig()).harmony.state_dict()}, path)
    return path


def opinion(valence, arousal, deviation=0.2, skill=0.5, own=True, quadrants=False, tags=False):
    said = np.full(17, 0.25, np.float32)
    said[:4] = valence, arousal, deviation, deviation
    trust = Trust(np.zeros(2), np.ones(2), np.full(2, skill))
    return TeacherOutput(said, trust, own, quadrants, tags)


def lesson_batch(features, taught):
    clips = [replace(c, taught=taught) for c in load_clips(features, "train", ("emotify",))]
    return Sampler(clips, {"emotify": 2}, BUDGET, FRONT, 1, splices=False).draw()


def test_lesson_teaches_the_level_not_only_the_difference(features):
    """Teacher (.5, .5) against student (-.5, -.5): a softmax over both axes would see no error."""
    taught = np.zeros(TAUGHT, np.float32)
    taught[:4] = 0.5, 0.5, 1.0, 1.0
    batch = lesson_batch(features, taught)
    shape = batch.weight.shape
    right = torch.full((*shape, 4), float(np.arctanh(0.5)))
    quadrant, tags = torch.zeros(*shape, 4), torch.zeros(*shape, 9)
    assert float(teacher_loss(right, quadrant, tags, batch, 1)[0]) == pytest.approx(0.0, abs=1e-6)
    assert float(teacher_loss(-right, quadrant, tags, batch, 1)[0]) == pytest.approx(4.0, rel=1e-3)


def test_lesson_teaches_each_tag_by_itself(features):
    """All tags too high by the same amount: a softmax over tags would see no error."""
    taught = np.zeros(TAUGHT, np.float32)
    taught[9:18], taught[18] = 0.2, 1.0
    batch = lesson_batch(features, taught)
    shape = batch.weight.shape
    affect, quadrant = torch.zeros(*shape, 4), torch.zeros(*shape, 4)
    losses = []
    for logit in (float(np.log(0.25)), 2.0):
        tags = torch.full((*shape, 9), logit, requires_grad=True)
        loss, _ = teacher_loss(affect, quadrant, tags, batch, 1)
        loss.backward()
        losses.append((float(loss.detach()), float(tags.grad.abs().sum())))
    assert losses[0][0] < losses[1][0]
    assert losses[0][1] < 1e-5 < losses[1][1]


def test_untaught_clips_cost_nothing(features):
    batch = lesson_batch(features, None)
    shape = batch.weight.shape
    loss, _ = teacher_loss(
        torch.randn(*shape, 4), torch.randn(*shape, 4), torch.randn(*shape, 9), batch, 1
    )
    assert float(loss) == 0.0


def test_the_surer_and_the_more_skilled_teacher_weigh_more():
    sure, unsure = opinion(0.8, 0.0, deviation=0.1), opinion(-0.8, 0.0, deviation=0.4)
    assert merge_teachers([sure, unsure])[0] > 0.6
    skilled, weak = opinion(0.5, 0.0, skill=0.4), opinion(-0.5, 0.0, skill=0.1)
    assert merge_teachers([skilled, weak])[0] == pytest.approx(0.3, abs=0.01)
    assert merge_teachers([sure])[2] > merge_teachers([unsure])[2]
    assert merge_teachers([opinion(0.5, 0.5, skill=0.0)])[:4].tolist() == [0.0] * 4


def test_teachers_are_moved_to_the_level_of_a_set_and_trusted_as_far_as_they_explain_it():
    rng = np.random.default_rng(4)
    labels = rng.normal(0.2, 0.5, (400, 2))
    said = np.full((400, 17), 0.1)
    said[:, 0] = labels[:, 0] - 0.7 + rng.normal(0, 0.25, 400)  # right but for the level
    said[:, 1] = -0.4  # always the same
    trust = measure_trust(said, labels)
    assert trust.offset == pytest.approx(labels.mean(0) - said[:, :2].mean(0))
    assert trust.factor[0] == pytest.approx(2.5, rel=0.1)
    assert trust.skill[0] == pytest.approx(0.75, abs=0.05)
    assert trust.skill[1] == pytest.approx(0.0, abs=1e-6)
    unknown = measure_trust(said, np.full((400, 2), np.nan))
    assert (unknown.offset == 0).all() and (unknown.factor == 2).all()


def test_quadrants_and_tags_come_from_those_who_know_them():
    lesson = merge_teachers([opinion(0.1, 0.1), opinion(0.1, 0.1, own=False, tags=True)])
    assert lesson[8] == 0.0
    assert lesson[9:18] == pytest.approx(0.25)
    assert 0.0 < lesson[18] < 0.5


def test_disagreement_among_teachers_is_doubt():
    one, other = opinion(0.5, 0.0).said, opinion(-0.5, 0.0).said
    both = combine([one, other])
    assert both[0] == pytest.approx(0.0)
    assert both[2] == pytest.approx(np.hypot(0.2, 0.5), rel=1e-4)
    assert both[3] == pytest.approx(0.2, rel=1e-4)


def test_padding_does_not_change_what_a_teacher_says():
    torch.manual_seed(5)
    rng = np.random.default_rng(5)
    teacher = Teacher(torch.zeros(6), torch.ones(6), SMALL)
    views = [
        TeacherInput(
            "emopia", str(n), str(n), rng.normal(size=(n, 6)).astype(np.float32), None, -1, None
        )
        for n in (12, 40)
    ]
    together = opinions(teacher, views)
    alone = np.concatenate([opinions(teacher, [view]) for view in views])
    assert np.allclose(together, alone, atol=1e-5)


def test_a_teacher_hears_the_whole_clip():
    """Unlike the student it is not causal: the end changes what it made of the beginning."""
    torch.manual_seed(6)
    teacher = Teacher(torch.zeros(6), torch.ones(6), SMALL).eval()
    steps = torch.randn(1, 20, 6)
    with torch.no_grad():
        heard = teacher.gru(teacher.enter(steps))[0]
        changed = steps.clone()
        changed[:, -1] += 3.0
        again = teacher.gru(teacher.enter(changed))[0]
    assert not torch.allclose(heard[:, 0], again[:, 0])


def test_teachers_can_see_mert(tmp_path):
    """A random network in MERT's shape hears a recording: one step per second, labels beside it."""
    transformers = pytest.importorskip("transformers", reason="pip install 'stimmung[mert]'")
    fonts = find_soundfonts()
    if not fonts:
        pytest.skip("no soundfont installed")
    torch.manual_seed(9)
    sizes = {
        "hidden_size": 12,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "conv_dim": [4] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
    }
    network = transformers.HubertModel(transformers.HubertConfig(**sizes))
    hearing = transformers.Wav2Vec2FeatureExtractor(sampling_rate=SAMPLE_RATE, do_normalize=True)
    mert = Mert(network, hearing, layers=(1, 2))
    noise = np.random.default_rng(9).normal(0, 0.1, 12 * SAMPLE_RATE)
    soundfile.write(tmp_path / "a.wav", noise, SAMPLE_RATE)
    item = Item(
        dataset="emotify",
        name="a",
        split="train",
        group="x",
        folder=tmp_path,
        path="a.wav",
        valence=0.1,
        arousal=-0.2,
        tags=(0.5,) * 9,
    )
    (view,) = mert_inputs(mert, [item], next(iter(fonts.values())), "MERT")
    assert view.steps.shape == (12, 24)
    assert view.affect == (0.1, -0.2)
    teacher = Teacher(torch.zeros(24), torch.ones(24), SMALL)
    assert np.isfinite(opinions(teacher, [view])).all()


@pytest.mark.proof
def test_distilled_student_is_a_tracker_to_export(features, harmony, tmp_path):
    options = DistillOptions(
        features=features,
        out=tmp_path / "student",
        harmony=harmony,
        folds=1,
        teacher_epochs=1,
        variants=1,
        steps=1,
        batch_size=4,
        teacher=SMALL,
        train=BUDGET,
    )
    path = distill(options)
    tracker, facts = load_tracker(path)
    assert facts["seed"] == str(BUDGET.seed)
    clips = add_teacher_labels(
        load_clips(features, "train", ("emopia",)), tmp_path / "student/lessons.npz"
    )
    assert all(clip.taught is not None and clip.taught[8] == 1.0 for clip in clips)
    before = (tmp_path / "student/teacher_emopia_0.pt").stat().st_mtime_ns
    distill(options)
    assert (tmp_path / "student/teacher_emopia_0.pt").stat().st_mtime_ns == before

    rows = ("joint", "deaf", "taught", "without_vgmidi")
    lessons = tmp_path / "student/lessons.npz"
    out = tmp_path / "rows"
    ablate(AblateOptions(features, out, rows, harmony, lessons, steps=1, train=BUDGET))
    report = tmp_path / "ablation.md"
    report.write_text("# Ours\n\nWords.\n")
    write_report(out, report, lessons.parent)
    text = report.read_text()
    assert text.startswith("# Ours\n\nWords.\n")
    for name in (*rows, "teachers"):
        assert f"`{name}`" in text
    left = json.loads((out / "without_vgmidi.json").read_text())["measures"]
    assert set(left) == {"vgmidi arousal", "vgmidi valence"}
    write_report(out, report, lessons.parent)
    assert report.read_text() == text


def test_deaf_network_does_not_hear_the_pitch_bank(features):
    torch.manual_seed(7)
    tracker = Tracker(FRONT, NetworkConfig()).eval()
    tracker.harmony = DeafHarmony(FRONT, NetworkConfig())
    mel = torch.randn(1, 12, 4, FRONT.n_mels) - 8
    states = zeros(tracker.state_shapes())
    results = []
    for seed in (1, 2):
        pitch = torch.randn(
            1, 12, FRONT.n_pitch_bins, generator=torch.Generator().manual_seed(seed)
        )
        with torch.no_grad():
            results.append(tracker.feel(mel, pitch, states)[0])
    assert torch.equal(*results)


def test_differences_are_paired():
    rng = np.random.default_rng(8)
    target = rng.normal(size=40)
    groups = [str(i) for i in range(40)]
    good = Measure("r", target + rng.normal(0, 1.0, 40), target, groups)
    same = difference(good, good)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    better = Measure("r", target + 0.9 * (good.predicted - target), target, groups)
    gain = difference(better, good)
    assert gain.low > 0.0
    assert gain.high - gain.low < (score(good).high - score(good).low) / 2
    assert Measure.from_json(better.to_json()).kind == "r"


@pytest.mark.parametrize(
    ("row", "message"), [("all", "must be one of"), ("taught", "needs --lessons")]
)
def test_bad_rows_are_refused(features, tmp_path, row, message):
    with pytest.raises(InputError, match=message):
        ablate(AblateOptions(features, tmp_path, (row,)))


def test_lessons_must_cover_every_clip(features, tmp_path):
    np.savez(tmp_path / "lessons.npz", names=np.array(["emopia/other"]), taught=np.zeros((1, 19)))
    with pytest.raises(InputError, match="nothing about emopia/clip0"):
        add_teacher_labels(load_clips(features, "train", ("emopia",)), tmp_path / "lessons.npz")
    with pytest.raises(InputError, match="no lessons"):
        add_teacher_labels([], tmp_path / "missing.npz")


def test_command_says_what_it_lacks(capsys):
    assert main(["distill", "tracker"]) == 2
    assert "--harmony" in capsys.readouterr().err


def test_every_row_names_known_sets():
    assert all(set(sets) <= set(AFFECT) for row in ROWS.values() for sets in row.sets)
