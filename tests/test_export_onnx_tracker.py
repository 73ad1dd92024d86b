"""Network, features, training and export on tiny things made here; no data set needed."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.emotion.model import TrackerModel
from engine.errors import InputError
from export_onnx.tracker.augment import Augmenter
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.export import load_tracker, write_onnx
from export_onnx.tracker.frontend import FrontEnd
from export_onnx.tracker.games import TITLES, GameOptions, judge
from export_onnx.tracker.harmony import rotate_to_tonic
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.pools import RunningMean
from export_onnx.tracker.train import TrainOptions, train
from export_onnx.tracker.verify import TrackerGraph, compare_torch, probe_sound
from export_onnx.training.contract import TOLERANCE, verify_contract
from export_onnx.training.stage import TrainConfig, load_checkpoint

FRONT = FrontEndConfig()


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(4)
    sizes = replace(
        NetworkConfig(), mood_size=16, gru_size=12, head_hidden=16, timbre_channels=(4, 6, 8)
    )
    return Tracker(FRONT, sizes, n_emotions=2).eval()


@pytest.fixture(scope="module")
def exported(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    write_onnx(tiny, path, {"seed": "4"})
    return TrackerModel(path)


@pytest.fixture(scope="module")
def sound():
    return probe_sound(60, FRONT.hop_length, FRONT.sample_rate)


def test_onnx_equals_torch(tiny, exported, sound):
    differences = compare_torch(exported, tiny, sound)
    assert max(differences.values()) < TOLERANCE, differences


def test_chunked_equals_whole(exported, sound):
    inputs = {"pcm": sound.reshape(1, -1, exported.hop_length)}
    differences = verify_contract(TrackerGraph(exported), inputs)
    assert max(differences.values()) < TOLERANCE, differences


def test_metadata_carry_seed_and_labels(exported):
    assert exported.metadata["seed"] == "4"
    assert exported.keys[9] == "A:maj"
    assert exported.chords[0] == "N"
    assert len(exported.tags) == 9


def analyse(sound):
    front_end = FrontEnd(FRONT).eval()
    whole = len(sound) // FRONT.hop_length * FRONT.hop_length
    with torch.no_grad():
        return front_end(
            torch.from_numpy(sound[None, :whole]),
            torch.zeros(1, front_end.tail_length),
            torch.zeros(1, front_end.low_length),
        )


@pytest.mark.parametrize("pitch", [40, 57, 69, 80])
def test_pitch_bank_finds_a_note(pitch):
    time_s = np.arange(2 * FRONT.sample_rate) / FRONT.sample_rate
    tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time_s).astype(np.float32)
    _, bins, loudness_db, _, _ = analyse(tone)
    loudest = int(bins[0, -1].argmax())
    assert loudest == (pitch - FRONT.pitch_low) * FRONT.bins_per_semitone + 1
    assert float(bins[0, -1].max()) == pytest.approx(0.0, abs=0.1)
    assert float(loudness_db[0, -1]) == pytest.approx(-3.01, abs=0.1)


def test_running_mean_equals_its_definition():
    torch.manual_seed(0)
    pool = RunningMean((0.5, 3.0), 10.0)
    values, weights = torch.randn(1, 90, 2), torch.rand(1, 90)
    weights[:, 30:40] = 0.0
    means, _ = pool(values, weights, torch.zeros(1, 2, 3))
    for index, tau in enumerate((0.5, 3.0)):
        decay = np.exp(-1 / (tau * 10))
        total, weight = torch.zeros(2), 0.0
        for step in range(90):
            gone = decay ** float(weights[0, step])
            total = gone * total + (1 - decay) * weights[0, step] * values[0, step]
            weight = gone * weight + (1 - decay) * float(weights[0, step])
            expected = total / (weight + 1e-4)
            assert torch.allclose(means[0, step, index], expected, atol=1e-5)


def test_rotation_puts_the_tonic_first():
    classes = torch.arange(12.0).reshape(1, 1, 12)
    tonic = torch.zeros(1, 12)
    tonic[0, 7] = 1.0
    turned = rotate_to_tonic(classes, tonic)[0, 0]
    assert turned.tolist() == [float((7 + i) % 12) for i in range(12)]


def test_harmony_turns_with_the_music(tiny):
    """Shifted by a fifth inside the bank's range, key and chord move by seven semitones."""
    per = FRONT.bins_per_semitone
    pitch = torch.full((1, 20, FRONT.n_pitch_bins), -8.0)
    for note in (12, 16, 19, 24, 28):
        pitch[:, :, note * per + 1] = 0.0
    states = zeros(tiny.state_shapes())
    active = torch.ones(1, 20)

    def listen(bank):
        with torch.no_grad():
            return tiny.harmony(bank, active, states["state_chord"], states["state_key"])[0]

    low, high = listen(pitch), listen(torch.roll(pitch, 7 * per, 2))
    turned = torch.roll(low.key.reshape(1, 20, 2, 12), 7, 3).reshape(1, 20, 24)
    assert torch.allclose(high.key, turned, atol=0.02)


def test_gain_is_taken_out(tiny, sound):
    results = []
    for gain in (1.0, 0.05):
        with torch.no_grad():
            pcm = torch.from_numpy(sound[None] * np.float32(gain))
            results.append(tiny(pcm, *zeros(tiny.state_shapes()).values()))
    assert torch.allclose(results[0][1], results[1][1], atol=0.05)
    assert float((results[0][8] - results[1][8])[0, 3]) == pytest.approx(26.02, abs=0.05)


def test_augmentation_keeps_shape_and_stays_finite():
    torch.manual_seed(1)
    mel, pitch = torch.randn(3, 30, 4, FRONT.n_mels) - 8, torch.randn(3, 30, FRONT.n_pitch_bins) - 8
    changed_mel, changed_pitch = Augmenter(FRONT, 30.0, seed=1)(mel, pitch)
    assert changed_mel.shape == mel.shape and changed_pitch.shape == pitch.shape
    assert torch.isfinite(changed_mel).all() and torch.isfinite(changed_pitch).all()
    again, _ = Augmenter(FRONT, 30.0, seed=1)(mel, pitch)
    assert torch.equal(again, changed_mel)
    assert not torch.equal(changed_mel, mel)


def write_features(folder, hops=310):
    """Write clips of every set, as `prepare` would write them, with random content."""
    rng = np.random.default_rng(0)
    known = {
        "emopia": {"quadrant": 0, "valence": 0.6, "arousal": 0.6},
        "vgmidi": {"quadrant": None, "valence": -0.2, "arousal": 0.3},
        "emotify": {"quadrant": None, "valence": 0.1, "arousal": -0.4},
        "pop909": {"quadrant": None, "valence": None, "arousal": None},
    }
    for dataset, labels in known.items():
        path = folder / "train" / dataset
        path.mkdir(parents=True)
        for number in range(2):
            rows = np.full((hops, 4), np.nan, np.float32)
            if labels["valence"] is not None:
                rows[:, 0], rows[:, 1] = labels["valence"], labels["arousal"]
            rows[:, 2], rows[:, 3] = (3, 7) if dataset == "pop909" else (-1, -1)
            tags = [0.2] * 9 if dataset == "emotify" else None
            name = f"clip{number}"
            meta = {"dataset": dataset, "name": name, "group": name, "variant": 0, "tags": tags}
            np.savez(
                path / f"{name}.0.npz",
                mel=rng.normal(-9, 2, (hops, 4, FRONT.n_mels)).astype(np.float16),
                pitch=rng.normal(-9, 2, (hops, FRONT.n_pitch_bins)).astype(np.float16),
                labels=rows,
                played=np.array((0.0, 1.0)),
                meta=np.array(json.dumps({**meta, **labels})),
            )


def test_training_resumes_and_its_checkpoint_exports(tmp_path):
    write_features(tmp_path / "features")
    config = replace(TrainConfig(), harmony_epochs=1, mood_epochs=2, crop_s=6.0)
    options = TrainOptions(tmp_path / "features", tmp_path / "whole", train=config)
    whole = load_checkpoint(train(options))

    # The same run, stopped after the first epoch of the second stage: its files are put back.
    stopped = tmp_path / "stopped"
    first = replace(options, out=stopped)
    assert train(replace(first, stop_after_epochs=1)) is None
    assert not (stopped / "tracker.pt").exists()
    resumed = load_checkpoint(train(first))
    for name, value in whole["tracker"].items():
        assert torch.allclose(resumed["tracker"][name], value, atol=1e-6), name

    tracker, facts = load_tracker(stopped / "tracker.pt")
    assert facts["seed"] == str(config.seed)
    write_onnx(tracker, tmp_path / "model.onnx", facts)
    assert TrackerModel(tmp_path / "model.onnx").metadata["seed"] == facts["seed"]


def test_training_without_features_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="prepare"):
        train(TrainOptions(tmp_path, tmp_path / "out"))


def test_broken_checkpoint_is_refused(tmp_path):
    path = tmp_path / "tracker.pt"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"tracker\.pt"):
        load_tracker(path)


def test_game_music_is_listed_once_per_question_and_missing_pieces_are_named(tmp_path):
    kinds = {kind: titles.split() for kind, titles in TITLES.items()}
    for high, low in (("battle", "calm"), ("happy", "dark")):
        assert not set(kinds[high]) & set(kinds[low])
        assert min(len(kinds[high]), len(kinds[low])) >= 10
    with pytest.raises(InputError, match="lacks .*battle.*prepare games"):
        judge(GameOptions(folder=tmp_path))
