"""The slow lane's network: published weights, streaming trunk, head, features of spliced clips."""

import struct
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import InputError
from export_onnx.datasets.labels import common_scale
from export_onnx.datasets.q4audio import lacks_q4audio, read_q4audio
from export_onnx.tracker.slow.change import ChangeDetector, fit_change
from export_onnx.tracker.slow.corpus import Corpus
from export_onnx.tracker.slow.export import verify_slow, write_slow
from export_onnx.tracker.slow.features import FAST, Clip
from export_onnx.tracker.slow.head import Head, HeadConfig
from export_onnx.tracker.slow.musicnn import Musicnn, mel_filters, read_checkpoint
from export_onnx.tracker.slow.network import SlowNetwork, zeros_of
from export_onnx.tracker.slow.study import deviation_factors, score_said
from export_onnx.tracker.slow.train import SlowTraining, make_bank, said_of, train_head
from export_onnx.tracker.slow.trunk import STEP_LENGTH, Trunk
from export_onnx.training.contract import TOLERANCE


def field(number, value):
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def block(pairs):
    data = b"".join(bytes([0, len(k), len(v)]) + k + v for k, v in pairs)
    return data + struct.pack("<II", 0, 1) + b"\x00" + bytes(4)


def test_a_checkpoint_is_read_without_its_framework(tmp_path):
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    shape = b"".join(field(2, field(1, size)) for size in values.shape)
    entry = field(1, 1) + field(2, shape) + field(5, values.nbytes)
    table = block([(b"", b""), (b"dense/kernel", entry)])
    index = block([(b"z", bytes([0, len(table) - 5]))])
    meta = block([])
    footer = bytes([len(table) + len(index), len(meta) - 5, len(table), len(index) - 5])
    (tmp_path / ".index").write_bytes(table + index + meta + footer.ljust(48, b"\x00"))
    (tmp_path / ".data-00000-of-00001").write_bytes(values.tobytes())
    found = read_checkpoint(tmp_path)
    assert list(found) == ["dense/kernel"]
    np.testing.assert_array_equal(found["dense/kernel"], values)
    with pytest.raises(InputError, match="no variable"):
        Musicnn().load(found)
    with pytest.raises(InputError, match="not a checkpoint"):
        read_checkpoint(tmp_path / "none")


def test_mel_filters_have_equal_area_up_to_eight_kilohertz():
    filters = mel_filters()
    assert filters.shape == (96, 257)
    areas = filters[40:].sum(1) * 31.25
    assert areas == pytest.approx(np.ones(56), abs=0.1)


def drawn_trunk():
    torch.manual_seed(3)
    trunk = Trunk().eval()
    for name, buffer in trunk.net.named_buffers():
        if name.startswith(("kernel", "dense", "tag")):
            buffer.normal_(0.0, 0.05)
    return trunk


def drawn_network(bias):
    change = ChangeDetector()
    torch.nn.init.zeros_(change.weigh.weight)
    torch.nn.init.constant_(change.weigh.bias, bias)
    return SlowNetwork(drawn_trunk(), change, Head(HeadConfig(members=2))).eval()


def run(trunk, sound):
    states = [torch.zeros(1, *shape) for shape in trunk.state_shapes().values()]
    said = []
    for start in range(0, len(sound), STEP_LENGTH):
        pcm = torch.from_numpy(sound[None, start : start + STEP_LENGTH])
        with torch.no_grad():
            embedding, recent, _, *states = trunk(pcm, *states)
        said.append((embedding[0].numpy(), recent[0].numpy()))
    return [np.stack(rows) for rows in zip(*said, strict=True)]


def test_the_trunk_hears_no_gain_and_forgets_after_its_patches():
    trunk = drawn_trunk()
    rng = np.random.default_rng(1)
    sound = rng.normal(0.0, 0.1, 12 * STEP_LENGTH).astype(np.float32)
    loud, newest = run(trunk, sound)
    assert run(trunk, sound * np.float32(0.1))[0] == pytest.approx(loud, rel=0.03, abs=0.03)
    other = sound.copy()
    other[:STEP_LENGTH] = rng.normal(0.0, 0.1, STEP_LENGTH)
    changed, changed_newest = (
        np.abs(now - before).max(1)
        for now, before in zip(run(trunk, other), (loud, newest), strict=True)
    )
    # The level, which both share, is remembered for longer; the patch is seven steps, the newest
    # second two.
    assert changed[0] > 10.0 * changed[9] and changed[4] > 5.0 * changed[9]
    assert changed_newest[0] > 10.0 * changed_newest[4]


def test_the_exported_graph_keeps_to_the_contract(tmp_path):
    network = drawn_network(0.0)
    write_slow(network, tmp_path / "slow.onnx", {"training_data": "none", "seed": "3"})
    report = verify_slow(tmp_path / "slow.onnx", network, steps=4)
    assert max(report.values()) < TOLERANCE


@pytest.mark.parametrize("sure", [False, True])
def test_after_a_change_only_the_newest_second_is_remembered(sure):
    network = drawn_network(50.0 if sure else -50.0)
    rng = np.random.default_rng(4)
    states = zeros_of(network.state_shapes())
    digest = torch.zeros(1, 1, 146)
    changes, means = [], []
    for step in range(12):
        pcm = torch.from_numpy(rng.normal(0.0, 0.1, (1, STEP_LENGTH)).astype(np.float32))
        digest = digest * 0.94 + 0.06
        with torch.no_grad():
            _, _, changed, *states = network(pcm, torch.full((1, 17), step / 12), digest, *states)
        changes.append(float(changed))
        if changes[-1]:
            digest = torch.full((1, 1, 146), 0.06)  # the fast graph forgets, too
        means.append(network.head.pools.means(states[-1])[0, -1].item())
    # Two seconds must be known first, and again after a change.
    assert changes == ([0.0] * 6 + [1.0] + [0.0] * 5 if sure else [0.0] * 12)
    if sure:
        assert means[6] == pytest.approx(6 / 12, abs=0.02)
        assert means[7] == pytest.approx(7 / 12, abs=0.02)
    else:
        assert means[7] < 0.5


def test_the_detector_is_fitted_to_its_false_alarms():
    rng = np.random.default_rng(6)
    size = ChangeDetector().scale.numel()
    steady = np.abs(rng.normal(0.0, 1.0, (1500, size))).astype(np.float32)
    cut = np.abs(rng.normal(0.0, 1.5, (200, size))).astype(np.float32)
    detector = fit_change(steady, cut, per_minute=6.0)

    def found(distances):
        far = (torch.from_numpy(distances) / detector.scale).clamp(max=4.0)
        with torch.no_grad():
            return float((detector.weigh(far) > 0).float().mean())

    assert found(steady) == pytest.approx(6.0 * STEP_LENGTH / 22050 / 60.0, abs=0.005)
    assert found(cut) > 0.9


def clip(rng, dataset, name, quadrant, steps=12):
    sign = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)][quadrant], np.float32)
    embedding = rng.normal(0.0, 0.5, (steps, 200)).astype(np.float32)
    embedding[:, :2] += 2.0 * sign
    embedding[:, 2] += 3.0 if dataset == "q4audio" else -3.0
    labels = np.tile(0.6 * sign, (steps, 1))
    return Clip(
        dataset=dataset,
        name=name,
        group=name,
        variant=0,
        quadrant=quadrant,
        valence=float(labels[0, 0]),
        arousal=float(labels[0, 1]),
        words=None,
        embedding=embedding,
        digest=rng.random((steps, 146)).astype(np.float32),
        fast=rng.random((steps, sum(FAST.values()))).astype(np.float32),
        labels=labels,
        steady=np.zeros((0, 345), np.float32),
        cut=np.zeros((0, 345), np.float32),
    )


@pytest.fixture
def clips():
    rng = np.random.default_rng(5)
    return [
        clip(rng, dataset, f"{dataset}{i}", i % 4)
        for dataset in ("q4audio", "emopia")
        for i in range(16)
    ]


def test_features_after_a_cut_are_those_of_the_joined_clips(clips):
    head = Head(HeadConfig())
    corpus = Corpus.of(clips[:2], head)
    joined = corpus.features(head, np.array([12 + 4]), np.array([7]))
    values = np.concatenate([clips[0].embedding[:8], clips[1].embedding[:5]])
    state = torch.zeros(1, *head.pools.state)
    for row in values:
        given = torch.cat([torch.from_numpy(row)[None], torch.zeros(1, 17)], 1)
        means, state = head.pools(given, torch.ones(1, 1), state)
    assert joined[0, :200].numpy() == pytest.approx(means[0, :200].numpy(), abs=1e-4)


def test_ratings_come_to_the_scale_of_quadrants():
    assert common_scale("q4audio", np.array([0.6, -0.6])) == pytest.approx([0.6, -0.6])
    # A piece at the mean of its set, and one a deviation above and below it.
    assert common_scale("vgmidi", np.array([0.18, 0.06])) == pytest.approx([0.0, 0.0])
    assert common_scale("vgmidi", np.array([0.46, -0.24])) == pytest.approx([0.6, -0.6])
    assert common_scale("emotify", np.array([0.9, -0.2])) == pytest.approx([1.0, -0.3])


def test_members_come_in_two_halves():
    with pytest.raises(InputError, match="members 3: must be an even number"):
        HeadConfig(members=3)
    head = Head(HeadConfig(members=2)).eval()
    with torch.no_grad():
        head.leave_bias[0, :, :2], head.leave_bias[1, :, :2] = 0.5, -0.5
        for weights in (head.enter, head.leave, head.direct, head.real.weight):
            weights.zero_()
        for logit, expected in ((20.0, 0.5), (-20.0, -0.5), (0.0, 0.0)):
            head.real.bias.fill_(logit)
            mean, deviation = head.conclude(torch.zeros(1, head.size))
            assert mean[0].numpy() == pytest.approx([expected, expected], abs=1e-4)
    # Where both halves count, what parts them is doubt.
    assert (deviation > 0.5).all()


def test_a_head_learns_sides_and_kind_and_states_its_error(clips):
    config, training = HeadConfig(members=2), SlowTraining(steps=300, batch=64)
    bank = make_bank(clips, config, training)
    head = train_head(bank, config, training)
    said = [
        (one, mean[-1], deviation[-1])
        for one, (mean, deviation) in zip(clips, said_of(head, clips), strict=True)
    ]
    scores = {(name, measure): score.value for name, measure, score in score_said(said)}
    assert scores["q4audio", "quadrant"] > 0.8 and scores["emopia", "arousal AUC"] > 0.95
    with torch.no_grad():
        kinds = head.recorded(bank.features)[:, 0].numpy() > 0
    real = np.array([bank.clips[i].dataset == "q4audio" for i in bank.clip])
    assert (kinds == real).mean() > 0.9
    factors = deviation_factors(bank, [], config, replace(training, steps=30))
    assert factors.shape == (2,) and (factors > 0.2).all()


def test_a_clip_of_the_4q_set_is_read_with_its_quadrant(tmp_path):
    assert lacks_q4audio(tmp_path) == "manifest.csv"
    header = "path,split,name,group,quadrant\n"
    (tmp_path / "manifest.csv").write_text(header + "audio/a.ogg,val,a,Someone,Q2\n")
    item = next(read_q4audio(tmp_path))
    assert (item.quadrant, item.valence, item.arousal) == (1, -0.6, 0.6)
    assert (item.group, item.split, item.is_midi) == ("Someone", "val", False)
    (tmp_path / "manifest.csv").write_text(header + "audio/a.ogg,val,a,Someone,Q7\n")
    with pytest.raises(InputError, match="quadrant 'Q7'"):
        next(read_q4audio(tmp_path))
