"""Standard MIDI files: write what was generated, read primers.

Musical time only: beats become ticks, so that every DAW shows the notes on its grid. Music for
films also has tempo changes, odd bars and markers.
"""

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from engine.errors import InputError
from engine.events import CONTROL_ROLE, SUSTAIN, ControlEvent, NoteEvent, Role
from engine.files import write_output
from engine.music.keys import parse_key

__all__ = [
    "TICKS_PER_BEAT",
    "MidiContents",
    "read_midi_file",
    "read_song_bytes",
    "write_midi_file",
]

TICKS_PER_BEAT = 480
"""Divides by 2, 3, 5 and their usual multiples; what most DAWs expect."""

_TEMPO_BPM = (4.0, 1000.0)  # the file stores microseconds per beat in 24 bits
_MOST_BYTES = 16 << 20
_MOST_BEATS = 1e6
_DRUM_CHANNEL = 9
_ROLES: tuple[str, ...] = get_args(Role)
_TRACK_NAMES: Mapping[str, str] = {
    "lead": "Lead",
    "chords": "Chords",
    "bass": "Bass",
    "pad": "Pad",
    "drums": "Drums",
    CONTROL_ROLE: "Emotion",
}
# Order of messages within one tick.
_OFF, _SETUP, _ON = range(3)


@dataclass(frozen=True, slots=True)
class MidiContents:
    """What a MIDI file holds, in musical time.

    Attributes
    ----------
    notes : tuple of NoteEvent
        By onset, numbered from 1. The role follows from the track's name, else channel 10 is
        drums and all else lead.
    controls : tuple of ControlEvent
        Controller changes by beat.
    tempo_bpm : float
        First tempo [quarter notes per minute]; 120 if the file gives none.
    beats_per_bar : float
        First time signature [quarter notes per bar]; 4 if the file gives none.
    key : str
        First key signature, such as ``"A:min"``, or ``""``.
    """

    notes: tuple[NoteEvent, ...]
    controls: tuple[ControlEvent, ...]
    tempo_bpm: float
    beats_per_bar: float
    key: str


@dataclass(frozen=True, slots=True)
class SongMap:
    """What changes in the course of a piece, each with its position [quarter notes].

    Attributes
    ----------
    tempos : tuple of (float, float)
        Tempo from there on, 4..1000 [quarter notes per minute].
    meters : tuple of (float, int)
        Length of the bars from there on, 1..64 [quarter notes].
    markers : tuple of (float, str)
        Text to be shown there, in Latin-1.
    """

    tempos: tuple[tuple[float, float], ...] = ()
    meters: tuple[tuple[float, int], ...] = ()
    markers: tuple[tuple[float, str], ...] = ()


def write_midi_file(
    path: str | os.PathLike[str],
    notes: Sequence[NoteEvent],
    controls: Sequence[ControlEvent],
    *,
    tempo_bpm: float,
    key: str,
    beats_per_bar: int,
    programs: Mapping[str, int] | None = None,
    song_map: SongMap | None = None,
) -> None:
    """Write a type 1 file: one track for tempo and signatures, one per role.

    Notes that overlap on the same channel and pitch are ended where the next one starts, a
    sustain pedal still down at the end is lifted. The file appears complete or not at all.

    Parameters
    ----------
    path : path-like
        File to write; an existing one is replaced.
    notes, controls : sequence
        In any order.
    tempo_bpm : float
        Tempo at the start, 4..1000 [quarter notes per minute].
    key : str
        Key signature, such as ``"C:maj"`` or ``"F#:min"``.
    beats_per_bar : int
        Quarter notes per bar at the start, 1..64.
    programs : mapping of str to int, optional
        General MIDI program of each role, 0..127.
    song_map : SongMap, optional
        Later tempi and bar lengths, and markers.

    Raises
    ------
    InputError
        If a value is out of range or the file cannot be written.
    """
    import mido

    song_map = song_map or SongMap()
    song = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    head = [
        (0, _SETUP, _tempo(tempo_bpm)),
        (0, _SETUP, _meter(beats_per_bar)),
        (0, _SETUP, mido.MetaMessage("key_signature", key=parse_key(key).signature)),
    ]
    head += [(_ticks(beat), _SETUP, _tempo(tempo)) for beat, tempo in song_map.tempos]
    head += [(_ticks(beat), _SETUP, _meter(bar)) for beat, bar in song_map.meters]
    head += [
        (_ticks(beat), _SETUP, mido.MetaMessage("marker", text=text))
        for beat, text in song_map.markers
    ]
    song.tracks.append(_track("Stimmung", head))
    controls = [*controls, *_final_lifts(notes, controls)]
    present = {note.role for note in notes} | {control.role for control in controls}
    ordered = [role for role in (*_ROLES, CONTROL_ROLE) if role in present]
    for role in ordered + sorted(present.difference(ordered)):
        timed = _note_messages([note for note in notes if note.role == role])
        timed += _control_messages([control for control in controls if control.role == role])
        if programs and role in programs:
            for channel in sorted({note.channel for note in notes if note.role == role}):
                message = mido.Message("program_change", channel=channel, program=programs[role])
                timed.append((0, _SETUP, message))
        song.tracks.append(_track(_TRACK_NAMES.get(role, role.capitalize()), timed))
    buffer = io.BytesIO()
    song.save(file=buffer)
    write_output(Path(path), buffer.getvalue())


def read_midi_file(path: str | os.PathLike[str]) -> MidiContents:
    """Read notes and controllers of a type 0 or 1 file.

    A note that is never ended lasts to the end of its track.

    Raises
    ------
    InputError
        If the file is missing, unreadable or not a MIDI file.
    """
    _, song = read_song_bytes(Path(path))
    reading = _Reading(song.ticks_per_beat)
    for track in song.tracks:
        reading.read(track)
    if reading.last_beat > _MOST_BEATS:
        raise InputError(f"{path}: {reading.last_beat:.0f} beats long, not a piece of music")
    return reading.contents()


def read_song_bytes(path: Path) -> tuple[bytes, Any]:
    """Read a type 0 or 1 file: its bytes and its `mido.MidiFile`.

    Raises
    ------
    InputError
        If the file is missing, unreadable or not a MIDI file.
    """
    import mido

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path}: larger than {_MOST_BYTES >> 20} MB, not a piece of music")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        song = mido.MidiFile(file=io.BytesIO(data))
    except (EOFError, OSError, ValueError, LookupError, TypeError, mido.KeySignatureError) as error:
        raise InputError(f"{path} is not a MIDI file: {error or type(error).__name__}") from error
    if song.type not in (0, 1) or song.ticks_per_beat <= 0:
        raise InputError(
            f"{path}: only MIDI files of type 0 or 1 in ticks per beat can be read; "
            f"got type {song.type}, division {song.ticks_per_beat}"
        )
    return data, song


def _tempo(tempo_bpm: float) -> Any:
    import mido

    if not _TEMPO_BPM[0] <= tempo_bpm <= _TEMPO_BPM[1]:
        low, high = _TEMPO_BPM
        raise InputError(f"tempo must be from {low:g} to {high:g} BPM; got {tempo_bpm!r}")
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm))


def _meter(beats_per_bar: int) -> Any:
    import mido

    if not 1 <= beats_per_bar <= 64:
        raise InputError(f"beats_per_bar must be from 1 to 64; got {beats_per_bar!r}")
    return mido.MetaMessage("time_signature", numerator=beats_per_bar, denominator=4)


def _ticks(beats: float) -> int:
    if not -_MOST_BEATS <= beats <= _MOST_BEATS:  # NaN fails too
        raise InputError(f"position must be within {_MOST_BEATS:g} beats; got {beats!r}")
    return max(0, round(beats * TICKS_PER_BEAT))


def _note_messages(notes: Sequence[NoteEvent]) -> list[tuple[int, int, Any]]:
    """Return tick, order and message of each end of each note, every end exactly once."""
    import mido

    spans: dict[tuple[int, int, int], tuple[int, int]] = {}
    for note in sorted(notes, key=lambda note: note.onset):
        start = _ticks(note.onset)
        end = max(start + 1, _ticks(note.onset + note.duration))
        # The same pitch struck twice in one tick is one note: the longer, at its loudest.
        place = (start, note.channel, note.pitch)
        old_end, velocity = spans.get(place, (0, 0))
        spans[place] = (max(end, old_end), max(note.velocity, velocity))
    starts: dict[tuple[int, int], list[int]] = {}
    for start, channel, pitch in sorted(spans):
        starts.setdefault((channel, pitch), []).append(start)
    messages = []
    for (channel, pitch), ticks in starts.items():
        for start, following in zip(ticks, [*ticks[1:], None], strict=True):
            end, velocity = spans[start, channel, pitch]
            end = end if following is None else min(end, following)
            on = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
            off = mido.Message("note_off", channel=channel, note=pitch, velocity=64)
            messages += [(start, _ON, on), (end, _OFF, off)]
    return messages


def _control_messages(controls: Iterable[ControlEvent]) -> list[tuple[int, int, Any]]:
    import mido

    return [
        (
            _ticks(event.beat),
            _SETUP,
            mido.Message(
                "control_change", channel=event.channel, control=event.control, value=event.value
            ),
        )
        for event in controls
    ]


def _final_lifts(
    notes: Sequence[NoteEvent], controls: Sequence[ControlEvent]
) -> list[ControlEvent]:
    """Return a lift for every pedal that nobody lifts, where the piece ends."""
    moves = sorted((c for c in controls if c.control == SUSTAIN), key=lambda move: move.beat)
    ends = [note.onset + note.duration for note in notes] + [move.beat for move in moves]
    last = {move.channel: move for move in moves}
    return [replace(m, beat=max(ends), value=0) for m in last.values() if m.pressed]


def _track(name: str, timed: list[tuple[int, int, Any]]) -> Any:
    import mido

    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    for tick, _, message in sorted(timed, key=lambda item: item[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


class _Reading:
    """Gathers notes and controllers track by track."""

    def __init__(self, ticks_per_beat: int) -> None:
        self._ticks_per_beat = ticks_per_beat
        self._notes: list[NoteEvent] = []
        self._controls: list[ControlEvent] = []
        self._tempo_bpm: float | None = None
        self._beats_per_bar: float | None = None
        self._key = ""
        self.last_beat = 0.0

    def read(self, track: Any) -> None:
        import mido

        sounding: dict[tuple[int, int], tuple[float, int]] = {}  # place → onset, velocity
        role = ""
        tick = 0
        for message in track:
            tick += message.time
            beat = tick / self._ticks_per_beat
            kind = message.type
            if kind in ("note_on", "note_off"):
                place = (message.channel, message.note)
                older = sounding.pop(place, None)
                if older is not None:
                    self._add(*place, *older, beat, role)
                if kind == "note_on" and message.velocity > 0:
                    sounding[place] = beat, message.velocity
            elif kind == "control_change":
                part = role if role in _ROLES else CONTROL_ROLE
                self._controls.append(
                    ControlEvent(beat, message.control, message.value, message.channel, part)
                )
            elif kind == "track_name":
                role = message.name.strip().lower()
            elif kind == "set_tempo" and self._tempo_bpm is None and message.tempo > 0:
                self._tempo_bpm = mido.tempo2bpm(message.tempo)
            elif kind == "time_signature" and self._beats_per_bar is None:
                self._beats_per_bar = 4 * message.numerator / message.denominator or None
            elif kind == "key_signature" and not self._key:
                root = message.key.removesuffix("m")
                self._key = f"{root}:min" if message.key.endswith("m") else f"{root}:maj"
        end = tick / self._ticks_per_beat
        for place, started in sounding.items():
            self._add(*place, *started, end, role)
        self.last_beat = max(self.last_beat, end)

    def _add(
        self, channel: int, pitch: int, onset: float, velocity: int, end: float, named: str
    ) -> None:
        role: Role = "drums" if channel == _DRUM_CHANNEL else "lead"
        for known in get_args(Role):
            role = known if named == known else role
        if end > onset:
            self._notes.append(NoteEvent(0, onset, end - onset, pitch, velocity, channel, role))

    def contents(self) -> MidiContents:
        notes = sorted(self._notes, key=lambda n: (n.onset, n.channel, n.pitch))
        numbered = (
            NoteEvent(number, n.onset, n.duration, n.pitch, n.velocity, n.channel, n.role)
            for number, n in enumerate(notes, 1)
        )
        return MidiContents(
            tuple(numbered),
            tuple(sorted(self._controls, key=lambda control: control.beat)),
            self._tempo_bpm or 120.0,
            self._beats_per_bar or 4.0,
            self._key,
        )
