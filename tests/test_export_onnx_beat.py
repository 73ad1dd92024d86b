"""Training of the beat network: clips, targets, a run from data to an ONNX file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.beat.frontend import FRAME_RATE, N_BANDS, SAMPLE_RATE  # noqa: E402
from engine.beat.model import BeatModel  # noqa: E402
from engine.errors import InputError  # noqa: E402
from export_onnx.__main__ import main  # noqa: E402
from export_onnx.beat.augment import RECUTS, bars_of, draw_bend, other_metre  # noqa: E402
from export_onnx.beat.band import PROGRAMS, accompany, style_of  # noqa: E402
from export_onnx.beat.batches import SamplerConfig, draw_batches, load_prepared, targets  # noqa: E402
from export_onnx.beat.clips import read_beats  # noqa: E402
from export_onnx.beat.evaluate import score  # noqa: E402
from export_onnx.beat.network import BeatNetwork, NetworkConfig, load_published  # noqa: E402
from export_onnx.beat.prepare import decode, encode  # noqa: E402
from export_onnx.beat.teacher import firm_beats  # noqa: E402
from export_onnx.beat.train import TrainConfig, loss_of  # noqa: E402
from export_onnx.training.stage import load_checkpoint  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent


def beat_rows(count=30, step=0.5, number=lambda i: i % 4 + 1):
    return np.array([(0.5 + i * step, number(i)) for i in range(count)])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two recordings of clicks in the layout of the data sets."""
    import soundfile

    folder = tmp_path_factory.mktemp("data")
    for kind in ("audio", "annotations"):
        (folder / "beats" / "real" / kind).mkdir(parents=True)
    (folder / "beats" / "emotify_consensus").mkdir()
    (folder / "emotify" / "audio").mkdir(parents=True)
    rng = np.random.default_rng(0)
    pcm = rng.normal(0, 1e-3, 16 * SAMPLE_RATE)
    for at_s, _ in beat_rows():
        start = round(at_s * SAMPLE_RATE)
        pcm[start : start + 800] += rng.normal(0, 0.3, 800)
    lines = "".join(f"{at:.3f}\t{number:.0f}\n" for at, number in beat_rows())
    soundfile.write(folder / "beats/real/audio/clicks.ogg", pcm, SAMPLE_RATE)
    (folder / "beats/real/annotations/clicks.beats").write_text(lines)
    soundfile.write(folder / "emotify/audio/rock_1.ogg", pcm, SAMPLE_RATE)
    (folder / "emotify/manifest.csv").write_text("path,split\naudio/rock_1.ogg,train\n")
    (folder / "beats/emotify_consensus/rock_1.beats").write_text(lines)
    return folder


@pytest.fixture(scope="module")
def prepared(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared")
    assert main(["prepare", "beat", "--data", str(data), "--out", str(out), "--variants", "2"]) == 0
    return out


def test_levels_survive_storing():
    levels = np.array([0.0, 0.01, 1.0, 300.0], np.float32)
    np.testing.assert_allclose(decode(encode(levels)), levels, rtol=0.01, atol=1e-4)


def test_prepared_beats_are_where_the_sound_rises(prepared):
    clips = load_prepared(prepared, "train")
    assert [clip.kind for clip in clips] == ["consensus", "consensus"]
    assert not np.allclose(clips[0].beats[:3, 0], clips[1].beats[:3, 0])  # another speed
    for clip in clips:
        levels = decode(clip.bands).mean(1)
        places = np.round(clip.beats[:, 0] * FRAME_RATE).astype(int)
        assert levels[places[places < len(levels)]].mean() > 5 * np.median(levels)


def test_targets_mark_beats_and_leave_out_what_is_uncertain():
    config = NetworkConfig()
    rows = beat_rows(20)
    rows[5, 1] = -1
    rows[7, 1] = 0
    beat, downbeat, tempo, weight, known, tempo_weight = targets(rows, 520, config)
    assert beat[25] == 1.0 and 0 < beat[24] < 1 and beat[37] == 0.0
    assert weight[150] == 0.0 and weight[175] == 1.0
    assert downbeat[25] == 1.0 and downbeat[50] == 0.0
    assert known[25] == 1.0 and known[200] == 0.0  # the bar there is unknown
    chosen = tempo[300].argmax()
    assert config.tempi_bpm()[chosen] == pytest.approx(120, rel=0.03)
    assert tempo_weight[0] == 0.0 and tempo_weight[300] == 1.0


def test_batches_have_the_shapes_that_the_loss_wants(prepared):
    config = SamplerConfig(batch=3, frames=200)
    batch = next(draw_batches(load_prepared(prepared, "train"), config, NetworkConfig(), 1))
    assert batch.features.shape == (3, 200, 2 * N_BANDS)
    loss, parts = loss_of(BeatNetwork(), batch, TrainConfig())
    assert torch.isfinite(loss)
    assert set(parts) == {"beat", "downbeat", "tempo"}


def test_a_bar_of_four_becomes_any_other():
    rng = np.random.default_rng(5)
    rows = beat_rows(40) * (FRAME_RATE, 1.0)
    seen = set()
    for _ in range(40):
        frames, beats = other_metre(rows, rng)
        metre = int(beats[:, 1].max())
        seen.add(metre)
        assert list(bars_of(beats[:, 1], metre)) == list(range(0, len(beats) - metre, metre))
        heard = frames[np.floor(beats[:, 0]).astype(int)]  # the frames read on the new beats
        assert np.isin(heard, np.floor(rows[:, 0])).all()
    assert seen == set(RECUTS)
    assert len(other_metre(rows[:3], rng)[0]) == 0


def test_a_bent_tempo_keeps_every_beat_on_its_sound():
    rng = np.random.default_rng(6)
    for changing in (False, True):
        bend = draw_bend(1000.0, rng, changing)
        places = np.linspace(0.0, 999.0, 50)
        np.testing.assert_allclose(bend.back(bend.to(places)), places)
        rates = np.diff(bend.bent)
        assert not changing or rates.max() > 1.02 * rates.min()


def test_pieces_for_choosing_are_left_out_of_training(tmp_path):
    (tmp_path / "train").mkdir()
    empty = {"bands": np.zeros((4, N_BANDS), np.float16), "beats": np.zeros((0, 2), np.float32)}
    for i in range(60):
        for variant in range(2):
            np.savez(tmp_path / "train" / f"pop909_{i:03}.{variant}.npz", **empty)
    train, tune = (load_prepared(tmp_path, split) for split in ("train", "tune"))
    assert len(train) + len(tune) == 120 and 2 <= len(tune) <= 30
    assert not {c.name[:3] for c in train} & {c.name[:3] for c in tune}


def test_a_run_from_data_to_onnx_and_measures(prepared, tmp_path, capsys):
    runs = str(tmp_path / "train")
    train = ["train", "beat", "--prepared", str(prepared), "--out", runs, "--steps", "1"]
    assert main([*train, "--epochs", "2", "--stop-after", "1"]) == 0
    assert "stopped" in capsys.readouterr().out
    assert main([*train, "--epochs", "2"]) == 0
    checkpoint, out = f"{runs}/beat.pt", str(tmp_path / "beat.onnx")
    averaged = ["--checkpoint", checkpoint, "--checkpoint", checkpoint]
    assert main(["export", "beat", *averaged, "--out", out]) == 0
    assert main(["verify", "beat", *averaged, "--model", out]) == 0
    model = BeatModel(out)
    assert len(model.tempi_bpm) == 52
    capsys.readouterr()
    assert main(["evaluate", "beat", "--prepared", str(prepared), "--model", out]) == 0
    assert "beat_f" in capsys.readouterr().out
    (tmp_path / "again").mkdir()
    again = ["train", "beat", "--prepared", str(prepared), "--out", str(tmp_path / "again")]
    assert main([*again, "--weights", checkpoint, "--epochs", "1", "--steps", "1"]) == 0


_RANKS = """
import sys
from pathlib import Path
import torch
from export_onnx.beat import train as beat
from export_onnx.beat.batches import SamplerConfig
from export_onnx.beat.network import NetworkConfig
from export_onnx.training import parallel

alone = sys.argv[3] == "alone"
if alone:  # one process that learns from what both would draw

    def drawn(clips, config, network, seed, draw=beat.draw_batches):
        return zip(draw(clips, config, network, seed), draw(clips, config, network, seed + 100_003))

    def loss_of(network, batches, config, loss=beat.loss_of):
        both = [loss(network, batch, config) for batch in batches]
        return sum(value for value, _ in both) / 2, both[0][1]

    beat.draw_batches, beat.loss_of = drawn, loss_of
with parallel.together():
    assert parallel.world_size() == (1 if alone else 2)
    beat.train(beat.TrainOptions(
        Path(sys.argv[1]), Path(sys.argv[2]), network=NetworkConfig(width=8),
        sampler=SamplerConfig(batch=2, frames=200), train=beat.TrainConfig(epochs=2, steps=2),
    ))
"""


@pytest.mark.proof
def test_two_processes_learn_what_one_would(prepared, tmp_path):
    script = tmp_path / "ranks.py"
    script.write_text(_RANKS)
    together = ["torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"]
    together += ["--rdzv-endpoint", "127.0.0.1:0", "--rdzv-backend", "c10d"]
    for name, command in (("two", ["-m", *together, script]), ("alone", [script])):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        arguments = map(str, [sys.executable, *command, prepared, tmp_path / name, name])
        subprocess.run(list(arguments), env=environment, check=True)
    two, alone = (
        load_checkpoint(tmp_path / name / "beat.pt")["model"] for name in ("two", "alone")
    )
    for key, weight in alone.items():
        torch.testing.assert_close(two[key], weight, atol=1e-5, rtol=1e-4)


def test_other_weights_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="other.pt"):
        load_published(BeatNetwork(), tmp_path / "other.pt")


def test_nothing_to_prepare_is_told(tmp_path):
    assert main(["prepare", "beat", "--data", str(tmp_path), "--out", str(tmp_path)]) == 2


def test_the_score_of_perfect_and_of_doubled_beats():
    from engine.beat.decoder import Beat

    truth = beat_rows(60)
    perfect = [Beat(at, int(n), 4, at - 0.1, 120.0, 1.0, "locked") for at, n in truth]
    row = score(truth, perfect)
    assert row["beat_f"] == row["downbeat_f"] == row["cmlt"] == row["tempo"] == 1.0
    assert row["lock_s"] == pytest.approx(0.5)
    halves = np.arange(0.5, 30, 0.25)
    doubled = [Beat(at, 1, 4, at - 0.1, 240.0, 1.0, "locked") for at in halves]
    row = score(truth, doubled)
    assert row["beat_f"] == pytest.approx(2 / 3, abs=0.02)
    assert row["cmlt"] == 0.0 and row["amlt"] > 0.9


def test_the_teacher_keeps_what_its_network_and_decoder_agree_on():
    activations = np.full((1600, 2), 0.005)
    rows = beat_rows()
    places = np.round(rows[:, 0] * 100).astype(int)
    activations[places, 0] = 0.8
    activations[places[::4], 1] = 0.7
    np.testing.assert_array_equal(firm_beats(activations, rows), rows)
    activations[places, 1] = 0.3
    assert (firm_beats(activations, rows)[:, 1] == 0).all()
    assert firm_beats(np.full((1600, 2), 0.1), rows) is None


@pytest.mark.parametrize("style", list(PROGRAMS))
@pytest.mark.parametrize("metre", [3, 4])
def test_every_style_plays_every_bar(style, metre):
    notes = accompany(style, 8 * metre, metre, 0.6, np.random.default_rng(2))
    bars = {int(note.beat // metre) for note in notes if note.part in ("bass", "chord")}
    assert bars == set(range(8))
    assert all(0 <= note.pitch <= 127 and note.length > 0 for note in notes)


def test_styles_are_found_by_name():
    assert style_of("latin/brazilian-samba", np.random.default_rng(0)) == "latin"
    assert style_of("polka", np.random.default_rng(0)) in PROGRAMS


def test_beats_that_do_not_ascend_are_refused():
    with pytest.raises(InputError, match="ascend"):
        read_beats("1.0\t1\n0.5\t2\n", "song.beats")
