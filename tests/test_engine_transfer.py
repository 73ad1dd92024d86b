"""Element transfer: what is asked moves, what is not asked stays."""

from dataclasses import replace

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cli import main
from engine.errors import InputError
from engine.midi.file import read_midi_file
from engine.music.profile import major_minus_minor
from engine.transfer import ELEMENTS, parse_elements
from engine.transfer.apply import transfer_notes
from engine.transfer.change import Change, resolve
from engine.transfer.levels import measure, wanted_levels
from engine.transfer.notes import Sounded, chroma, melody_of
from engine.transfer.song import Song

CORNERS = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)]


def piece(minor: bool = False, bars: int = 8) -> list[Sounded]:
    """I vi IV V in C with a tune above broken chords, or the like in C minor; 100 BPM."""
    chords = [(48, 55, 64), (45, 52, 60), (53, 57, 60), (55, 59, 62)]
    if minor:
        chords = [(48, 55, 63), (44, 51, 60), (53, 56, 60), (55, 58, 62)]
    tune = [72, 76, 79, 77, 76, 74, 72, 71]
    third = {76: 75, 71: 70} if minor else {}
    notes: list[Sounded] = []
    for bar in range(bars):
        for step in range(8):
            at = 0.3 * (8 * bar + step)
            chord = chords[bar % 4]
            low = chord[(0, 1, 2, 1)[step % 4]]
            notes.append(Sounded(len(notes) + 1, at, 0.28, low, 60 + step))
            if step % 2 == 0:
                high = tune[(bar + step // 2) % 8]
                high = third.get(high, high)
                notes.append(Sounded(len(notes) + 1, at, 0.55, high, 75 + step))
    return notes


def moved(element: str, valence: float, arousal: float, minor: bool = False) -> list[Sounded]:
    notes = piece(minor)
    change = resolve(measure(notes), valence, arousal, (element,))
    return transfer_notes(notes, change)


def tune_of(notes: list[Sounded], numbers: frozenset[int]) -> list[int]:
    return [note.pitch for note in sorted(notes, key=lambda n: n.number) if note.number in numbers]


@pytest.mark.parametrize("valence,arousal", CORNERS)
@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_levels_go_where_the_emotion_has_them(valence, arousal, strength):
    notes = piece()
    source, wanted = measure(notes), wanted_levels(valence, arousal)
    change = resolve(source, valence, arousal, ("velocity", "duration"), strength)
    result = measure(transfer_notes(notes, change))
    for name in ("velocity", "log_length"):
        before, after, goal = (getattr(levels, name) for levels in (source, result, wanted))
        assert after - before == pytest.approx(strength * (goal - before), rel=0.12, abs=0.6)


@pytest.mark.parametrize("element", ELEMENTS)
def test_one_element_leaves_the_others_alone(element):
    notes = piece()
    result = {note.number: note for note in moved(element, -1.0, 1.0) if note.number}
    for note in notes:
        if note.number in result:
            new = result[note.number]
            kept = {"velocity": note.velocity, "length_s": note.length_s, "pitch": note.pitch}
            if element == "velocity":
                kept.pop("velocity")
            if element == "duration":
                kept.pop("length_s")
            if element in ("register", "pitch", "chord"):
                kept.pop("pitch")
            assert {name: getattr(new, name) for name in kept} == kept
            assert new.onset_s == note.onset_s
    if element != "density":
        assert len(result) == len(notes)


@pytest.mark.parametrize("valence,arousal", CORNERS)
def test_melody_stays_recognisable_without_pitch(valence, arousal):
    notes = piece()
    melody = melody_of(notes)
    elements = tuple(element for element in ELEMENTS if element != "pitch")
    change = resolve(measure(notes), valence, arousal, elements)
    result = transfer_notes(notes, change)
    before, after = tune_of(notes, melody), tune_of(result, melody)
    assert len(after) == len(before)
    assert np.corrcoef(before, after)[0, 1] > 0.99
    tops: dict[float, int] = {}
    for note in result:
        tops[note.onset_s] = max(tops.get(note.onset_s, 0), note.pitch)
    sung = [note for note in result if note.number in melody]
    assert sum(tops[note.onset_s] == note.pitch for note in sung) >= 0.95 * len(sung)


def brightness(notes: list[Sounded]) -> float:
    return major_minus_minor(chroma(notes, 0.0, 100.0))


@pytest.mark.parametrize("element", ["pitch", "chord"])
def test_mode_and_harmony_follow_valence(element):
    assert brightness(moved(element, -1.0, 0.0)) < brightness(piece()) - 0.1
    assert brightness(moved(element, 1.0, 0.0, minor=True)) > brightness(piece(minor=True)) + 0.1


def test_mode_goes_step_by_step():
    notes = piece()
    counts = []
    for strength in (0.0, 0.3, 0.6, 1.0):
        change = resolve(measure(notes), -1.0, 0.0, ("pitch",), strength)
        result = {note.number: note.pitch for note in transfer_notes(notes, change)}
        counts.append(sum(result[note.number] != note.pitch for note in notes))
    assert counts[0] == 0
    assert counts[1] > 0
    assert counts == sorted(counts)


def test_density_follows_arousal_and_fills_only_what_sounds():
    notes = piece()
    sparse, dense = moved("density", 0.0, -1.0), moved("density", 0.0, 1.0)
    assert len(sparse) < 0.8 * len(notes)
    assert len(dense) > 1.2 * len(notes)
    assert melody_of(notes) <= {note.number for note in sparse}
    heard = {note.pitch % 12 for note in notes}
    added = [note for note in dense if note.number == 0]
    assert {note.pitch % 12 for note in added} <= heard
    assert min(note.onset_s for note in added) >= 0.0


def test_seed_fixes_every_choice():
    notes = piece()
    change = resolve(measure(notes), -0.5, 1.0)
    assert transfer_notes(notes, change, 3) == transfer_notes(notes, change, 3)
    assert transfer_notes(notes, change, 3) != transfer_notes(notes, change, 4)


@given(
    st.integers(1, 127),
    st.integers(1, 127),
    st.floats(2.0, 126.0),
    st.floats(2.0, 126.0),
)
def test_velocities_keep_their_order(one, other, source, goal):
    change = Change(velocity_from=source, velocity_to=goal)
    low, high = sorted((one, other))
    assert 1 <= change.velocity_of(low) <= change.velocity_of(high) <= 127


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 20.0),
            st.floats(0.0, 5.0),
            st.integers(0, 127),
            st.integers(1, 127),
            st.sampled_from([0, 5, 9]),
        ),
        min_size=1,
        max_size=30,
    ),
    st.floats(-1.0, 1.0),
    st.floats(-1.0, 1.0),
    st.floats(0.0, 1.0),
)
def test_any_notes_give_notes(rows, valence, arousal, strength):
    notes = [Sounded(number, *row) for number, row in enumerate(rows, 1)]
    change = resolve(measure(notes), valence, arousal, ELEMENTS, strength)
    for note in transfer_notes(notes, change):
        assert 0 <= note.pitch <= 127
        assert 1 <= note.velocity <= 127
        assert note.length_s >= 0.0
        assert note.onset_s >= 0.0


def test_elements_are_read_by_name():
    assert parse_elements("mode, velocity,timing") == ("velocity", "tempo", "pitch")
    assert parse_elements("all") == ELEMENTS
    for text in ("", "loudness", "velocity,what"):
        with pytest.raises(InputError, match="velocity, tempo, duration"):
            parse_elements(text)


@pytest.fixture
def song(tmp_path):
    """Write a file with a tempo change, 3/4, a text, a second track with drums and a pedal."""
    midi = mido.MidiFile(type=1, ticks_per_beat=96)
    head = mido.MidiTrack()
    head += [
        mido.MetaMessage("set_tempo", tempo=600_000),
        mido.MetaMessage("time_signature", numerator=3, denominator=4),
        mido.MetaMessage("text", text="hello"),
        mido.MetaMessage("set_tempo", tempo=400_000, time=96 * 8),
    ]
    tune = mido.MidiTrack([mido.Message("program_change", program=19)])
    tune.append(mido.Message("control_change", control=64, value=100))
    for index in range(24):
        pitch = (60, 64, 67, 72)[index % 4]
        tune.append(mido.Message("note_on", note=pitch, velocity=60 + index))
        tune.append(mido.Message("note_on", note=pitch, velocity=0, time=80))
        tune.append(mido.Message("pitchwheel", pitch=index, time=16))
    tune.append(mido.Message("control_change", control=64, value=0))
    drums = mido.MidiTrack([mido.MetaMessage("track_name", name="Kit")])
    for _ in range(8):
        drums.append(mido.Message("note_on", channel=9, note=36, velocity=90))
        drums.append(mido.Message("note_off", channel=9, note=36, velocity=33, time=96))
    midi.tracks += [head, tune, drums]
    path = tmp_path / "song.mid"
    midi.save(path)
    return path


def transfer(song, *options, valence="-1", arousal="1"):
    out = song.with_name("out.mid")
    arguments = ["transfer", str(song), "--valence", valence, "--arousal", arousal]
    code = main([*arguments, *options, "-o", str(out)])
    assert code == 0
    return out


def timed(path, *, notes: bool):
    """Messages of each track with their ticks, note messages or all others."""
    tracks = []
    for track in mido.MidiFile(path).tracks:
        tick, found = 0, []
        for message in track:
            tick += message.time
            if message.type.startswith("note_") == notes and message.type != "end_of_track":
                found.append((tick, message.copy(time=0)))
        tracks.append(found)
    return tracks


def test_strength_zero_is_the_same_file(song):
    assert transfer(song, "--strength", "0").read_bytes() == song.read_bytes()


def test_other_events_stay_where_they_are(song):
    out = transfer(song, "--elements", "velocity,density,register,pitch,chord")
    assert timed(out, notes=False) == timed(song, notes=False)
    assert mido.MidiFile(out).ticks_per_beat == 96


def test_velocity_alone_moves_velocity_alone(song):
    out = transfer(song, "--elements", "velocity")
    old, new = timed(song, notes=True), timed(out, notes=True)
    assert old != new
    silent = [
        [[(tick, m.copy(velocity=int(m.velocity > 0))) for tick, m in track] for track in tracks]
        for tracks in (old, new)
    ]
    assert silent[0] == silent[1]


def test_tempo_map_is_scaled_as_a_whole(song):
    out = transfer(song, "--elements", "tempo")
    tempi = [m.tempo for _, m in timed(out, notes=False)[0] if m.type == "set_tempo"]
    assert len(tempi) == 2
    assert tempi[0] / tempi[1] == pytest.approx(1.5, abs=1e-4)
    assert tempi[0] != 600_000
    assert timed(out, notes=True) == timed(song, notes=True)


def test_a_file_without_tempo_gets_one(tmp_path):
    track = mido.MidiTrack()
    for pitch in (60, 64, 67, 72) * 4:
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_off", note=pitch, time=120))
    path = tmp_path / "plain.mid"
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    out = transfer(path, "--elements", "tempo", arousal="-1")
    (tempo,) = [m.tempo for _, m in timed(out, notes=False)[0] if m.type == "set_tempo"]
    assert tempo > 500_000
    assert timed(out, notes=True) == timed(path, notes=True)


def test_shorter_notes_shorten_the_pedal(song):
    out = transfer(song, "--elements", "duration")
    assert measure(Song(out).notes).log_length < measure(Song(song).notes).log_length
    ups = [t for t, m in timed(out, notes=False)[1] if m.type == "control_change" and not m.value]
    assert 0 < ups[0] < 24 * 96


@pytest.mark.parametrize("valence,arousal", [("1", "1"), ("-1", "-1")])
def test_every_note_ends_once(song, valence, arousal):
    out = transfer(song, valence=valence, arousal=arousal)
    sounding: set[tuple[int, int, int]] = set()
    for number, track in enumerate(timed(out, notes=True)):
        for _, message in track:
            place = (number, message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                assert place not in sounding
                sounding.add(place)
            else:
                sounding.remove(place)
    assert not sounding


def test_unchanged_notes_are_written_as_they_were(song, tmp_path):
    read = Song(song)
    read.write(tmp_path / "same.mid", read.notes)
    assert timed(tmp_path / "same.mid", notes=True) == timed(song, notes=True)
    louder = [replace(note, velocity=127) for note in read.notes]
    read.write(tmp_path / "loud.mid", louder)
    assert {note.velocity for note in read_midi_file(tmp_path / "loud.mid").notes} == {127}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--elements", "colour"], "elements must be among"),
        (["--elements", ","], "at least one"),
        (["--strength", "1.5"], "strength must be a number from 0 to 1"),
        (["--valence", "2"], "valence must be"),
        (["--arousal", "nan"], "arousal must be"),
        (["--seed", "-1"], "seed"),
    ],
)
def test_bad_values_are_named(song, capsys, options, words):
    out = song.with_name("out.mid")
    arguments = ["transfer", str(song), "--valence", "0", "--arousal", "0", *options]
    assert main([*arguments, "-o", str(out)]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_bad_files_are_named(tmp_path, capsys):
    empty = tmp_path / "empty.mid"
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(empty)
    broken = tmp_path / "broken.mid"
    broken.write_bytes(b"MThd nothing")
    for path, words in (
        (empty, "holds no notes"),
        (broken, "not a MIDI file"),
        (tmp_path / "none.mid", "cannot read"),
    ):
        out = tmp_path / "out.mid"
        code = main(["transfer", str(path), "--valence", "0", "--arousal", "0", "-o", str(out)])
        assert code == 2
        assert words in capsys.readouterr().err
        assert not out.exists()
