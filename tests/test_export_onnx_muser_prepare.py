"""MusER's preparation of data sets, on files made here."""

import io

import mido
import numpy as np
import pytest

from engine.errors import InputError
from engine.generators.muser.vocabulary import TEMPOS
from export_onnx.muser.labels import expected_velocity
from export_onnx.muser.prepare import PrepareOptions, prepare
from export_onnx.muser.store import load_corpus

BEAT_S = 0.6
PROGRESSION = ((0, "maj"), (9, "min"), (5, "maj"), (7, "maj"))
TONIC = 2


def song(beats_s, velocity):
    """Return a MIDI file: bass on bars, chords on beats, a melody between, at given beats [s]."""
    rows = []
    for beat, (begin, after) in enumerate(zip(beats_s, beats_s[1:], strict=False)):
        root, quality = PROGRESSION[beat // 4 % 4]
        third = 4 if quality == "maj" else 3
        if beat % 4 == 0:
            rows.append((begin, begin + 4 * BEAT_S, 36 + TONIC + root, velocity + 10))
        rows += [(begin, after, 60 + (TONIC + root + s) % 12, velocity) for s in (0, third, 7)]
        rows.append(((begin + after) / 2, after, 72 + (TONIC + root + third) % 12, velocity - 10))
    timed = []
    for begin, end, pitch, loud in rows:
        timed.append((round(begin * 960), 1, mido.Message("note_on", note=pitch, velocity=loud)))
        timed.append((round(end * 960) - 1, 0, mido.Message("note_off", note=pitch)))
    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(timed, key=lambda entry: entry[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    file = mido.MidiFile(type=1, ticks_per_beat=480)  # 120 BPM: 960 ticks per second
    file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    clips = folder / "emopia" / "midis"
    clips.mkdir(parents=True)
    for quadrant in (1, 3):
        beats = np.cumsum(BEAT_S + 0.02 * np.sin(np.arange(48) / 5.0))
        (clips / f"Q{quadrant}_made_{quadrant}.mid").write_bytes(song(beats, 90 - 20 * quadrant))
    for name in ("001", "016"):
        place = folder / "pop909" / name
        place.mkdir(parents=True)
        beats = 0.5 + BEAT_S * np.arange(140)
        (place / f"{name}.mid").write_bytes(song(beats, 100))
        lines = [f"{t:.3f} {float(i % 2 == 0)} {float(i % 4 == 0)}" for i, t in enumerate(beats)]
        (place / "beat_midi.txt").write_text("\n".join(lines))
        chords = [
            f"{beats[i]:.3f}\t{beats[i] + 4 * BEAT_S:.3f}\t"
            + ("D:maj", "B:min", "G:maj", "A:maj")[i // 4 % 4]
            for i in range(0, 136, 4)
        ]
        (place / "chord_midi.txt").write_text("\n".join(chords))
        (place / "key_audio.txt").write_text(f"0.0 {beats[-1]:.3f} D:maj")
    return folder


def test_sets_become_beats_without_losing_a_note(data, tmp_path):
    lines = prepare(PrepareOptions(data, tmp_path, ("train",), ("emopia", "pop909")))
    assert len(lines) == 2 and all("missing 0, extra 0" in line for line in lines), lines
    clips = load_corpus(tmp_path, "emopia", "train")
    assert sorted(clips.names) == ["Q1_made_1", "Q3_made_3"]
    assert set(clips.labels[: clips.first_beat[1], 0]) == {np.float32(0.6)}
    tempo = np.array(TEMPOS)[clips.headers[:, 0]]
    assert tempo == pytest.approx(60 / BEAT_S, rel=0.05)
    songs = load_corpus(tmp_path, "pop909", "train")
    assert np.isnan(songs.labels).all()
    assert set(songs.headers[:, 2]) == {4}
    bass = songs.notes[songs.first_note[:-1][songs.headers[:, 1] == 0], 1][:8]
    assert bass.max() < 36  # every bar opens with its bass


def test_loudness_of_other_sets_is_brought_to_that_of_recordings(data, tmp_path):
    prepare(PrepareOptions(data, tmp_path, ("train",), ("emopia", "pop909")))
    corpora = {name: load_corpus(tmp_path, name, "train") for name in ("emopia", "pop909")}
    moved = expected_velocity(corpora, corpora["emopia"], seed=1)
    assert moved["emopia"] is corpora["emopia"]
    assert moved["pop909"].notes[:, 3].mean() < corpora["pop909"].notes[:, 3].mean() - 2
    np.testing.assert_array_equal(moved["pop909"].notes[:, :3], corpora["pop909"].notes[:, :3])


def test_unknown_set_is_refused(data, tmp_path):
    with pytest.raises(InputError, match="nothere"):
        prepare(PrepareOptions(data, tmp_path, ("train",), ("nothere",)))
