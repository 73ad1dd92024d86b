"""A primer is heard to its end, then gone on from; the result starts at its own first bar."""

import mido
import pytest

from engine.cli import main
from engine.errors import InputError
from engine.midi.file import read_midi_file
from engine.performer.primer import read_primer
from engine.pipeline.offline import compose
from engine.settings.performance import Performance


@pytest.fixture
def waltz(tmp_path):
    """Write eight bars of three in A minor at 90 BPM, the last bar half full."""
    midi = mido.MidiFile(ticks_per_beat=240)
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(90)),
            mido.MetaMessage("time_signature", numerator=3, denominator=4),
        ]
    )
    for index in range(22):
        pitch = (57, 64, 69, 60, 64, 72, 56, 62, 71)[index % 9]
        track.append(mido.Message("note_on", note=pitch, velocity=70))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=240))
    midi.tracks.append(track)
    path = tmp_path / "waltz.mid"
    midi.save(path)
    return path


def test_primer_brings_tempo_metre_and_key(waltz):
    primer = read_primer(waltz)
    assert (round(primer.tempo_bpm), primer.beats_per_bar, primer.beats) == (90, 3, 24)
    assert primer.key == "A:min"
    assert [note.onset for note in primer.notes] == [float(beat) for beat in range(22)]


def test_notes_are_told_once_when_their_beat_is_over(waltz):
    primer = read_primer(waltz)
    performed = primer.played(lambda now_s: int(now_s))
    told = [[note.onset for note in performed(float(beat))] for beat in range(4)]
    assert told == [[], [0.0], [1.0], [2.0]]


@pytest.mark.parametrize("engine", ["rules", "muser"])
def test_as_many_bars_as_wanted_come_after_the_primer(waltz, engine):
    primer = read_primer(waltz)
    performance = Performance(
        engine=engine,
        mode="manual",
        tempo_bpm=90.0,
        beats_per_bar=3,
        key=primer.key,
        slew_per_s=100.0,
    )
    performed = compose(performance, bars=2, seed=1, primer=primer)
    onsets = [scheduled.note.onset for scheduled in performed.notes]
    assert onsets
    assert min(onsets) >= 0.0
    assert max(onsets) < 6.0
    assert performed.seconds == pytest.approx(4.0)
    assert {20, 21} <= {event.control.control for event in performed.controls}
    assert min(event.control.beat for event in performed.controls) == 0.0
    alone = compose(performance, bars=2, seed=1)
    heard = [scheduled.note.pitch for scheduled in performed.notes]
    if engine == "muser":
        assert heard != [scheduled.note.pitch for scheduled in alone.notes]


def test_command_goes_on_in_the_primers_frame(waltz, tmp_path):
    out = tmp_path / "on.mid"
    code = main(
        ["generate", "--engine", "muser", "--valence", "0.2", "--arousal", "0.1", "--bars", "2"]
        + ["--primer", str(waltz), "-o", str(out)]
    )
    assert code == 0
    written = read_midi_file(out)
    assert (round(written.tempo_bpm), written.beats_per_bar, written.key) == (90, 3.0, "A:maj")
    assert written.notes


def test_bad_primers_are_named(tmp_path):
    empty = tmp_path / "empty.mid"
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(empty)
    for path, words in ((empty, "no notes"), (tmp_path / "none.mid", "cannot read")):
        with pytest.raises(InputError, match=words):
            read_primer(path)
