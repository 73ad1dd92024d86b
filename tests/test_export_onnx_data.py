"""Data sets in their own layout, rendering, preparing, scoring, and the command line."""

import csv
import json
import shutil
import zipfile
from pathlib import Path

import mido
import numpy as np
import pytest

from engine.emotion.model import CHORDS, KEYS
from engine.errors import InputError
from export_onnx.__main__ import main
from export_onnx.datasets import chord_index, key_index, read_items
from export_onnx.datasets.labels import TAGS
from export_onnx.datasets.render import Rendering, Synth, find_soundfonts, read_midi
from export_onnx.tracker import prepare as prepare_module
from export_onnx.tracker.prepare import PrepareOptions, prepare
from export_onnx.tracker.store import load_clips
from export_onnx.training import metrics


def write_table(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def melody(path, seconds=4.0, tempo_bpm=90, pitches=(60, 64, 67, 72)):
    """Write one note per half second on two tracks, after a tempo change at the start."""
    midi = mido.MidiFile(ticks_per_beat=480)
    meta = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm))])
    midi.tracks.append(meta)
    ticks = round(0.5 * tempo_bpm / 60 * 480)
    for shift in (0, -12):
        track = mido.MidiTrack([mido.Message("program_change", program=4)])
        for number in range(int(seconds * 2)):
            note = pitches[number % len(pitches)] + shift
            track.append(mido.Message("note_on", note=note, velocity=80))
            track.append(mido.Message("note_off", note=note, time=ticks))
        midi.tracks.append(track)
    midi.save(path)


@pytest.fixture
def data(tmp_path):
    """Make one or two items of every set, in the layout of the originals."""
    import soundfile

    root = tmp_path / "data"
    piece = tmp_path / "piece.mid"
    melody(piece)
    numbers = {"duration_s": 4.0, "key_est": "C:maj"}

    folder = root / "emopia"
    folder.mkdir(parents=True)
    write_table(
        folder / "manifest.csv",
        [
            {"path": "midi/Q2_x_0.mid", "clip": "Q2_x_0", "song": "x", "split": "train",
             "quadrant": "Q2", **numbers},
            {"path": "midi/Q4_y_0.mid", "clip": "Q4_y_0", "song": "y", "split": "test",
             "quadrant": "Q4", **numbers},
        ],
    )  # fmt: skip
    with zipfile.ZipFile(folder / "midi.zip", "w") as packed:
        packed.write(piece, "midi/Q2_x_0.mid")
        packed.write(piece, "midi/Q4_y_0.mid")

    folder = root / "vgmidi"
    (folder / "midi").mkdir(parents=True)
    shutil.copy(piece, folder / "midi" / "a.mid")
    write_table(
        folder / "manifest.csv",
        [{"path": "midi/a.mid", "split": "train", "franchise": "A", "valence_mean": -0.2,
          "arousal_mean": 0.4, **numbers}],
    )  # fmt: skip
    curve = {"step_s": 2.0, "time_uncertain": 0, "t_start": [0.0, 2.0],
             "valence_median": [-0.4, 0.0], "arousal_median": [0.3, 0.5]}  # fmt: skip
    (folder / "annotations.json").write_text(json.dumps({"midi/a.mid": curve}))

    folder = root / "emotify"
    (folder / "audio").mkdir(parents=True)
    tone = np.sin(np.arange(4 * 22050) * 0.1).astype(np.float32) * 0.3
    soundfile.write(folder / "audio" / "rock_1.ogg", tone, 22050)
    write_table(
        folder / "manifest.csv",
        [{"path": "audio/rock_1.ogg", "split": "train", "artist": "B", "valence_proxy": 0.1,
          "arousal_proxy": 0.7, **dict.fromkeys(TAGS, 0.25)}],
    )  # fmt: skip

    folder = root / "pop909"
    folder.mkdir()
    write_table(
        folder / "manifest.csv", [{"path": "001/001.mid", "split": "train", "song_id": "001"}]
    )
    with zipfile.ZipFile(folder / "pop909.zip", "w") as packed:
        packed.write(piece, "001/001.mid")
        packed.writestr("001/chord_midi.txt", "0.0\t1.0\tN\n1.0\t3.0\tBb:min7\n3.0\t9.0\tC:dim\n")
        packed.writestr("001/key_audio.txt", "0.0 9.0 Gb:maj\n")
    return root


def test_every_set_is_read_with_its_scale(data):
    items = {item.dataset: item for item in read_items(data, ("train",))}
    assert set(items) == {"emopia", "vgmidi", "emotify", "pop909"}
    assert items["emopia"].quadrant == 1
    assert items["emopia"].valence == -0.6 and items["emopia"].arousal == 0.6
    assert items["vgmidi"].curve[:, 0].tolist() == [2.0, 4.0]
    assert items["vgmidi"].curve[0, 1:].tolist() == [-0.4, 0.3]
    assert items["emotify"].tags == (0.25,) * 9
    assert [CHORDS[s.label] for s in items["pop909"].chords[:2]] == ["N", "A#:min"]
    assert items["pop909"].chords[2].label == -1
    assert KEYS[items["pop909"].keys[0].label] == "F#:maj"


def test_split_kept_apart_is_read_by_the_same_call(data):
    assert [item.name for item in read_items(data, ("test",))] == ["Q4_y_0"]
    with pytest.raises(InputError, match="split other"):
        read_items(data, ("other",))


@pytest.mark.parametrize("spoil", ["manifest", "archive", "folder"])
def test_missing_parts_are_named(data, spoil):
    if spoil == "folder":
        with pytest.raises(InputError, match="nowhere"):
            read_items(data / "nowhere", ("train",))
    elif spoil == "manifest":
        (data / "emopia" / "manifest.csv").write_text("clip\nx\n")
        with pytest.raises(InputError, match=r"manifest\.csv"):
            read_items(data, ("train",))
    else:
        (data / "emopia" / "midi.zip").unlink()
        item = next(i for i in read_items(data, ("train",)) if i.dataset == "emopia")
        with pytest.raises(InputError, match=r"midi\.zip"):
            item.messages()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("C:maj", "C:maj"), ("Db:maj7", "C#:maj"), ("A:7", "A:maj"), ("B:min7/b3", "B:min"),
     ("Cb:min", "B:min"), ("N", "N"), ("C:sus4", None), ("F#:dim", None), ("X", None)],
)  # fmt: skip
def test_chord_names_fold_into_triads(name, expected):
    index = chord_index(name)
    assert (CHORDS[index] if index >= 0 else None) == expected


def test_key_names():
    assert KEYS[key_index("Ab:min")] == "G#:min"
    assert key_index("nonsense") == -1


def test_midi_times_follow_the_tempo(tmp_path):
    melody(tmp_path / "m.mid")
    onsets = [m.time_s for m in read_midi(tmp_path / "m.mid") if m.message.type == "note_on"]
    assert sorted(set(np.round(onsets, 6))) == pytest.approx(np.arange(8) * 0.5)


@pytest.fixture(scope="module")
def small_font():
    return min(
        (path.resolve() for path in find_soundfonts().values()), key=lambda p: p.stat().st_size
    )


def test_synth_plays_the_notes_it_is_given(tmp_path, small_font):
    melody(tmp_path / "m.mid", pitches=(69,))
    messages = read_midi(tmp_path / "m.mid")
    with Synth(small_font, 22050) as synth:
        sound = synth.render(messages, Rendering(programs=(0,), reverb=0.0))
        higher = synth.render(messages, Rendering(programs=(0,), transpose=12, reverb=0.0))
        again = synth.render(messages, Rendering(programs=(0,), reverb=0.0))
    assert len(sound) / 22050 == pytest.approx(4.0, abs=0.05)

    def loudest_hz(part):
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        band = slice(int(300 * len(part) / 22050), int(1200 * len(part) / 22050))
        return (np.argmax(spectrum[band]) + band.start) * 22050 / len(part)

    # The second track plays an octave lower: its second partial falls on the first one's note.
    assert loudest_hz(sound) == pytest.approx(440, rel=0.02)
    assert not np.allclose(sound, higher, atol=1e-2)
    assert np.allclose(sound, again, atol=1e-3)


def test_what_is_no_soundfont_is_refused(tmp_path):
    path = tmp_path / "x.sf2"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"x\.sf2"):
        Synth(path)


def test_prepare_writes_features_with_labels_and_goes_on(data, tmp_path, monkeypatch, small_font):
    fonts = {}
    for name in ("TimGM6mb.sf2", "Other.sf2"):
        fonts[name] = tmp_path / name
        shutil.copy(small_font, fonts[name])
    monkeypatch.setattr(prepare_module, "find_soundfonts", lambda: fonts)
    options = PrepareOptions(data, tmp_path / "features", ("train", "test"), variants=2)
    assert prepare(options) == 4 * 2 + 1
    assert prepare(options) == 0
    clips = load_clips(tmp_path / "features", "train", ("emopia", "pop909"))
    assert {(clip.dataset, clip.variant) for clip in clips} == {
        ("emopia", 0), ("emopia", 1), ("pop909", 0), ("pop909", 1)
    }  # fmt: skip
    for clip in clips:
        assert np.isfinite(clip.mel).all() and np.isfinite(clip.pitch).all()
    clip = next(clip for clip in clips if clip.dataset == "emopia")
    assert (clip.labels[:, 1] == np.float32(0.6)).all()
    held_out = json.loads(str(np.load(next((tmp_path / "features/test").rglob("*.npz")))["meta"]))
    assert held_out["soundfont"] == "TimGM6mb.sf2"


def test_scores_on_known_cases():
    x = np.array([0.0, 1.0, 2.0, 3.0])
    assert metrics.pearson(x, 2 * x + 1) == pytest.approx(1.0)
    assert metrics.concordance(x, x) == pytest.approx(1.0)
    assert metrics.concordance(x, x + 10) < 0.05
    assert metrics.r_squared(np.full(4, x.mean()), x) == pytest.approx(0.0)
    assert metrics.roc_auc(x, np.array([False, False, True, True])) == 1.0
    assert metrics.roc_auc(np.zeros(4), np.array([False, True, False, True])) == 0.5
    a_minor, c_major, g_major, c_minor = 12 + 9, 0, 7, 12
    assert metrics.key_score(c_major, c_major) == 1.0
    assert metrics.key_score(g_major, c_major) == 0.5
    assert metrics.key_score(a_minor, c_major) == 0.3
    assert metrics.key_score(c_major, a_minor) == 0.3
    assert metrics.key_score(c_minor, c_major) == 0.2
    assert metrics.key_score(1, c_major) == 0.0


def test_bootstrap_holds_groups_together():
    right = np.array([1.0] * 50 + [0.0] * 50)
    apart = metrics.bootstrap(lambda v: float(v.mean()), (right,), [str(i) for i in range(100)])
    grouped = metrics.bootstrap(lambda v: float(v.mean()), (right,), ["a"] * 50 + ["b"] * 50)
    assert apart.low > 0.35 and apart.high < 0.65
    assert grouped.low == 0.0 and grouped.high == 1.0


@pytest.mark.parametrize(
    "arguments",
    [["distill", "tracker"], ["train", "nothing"], ["prepare", "tracker"],
     ["evaluate", "tracker", "--data", "/nowhere"], ["train", "tracker", "--features", "/nowhere"],
     ["export", "tracker", "--checkpoint", "/nowhere.pt"]],
    ids=" ".join,
)  # fmt: skip
def test_bad_usage_ends_with_code_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert capsys.readouterr().err.strip()
    assert not list(Path(tmp_path).rglob("*.onnx"))


def test_verify_accepts_the_shipped_model(capsys):
    assert main(["verify", "tracker"]) == 0
    assert "in chunks of 1..9" in capsys.readouterr().out
