"""The teacher that reads the notes: statistics, courses, and a student that listens to them."""

from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import torch
from tiny_features import write_features

from engine.errors import InputError
from export_onnx.datasets import Item
from export_onnx.datasets.render import TimedMessage
from export_onnx.tracker.batches import Batch, Sampler
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.notes import FEATURES, describe, note_table
from export_onnx.tracker.score_teacher import COURSE, Passages, ScoreTeacher, teach
from export_onnx.tracker.store import give_courses, load_clips
from export_onnx.tracker.teacher_losses import score_teacher_loss
from export_onnx.tracker.train import TrainOptions, prepared, train
from export_onnx.training.stage import TrainConfig, load_checkpoint

MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


def song(triad, beat_s, seconds=20.0, tonic=60):
    """Chords on every beat: float64, shape (n, 4)."""
    rows = []
    for number, start_s in enumerate(np.arange(0.0, seconds, beat_s)):
        root = tonic + (0, 5, 7, 0)[number % 4]
        rows += [(start_s, start_s + 0.9 * beat_s, root + step, 80) for step in triad]
    return np.array(rows, float)


def test_note_table_pairs_notes_and_leaves_drums_out():
    def message(time_s, kind, note, velocity=64, channel=0):
        return TimedMessage(
            time_s, 0, mido.Message(kind, note=note, velocity=velocity, channel=channel)
        )

    table = note_table(
        [
            message(0.0, "note_on", 60),
            message(0.0, "note_on", 36, channel=9),
            message(0.5, "note_on", 60, velocity=90),  # struck again before it was released
            message(1.0, "note_on", 60, velocity=0),
            message(1.0, "note_off", 36, channel=9),
        ]
    )
    assert table.tolist() == [[0.0, 0.5, 60, 64], [0.5, 1.0, 60, 90]]


def test_statistics_tell_mode_and_density_and_not_the_key():
    major, minor = (describe(song(triad, 0.5), 0.0, 20.0) for triad in (MAJOR, MINOR))
    turned = describe(song(MAJOR, 0.5, tonic=63), 0.0, 20.0)
    fast = describe(song(MAJOR, 0.25), 0.0, 20.0)
    assert major.shape == (FEATURES,)
    assert major[0] > 0.05 > -0.05 > minor[0]
    assert fast[5] - major[5] == pytest.approx(np.log(2.0), abs=0.1)
    assert turned[:5] == pytest.approx(major[:5], abs=1e-6)  # modes
    assert turned[19:31] == pytest.approx(major[19:31], abs=1e-6)  # degrees of the scale
    assert describe(song(MAJOR, 0.5)[:4], 0.0, 20.0) is None


def test_kernel_follows_its_examples_and_keeps_the_level_of_each_kind():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(160, 4))
    truth = np.tanh(features[:, :2])
    kind = np.arange(160) % 2
    labels = truth + 0.5 * kind[:, None]
    teacher = ScoreTeacher(features, labels, np.ones(160), kind, width=1.0)
    fresh = rng.normal(size=(50, 4))
    low, high = teacher.predict(fresh, 0), teacher.predict(fresh, 1)
    assert np.corrcoef(low[:, 0], np.tanh(fresh[:, 0]))[0, 1] > 0.85
    assert (high - low).mean() == pytest.approx(0.5, abs=0.15)


def piece(dataset, number, rng, rated=True, split="train"):
    happy = number % 2 == 0
    notes = song(MAJOR if happy else MINOR, float(rng.choice([0.25, 0.5])), 30.0)
    notes[:, 2] += int(rng.integers(-3, 4))
    notes[:, 3] += rng.integers(-15, 15, len(notes))
    times_s = np.array([10.0, 20.0])
    rows = np.array([describe(notes, time - 10.0, time + 4.0) for time in times_s])
    value = (0.5, 0.1) if happy else (-0.5, -0.1)
    item = Item(dataset, f"p{number}", split, f"{dataset}{number}", Path(), "x.mid")
    affect = np.tile(value if rated else (np.nan, np.nan), (2, 1))
    return Passages(item, times_s, rows, affect)


def test_teacher_speaks_of_unseen_pieces_and_keeps_ratings():
    rng = np.random.default_rng(1)
    rated = [piece("vgmidi", n, rng) for n in range(24)] + [
        piece("emopia", n, rng) for n in range(24)
    ]
    unrated = [piece("pop909", n, rng, rated=False) for n in range(6)]
    courses, skill = teach([*rated, *unrated])
    assert (skill[:, 0] > 0.8).all()
    for course, one in zip(courses[:24], rated[:24], strict=True):
        assert course.shape == (2, COURSE)
        assert course[:, :2].mean(0) == pytest.approx(one.affect.mean(0), abs=1e-5)
    signs = [np.sign(course[:, 0].mean()) for course in courses[48:]]
    assert signs == [1, -1, 1, -1, 1, -1]
    with pytest.raises(InputError, match="nothing to learn"):
        teach(unrated)


def write_course_file(path, names):
    rng = np.random.default_rng(2)
    np.savez(
        path,
        names=np.array(names),
        counts=np.full(len(names), 3),
        times_s=np.tile([2.0, 4.0, 6.0], len(names)),
        courses=rng.normal(0, 0.3, (3 * len(names), COURSE)).astype(np.float32),
    )


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    folder = write_features(tmp_path_factory.mktemp("features"))
    names = [f"{name}/clip{i}" for name in ("emopia", "vgmidi", "pop909") for i in range(2)]
    write_course_file(folder / "courses.npz", names)
    return folder


def test_courses_meet_the_hops_of_a_rendering(features):
    hop_s = 0.1
    clips = load_clips(features, "train", ("emopia", "emotify"))
    started = [replace(clip, played=(3.5, 2.0)) for clip in clips]
    given = give_courses(started, features / "courses.npz", hop_s)
    with np.load(features / "courses.npz") as stored:
        rows = stored["courses"][:3].astype(np.float16)
    course = next(clip.course for clip in given if clip.name == "clip0")
    assert course.shape == (clips[0].n_hops, COURSE)
    # Hop 0 is heard from 3.7 s of the file, hop 10 from 5.7 s: the passages of 4 and 6 s.
    assert np.array_equal(course[0], rows[1]) and np.array_equal(course[10], rows[2])
    assert all(clip.course is None for clip in given if clip.dataset == "emotify")
    with pytest.raises(InputError, match="courses tracker"):
        give_courses(clips, features / "nothing.npz", hop_s)


def test_course_loss_falls_towards_the_course_and_ignores_the_unknown(features):
    front = FrontEndConfig()
    clips = load_clips(features, "train", ("emopia", "emotify"))
    clips = give_courses(clips, features / "courses.npz", 1.0 / front.hops_per_second)
    share = {"emopia": 2, "emotify": 1}
    batch: Batch = Sampler(clips, share, replace(TrainConfig(), crop_s=4.0), front, 1, True).draw()
    shape = batch.course.shape[:2]
    known = torch.nan_to_num(batch.course)
    right = torch.cat([torch.atanh(known[..., :2].clamp(-0.9, 0.9)), torch.zeros(*shape, 2)], 2)
    at_it, parts = score_teacher_loss(right, torch.zeros(*shape, 4), known[..., 2:], batch, 2)
    away, _ = score_teacher_loss(
        right + 0.5, torch.zeros(*shape, 4), known[..., 2:] + 1.0, batch, 2
    )
    assert parts["notes"] == pytest.approx(0.0, abs=1e-6)
    assert float(away) > float(at_it) + 0.1
    stranger = torch.isnan(batch.course[..., 0])
    assert stranger.any()
    moved = right + 3.0 * stranger[..., None]
    elsewhere, _ = score_teacher_loss(moved, torch.zeros(*shape, 4), known[..., 2:], batch, 2)
    assert float(elsewhere) == pytest.approx(float(at_it), abs=1e-6)


def test_training_with_courses_begins_where_another_run_ended(features, tmp_path):
    config = replace(TrainConfig(), harmony_epochs=1, mood_epochs=1, crop_s=4.0)
    options = TrainOptions(
        features, tmp_path / "one", courses=features / "courses.npz", train=config
    )
    assert train(options) is not None
    first = load_checkpoint(tmp_path / "one" / "emotion0.pt")["average"]
    onward = replace(
        options,
        out=tmp_path / "two",
        start=(tmp_path / "one" / "emotion0.pt",),
        train=replace(config, learning_rate=1e-9),
    )
    assert train(onward) is not None
    second = load_checkpoint(tmp_path / "two" / "emotion0.pt")["average"]
    assert all(torch.allclose(first[name], second[name], atol=1e-5) for name in first)
    with pytest.raises(InputError, match="stage of an emotion network"):
        train(replace(onward, out=tmp_path / "three", start=(tmp_path / "one" / "tracker.pt",)))


def test_sets_that_were_not_prepared_are_left_out(features, tmp_path):
    assert set(prepared(features)) == {"emopia", "vgmidi", "emotify"}
    with pytest.raises(InputError, match="prepare tracker"):
        prepared(tmp_path)
