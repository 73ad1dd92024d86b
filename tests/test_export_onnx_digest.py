"""Affect from statistics: described per hop, fitted in closed form, part of the graph."""

import numpy as np
import pytest
import torch
from tiny_features import write_features

from engine.emotion.model import TrackerModel
from engine.errors import InputError
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.digest import DIGEST, LANDMARKS, Digest
from export_onnx.tracker.digest_fit import DigestOptions, Pieces, fit_digest, regress
from export_onnx.tracker.export import DIGEST_SHARE, ExportOptions, export, load_tracker
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.salience import GAPS, note_statistics, salience
from export_onnx.tracker.tonal import TONAL, Tonal
from export_onnx.tracker.verify import TrackerGraph, compare_torch, probe_sound
from export_onnx.tracker.weights import save_tracker
from export_onnx.training.contract import TOLERANCE, verify_contract
from export_onnx.training.stage import TrainConfig, save_checkpoint

FRONT = FrontEndConfig()


def pieces(count, rng, truth):
    means = rng.normal(size=(count, DIGEST)).astype(np.float32)
    return Pieces(
        means=means,
        moments=means[:, None],
        valence=truth(means),
        group=np.array([f"vgmidi/{number}" for number in range(count)]),
        dataset=np.full(count, "vgmidi"),
    )


@pytest.mark.parametrize("count", [900, LANDMARKS + 100])
def test_regression_finds_what_depends_on_the_statistics(count):
    rng = np.random.default_rng(3)

    def truth(statistics):
        return 0.4 * np.tanh(statistics[:, 0] + statistics[:, 1]) + 0.1

    digest = Digest(FRONT)
    digest.load_state_dict(regress(pieces(count, rng, truth), seed=1))
    fresh = rng.normal(size=(200, DIGEST)).astype(np.float32)
    said = digest.judge(torch.from_numpy(fresh)[None])[0].numpy()
    assert np.corrcoef(said, truth(fresh))[0, 1] > 0.7
    assert abs(said.mean() - 0.1) < 0.1


def test_few_pieces_leave_landmarks_empty_and_silent():
    rng = np.random.default_rng(4)
    buffers = regress(pieces(10, rng, lambda rows: np.full(len(rows), 0.25)), seed=1)
    assert buffers["landmarks"].shape == (LANDMARKS, DIGEST)
    digest = Digest(FRONT)
    digest.load_state_dict(buffers)
    said = digest.judge(torch.zeros(1, 2, DIGEST))
    assert said.flatten().tolist() == pytest.approx([0.25, 0.25], abs=1e-4)


def heard_notes(*semitones):
    """Log powers of the pitch bank over five hops in which some semitones sound as tones."""
    bins = torch.full((1, 5, FRONT.n_semitones, FRONT.bins_per_semitone), -8.0)
    bins[:, :, list(semitones), FRONT.bins_per_semitone // 2] = 1.0
    return bins


def test_notes_stand_out_and_their_partials_do_not():
    found = salience(heard_notes(20, 27))[0, 0]
    assert found[[20, 27]].min() > 0.7
    assert found.sum() < 2.0
    bins = heard_notes(20)
    bins[:, :, 32, 1] = 0.0
    assert salience(bins)[0, 0, 32] < 0.5 * salience(bins)[0, 0, 20]


def test_note_statistics_know_gaps_and_new_notes():
    salient = salience(heard_notes(20, 27))
    first = note_statistics(salient, torch.zeros(1, FRONT.n_semitones), FRONT)[0]
    gaps = dict(zip(GAPS, first[0].tolist(), strict=False))
    assert gaps[7] > 0.5
    assert max(value for gap, value in gaps.items() if gap != 7) < 0.1
    new = first[:, len(GAPS) + 1]
    assert new[0] > 1.0
    assert new[1:].abs().max() < 1e-6


@pytest.mark.parametrize("tonic", [0, 5, 11])
def test_mode_and_degrees_do_not_depend_on_the_key(tonic):
    tonal = Tonal()
    major, minor = (
        torch.tensor([[1.0 if step in scale else 0.0 for step in range(12)]])
        for scale in ({0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 11})
    )
    tonic_triad = torch.tensor([[1.0, 0, 0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0]])
    bright, degrees = tonal((major + tonic_triad).roll(tonic, 1))
    dark, _ = tonal((minor + tonic_triad).roll(tonic, 1))
    assert bright.shape == (1, TONAL)
    assert (bright[0, [0, 2, 4]] > 0.05).all()
    assert (dark[0, [0, 2, 4]] < -0.05).all()
    again, same = tonal(major + tonic_triad)
    assert torch.allclose(bright, again, atol=1e-5)
    assert torch.allclose(degrees, same, atol=1e-5)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digest")
    write_features(folder / "features")
    torch.manual_seed(6)
    sizes = NetworkConfig(mood_size=16, gru_size=12, head_hidden=16, timbre_channels=(4, 6, 8))
    tracker = Tracker(FRONT, sizes)
    save_checkpoint(folder / "harmony.pt", {"average": tracker.harmony.state_dict()})
    save_checkpoint(folder / "presence.pt", {"average": tracker.presence.state_dict()})
    save_tracker(folder / "tracker.pt", tracker, sizes, TrainConfig(), 0.0)
    options = DigestOptions(folder / "features", folder / "harmony.pt", folder / "digest.pt")
    skill = fit_digest(options)
    assert set(skill) <= {"vgmidi", "emopia", "emotify"}
    return folder


def test_statistics_do_not_hinge_on_the_key_or_on_how_audio_is_cut(fitted):
    tracker, _ = load_tracker(fitted / "tracker.pt")
    states = zeros(tracker.state_shapes())
    sound = torch.from_numpy(probe_sound(20, FRONT.hop_length, FRONT.sample_rate))[None]
    with torch.no_grad():
        mel, pitch, *_ = tracker.front_end(sound, states["state_tail"], states["state_low"])
        analysis, _ = tracker.level(mel, pitch, states["state_level"])
        harmony, _, _ = tracker.harmony(
            analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
        )
        parts = (analysis.mel, analysis.pitch, analysis.contrast, analysis.activity)
        flux, pool = states["state_digest_flux"], states["state_digest_pool"]
        whole, _, _ = tracker.digest.describe(*parts, harmony, flux, pool)
        heard = []
        for start, stop in ((0, 7), (7, 20)):
            cut = type(harmony)(*(part[:, start:stop] for part in harmony))
            means, flux, pool = tracker.digest.describe(
                *(part[:, start:stop] for part in parts), cut, flux, pool
            )
            heard.append(means)
    assert whole.shape == (1, 20, DIGEST)
    assert torch.allclose(torch.cat(heard, 1), whole, atol=TOLERANCE)


def test_export_joins_the_parts_and_gives_the_digest_its_share(fitted, tmp_path):
    out = tmp_path / "tracker.onnx"
    export(ExportOptions(fitted / "tracker.pt", fitted / "presence.pt", fitted / "digest.pt", out))
    plain, _ = load_tracker(fitted / "tracker.pt")
    joined, _ = load_tracker(
        fitted / "tracker.pt", (), fitted / "presence.pt", fitted / "digest.pt"
    )
    assert float(plain.digest_share) == 0.0
    assert float(joined.digest_share) == pytest.approx(DIGEST_SHARE)
    model = TrackerModel(out)
    sound = probe_sound(40, FRONT.hop_length, FRONT.sample_rate)
    assert max(compare_torch(model, joined, sound).values()) < TOLERANCE
    inputs = {"pcm": sound.reshape(1, -1, model.hop_length)}
    assert max(verify_contract(TrackerGraph(model), inputs).values()) < TOLERANCE
    assert compare_torch(model, plain, sound)["valence"] > TOLERANCE


def test_nothing_prepared_is_named(fitted, tmp_path):
    with pytest.raises(InputError, match="none of vgmidi"):
        fit_digest(DigestOptions(tmp_path, fitted / "harmony.pt", tmp_path / "digest.pt"))
