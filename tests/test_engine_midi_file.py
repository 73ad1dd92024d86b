"""MIDI files: what is written is what a reader finds, and broken files are refused plainly."""

import os

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers.jack import Heard, hanging

from engine.errors import InputError
from engine.events import ControlEvent, NoteEvent
from engine.midi.file import read_midi_file, write_midi_file

NOTES = [
    NoteEvent(1, 0.0, 1.0, 60, 80, 0, "lead"),
    NoteEvent(2, 1.0, 0.5, 60, 90, 0, "lead"),
    NoteEvent(3, 0.0, 4.0, 36, 70, 2, "bass"),
]
CONTROLS = [ControlEvent(0.0, 20, 64), ControlEvent(2.0, 21, 100)]


def write(path, notes=NOTES, controls=CONTROLS, **changes):
    values = {"tempo_bpm": 96.0, "key": "F#:min", "beats_per_bar": 3} | changes
    write_midi_file(path, notes, controls, **values)
    return path


def messages(track):
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def test_header_tempo_and_signatures(tmp_path):
    song = mido.MidiFile(write(tmp_path / "a.mid"))
    assert (song.type, song.ticks_per_beat) == (1, 480)
    meta = {message.type: message for message in song.tracks[0]}
    assert mido.tempo2bpm(meta["set_tempo"].tempo) == pytest.approx(96.0)
    assert (meta["time_signature"].numerator, meta["time_signature"].denominator) == (3, 4)
    assert meta["key_signature"].key == "F#m"


def test_one_named_track_per_role_and_one_for_controllers(tmp_path):
    song = mido.MidiFile(write(tmp_path / "a.mid", programs={"bass": 32}))
    assert [track.name for track in song.tracks] == ["Stimmung", "Lead", "Bass", "Emotion"]
    assert {m.type for m in song.tracks[3] if not m.is_meta} == {"control_change"}
    program = next(m for m in song.tracks[2] if m.type == "program_change")
    assert (program.channel, program.program) == (2, 32)


def test_off_precedes_on_in_the_same_tick(tmp_path):
    song = mido.MidiFile(write(tmp_path / "a.mid"))
    at_480 = [m.type for tick, m in messages(song.tracks[1]) if tick == 480]
    assert at_480 == ["note_off", "note_on"]


def test_what_is_written_is_read_again(tmp_path):
    contents = read_midi_file(write(tmp_path / "a.mid"))
    assert sorted(
        (n.onset, n.duration, n.pitch, n.velocity, n.channel, n.role) for n in contents.notes
    ) == sorted((n.onset, n.duration, n.pitch, n.velocity, n.channel, n.role) for n in NOTES)
    assert contents.controls == tuple(CONTROLS)
    assert (contents.key, contents.beats_per_bar) == ("F#:min", 3.0)
    assert contents.tempo_bpm == pytest.approx(96.0)


PIECES = st.lists(
    st.builds(
        NoteEvent,
        note_id=st.integers(0, 999),
        onset=st.floats(0, 8),
        duration=st.floats(0, 4),
        pitch=st.integers(60, 62),
        velocity=st.integers(1, 127),
        channel=st.integers(0, 1),
        role=st.sampled_from(["lead", "chords"]),
    ),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(PIECES)
def test_overlaps_never_leave_or_swallow_a_note(tmp_path, piece):
    song = mido.MidiFile(write(tmp_path / "a.mid", notes=piece, controls=[]))
    for track in song.tracks:
        heard = [Heard(t, bytes(m.bytes())) for t, m in messages(track) if not m.is_meta]
        assert hanging(heard) == set()
    starts = {(round(n.onset * 480), n.pitch, n.channel, n.role) for n in piece}
    ons = sum(m.type == "note_on" for track in song.tracks for m in track)
    assert ons == len(starts)


def test_empty_piece_is_a_valid_file(tmp_path):
    contents = read_midi_file(write(tmp_path / "a.mid", notes=[], controls=[]))
    assert contents.notes == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tempo_bpm": 0.0}, "tempo must be from 4 to 1000 BPM; got 0.0"),
        ({"tempo_bpm": float("nan")}, "tempo"),
        ({"key": "H:maj"}, "'H:maj'"),
        ({"beats_per_bar": 0}, "beats_per_bar must be from 1 to 64; got 0"),
        ({"notes": [NoteEvent(1, float("inf"), 1.0, 60, 80, 0, "lead")]}, "position"),
    ],
)
def test_bad_values_are_named_and_nothing_is_written(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        write(tmp_path / "a.mid", **change)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot write .*a\.mid: No such file"):
        write(tmp_path / "nowhere" / "a.mid")


def test_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mid")
    before = path.read_bytes()

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write(path, notes=[])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*gone\.mid: No such file"):
        read_midi_file(tmp_path / "gone.mid")


def test_note_without_an_end_lasts_to_the_end_of_its_track(tmp_path):
    song = mido.MidiFile(ticks_per_beat=100)
    song.tracks.append(
        mido.MidiTrack(
            [
                mido.Message("note_on", note=60, velocity=9, time=100),
                mido.MetaMessage("end_of_track", time=300),
            ]
        )
    )
    song.save(tmp_path / "a.mid")
    (note,) = read_midi_file(tmp_path / "a.mid").notes
    assert (note.onset, note.duration) == (1.0, 3.0)


def test_channel_ten_without_a_track_name_is_drums(tmp_path):
    song = mido.MidiFile()
    on = mido.Message("note_on", note=36, velocity=9, channel=9)
    off = mido.Message("note_on", note=36, velocity=0, channel=9, time=480)
    song.tracks.append(mido.MidiTrack([on, off]))
    song.save(tmp_path / "a.mid")
    (note,) = read_midi_file(tmp_path / "a.mid").notes
    assert note.role == "drums"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.binary(max_size=300), st.booleans())
def test_noise_is_refused_with_an_input_error_or_read(tmp_path, noise, with_header):
    header = b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\1\0" if with_header else b""
    path = tmp_path / "noise.mid"
    path.write_bytes(header + noise)
    try:
        read_midi_file(path)
    except InputError as error:
        assert "\n" not in str(error)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.integers(0, 400), st.integers(0, 255))
def test_damaged_file_is_refused_with_an_input_error_or_read(tmp_path, position, value):
    data = bytearray(write(tmp_path / "a.mid").read_bytes())
    data[position % len(data)] = value
    path = tmp_path / "damaged.mid"
    path.write_bytes(data)
    try:
        read_midi_file(path)
    except InputError as error:
        assert "\n" not in str(error)


def test_a_pedal_left_down_is_lifted_where_the_piece_ends_and_stays_with_its_part(tmp_path):
    pedal = [
        ControlEvent(0.5, 64, 127, 1, "chords"),
        ControlEvent(2.0, 64, 0, 1, "chords"),
        ControlEvent(2.25, 64, 90, 1, "chords"),
    ]
    path = write(tmp_path / "a.mid", controls=[*pedal[::-1], *CONTROLS])
    contents = read_midi_file(path)
    moves = [control for control in contents.controls if control.control == 64]
    assert moves == [*pedal, ControlEvent(4.0, 64, 0, 1, "chords")]
    names = [track.name for track in mido.MidiFile(path).tracks]
    assert names == ["Stimmung", "Lead", "Chords", "Bass", "Emotion"]
