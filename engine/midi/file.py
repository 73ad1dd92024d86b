"""Standard MIDI files: write what was generated, read primers.

Musical time only: beats become ticks, so that every DAW shows the notes on its grid.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

from engine.errors import InputError
from engine.events import CONTROL_ROLE, SUSTAIN, ControlEvent, NoteEvent, Role
from engine.files import write_output
from engine.midi.drum_kits import DrumKits
from engine.midi.note_pairs import Span, note_off, note_on, pair_notes, untangle
from engine.midi.smf import (
    KEY_SIGNATURE,
    META,
    TEMPO,
    TIME_SIGNATURE,
    TRACK_NAME,
    Event,
    MidiData,
    encode_midi,
    meta_event,
    parse_midi,
)
from engine.music.keys import Key, parse_key
from engine.music.reading.played_key import played_keys
from engine.music.reading.score import Score, score_of
from engine.music.song_map import DEFAULT_TEMPO_BPM, SongMap

__all__ = [
    "TICKS_PER_BEAT",
    "TRACK_NAMES",
    "MidiContents",
    "contents_of",
    "key_content",
    "read_key",
    "read_midi_bytes",
    "read_midi_file",
    "read_score",
    "score_of_contents",
    "time_signature",
    "write_midi_file",
]

TICKS_PER_BEAT = 480
"""Divides by 2, 3, 5 and their usual multiples; what most DAWs expect."""

_TEMPO_BPM = (4.0, 1000.0)  # the file stores microseconds per beat in 24 bits
_MOST_BYTES = 16 << 20
_MOST_BEATS = 1e6
_LONGEST_BAR = 64
_MARKER = 0x06
_MICROSECONDS = 60_000_000
_ROLES: tuple[Role, ...] = get_args(Role)
_ROLE_NAMED: dict[str, Role] = {role: role for role in _ROLES}
TRACK_NAMES: Mapping[str, str] = {
    "lead": "Lead",
    "chords": "Chords",
    "bass": "Bass",
    "pad": "Pad",
    "drums": "Drums",
    CONTROL_ROLE: "Emotion",
}
"""Part → name of its track."""
_FIFTHS: Final = "Cb Gb Db Ab Eb Bb F C G D A E B F# C# G# D# A#".split()
_SHARPS: Final = {name: place - 7 for place, name in enumerate(_FIFTHS[:15])}
_MINOR: Final = {name: place - 7 for place, name in enumerate(_FIFTHS[3:])}
"""Tonic of a major and of a minor key → sharps of its signature, flats below 0."""
# Order of messages within one tick.
_OFF, _SETUP, _ON = range(3)
_Timed = tuple[int, int, Event]


@dataclass(frozen=True, slots=True)
class MidiContents:
    """What a MIDI file holds, in musical time.

    Attributes
    ----------
    notes : tuple of NoteEvent
        By onset, numbered from 1. What a drum kit plays has the role ``drums``, all else that of
        its track's name, or ``lead``.
    controls : tuple of ControlEvent
        Controller changes by beat.
    song_map : SongMap
        Tempi, bar lengths and keys.
    left_out : tuple of str
        What could not be read.
    in_seconds : bool
        The file has no beats (SMPTE): those given here are seconds.
    """

    notes: tuple[NoteEvent, ...]
    controls: tuple[ControlEvent, ...]
    song_map: SongMap
    left_out: tuple[str, ...] = ()
    in_seconds: bool = False

    @property
    def tempo_bpm(self) -> float:
        """First tempo [quarter notes per minute]; 120 if the file gives none."""
        return self.song_map.tempos[0][1] if self.song_map.tempos else DEFAULT_TEMPO_BPM

    @property
    def beats_per_bar(self) -> float:
        """First bar length [quarter notes]; 4 if the file gives none."""
        return self.song_map.meters[0][1] if self.song_map.meters else 4.0

    @property
    def key(self) -> str:
        """First key signature, such as ``"A:min"``, or ``""``."""
        return self.song_map.keys[0][1] if self.song_map.keys else ""


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
    sustain pedal still down at the end is lifted. Key signatures have the tonics that are given
    and the modes that the notes are in.

    Parameters
    ----------
    path : path-like
        File to write; an existing one is replaced.
    notes, controls : sequence
        In any order.
    tempo_bpm : float
        Tempo at the start, 4..1000 [quarter notes per minute].
    key : str
        Key at the start, such as ``"C:maj"`` or ``"F#:min"``.
    beats_per_bar : int
        Quarter notes per bar at the start, 1..64.
    programs : mapping of str to int, optional
        General MIDI program of each role, 0..127.
    song_map : SongMap, optional
        Later tempi, bar lengths and keys, and markers.

    Raises
    ------
    InputError
        If a value is out of range or the file cannot be written.
    """
    song_map = song_map or SongMap()
    tempos = {0.0: tempo_bpm} | dict(song_map.tempos)
    meters = {0.0: float(beats_per_bar)} | dict(song_map.meters)
    head = [(beat, TEMPO, _tempo_content(tempo)) for beat, tempo in tempos.items()]
    head += [(beat, TIME_SIGNATURE, _metre_content(bar)) for beat, bar in meters.items()]
    asked = sorted(({0.0: key} | dict(song_map.keys)).items())
    keys = played_keys(_placed(notes), asked, beats_per_bar)
    head += [(beat, KEY_SIGNATURE, key_content(parse_key(name))) for beat, name in keys]
    head += [(beat, _MARKER, _text(words)) for beat, words in song_map.markers]
    metas = [meta_event(_ticks(beat), kind, content) for beat, kind, content in head]
    tracks = [_track("Stimmung", [(event.tick, _SETUP, event) for event in metas])]
    controls = [*controls, *_final_lifts(notes, controls)]
    present = {note.role for note in notes} | {control.role for control in controls}
    ordered = [role for role in (*_ROLES, CONTROL_ROLE) if role in present]
    for role in ordered + sorted(present.difference(ordered)):
        timed = _note_messages([note for note in notes if note.role == role])
        timed += _control_messages([control for control in controls if control.role == role])
        if programs and role in programs:
            for channel in sorted({note.channel for note in notes if note.role == role}):
                timed.append((0, _SETUP, Event(0, bytes((0xC0 | channel, programs[role])))))
        tracks.append(_track(TRACK_NAMES.get(role, role.capitalize()), timed))
    data = encode_midi(tracks, [0] * len(tracks), kind=1, division=TICKS_PER_BEAT)
    write_output(Path(path), data)


def read_midi_file(path: str | os.PathLike[str]) -> MidiContents:
    """Read the notes, controllers and song map of a file.

    A note that is never ended lasts to the end of its track.

    Raises
    ------
    InputError
        If the file is missing, unreadable or not a MIDI file.
    """
    return contents_of(parse_midi(read_midi_bytes(Path(path)), str(path)))


def score_of_contents(contents: MidiContents, *, track: bool | None = None) -> Score:
    """Return the pitched notes of a file as a score; see `score_of`."""
    pitched = [note for note in contents.notes if note.role != "drums"]
    return score_of(pitched, contents.song_map, track=True if contents.in_seconds else track)


def read_score(data: bytes, name: str, *, track: bool | None = None) -> Score:
    """Read the content of a file as a score.

    Raises
    ------
    InputError
        Not a MIDI file, or nothing to track in it.
    """
    return score_of_contents(contents_of(parse_midi(data, name)), track=track)


def read_midi_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises
    ------
    InputError
        If it is missing, unreadable or too large.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path}: larger than {_MOST_BYTES >> 20} MB, not a piece of music")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def contents_of(midi: MidiData) -> MidiContents:
    """Return the notes, controllers and song map of a file."""
    per_beat = midi.ticks_per_beat
    kits = DrumKits(midi.tracks)
    notes: list[NoteEvent] = []
    controls: list[ControlEvent] = []
    tempos: dict[float, float] = {}
    meters: dict[float, float] = {}
    keys: dict[float, str] = {}
    for track, end in zip(midi.tracks, midi.ends, strict=True):
        named = ""
        for tick, data in track:
            beat = tick / per_beat
            if data[0] == META:
                content = data[2:]
                if data[1] == TRACK_NAME and not named:
                    named = content.decode("latin-1").strip().lower()
                elif data[1] == TEMPO and not midi.in_seconds:
                    tempos[beat] = _MICROSECONDS / int.from_bytes(content)
                elif data[1] == TIME_SIGNATURE:
                    meters[beat] = 4.0 * content[0] / 2 ** content[1]
                elif data[1] == KEY_SIGNATURE:
                    keys[beat] = str(read_key(content))
            elif data[0] >> 4 == 0xB:
                part = named if named in _ROLES else CONTROL_ROLE
                controls.append(ControlEvent(beat, data[1], data[2], data[0] & 15, part))
        for note in pair_notes(track, end)[0]:
            drums = kits.playing(note.channel, note.start)
            role: Role = "drums" if drums else _ROLE_NAMED.get(named, "lead")
            onset, length = note.start / per_beat, (note.end - note.start) / per_beat
            event = NoteEvent(0, onset, length, note.pitch, note.velocity, note.channel, role)
            notes.append(event)
    notes.sort(key=lambda n: (n.onset, n.channel, n.pitch))
    if midi.in_seconds:
        tempos = {0.0: 60.0}  # its beats are seconds
    return MidiContents(
        tuple(replace(note, note_id=number) for number, note in enumerate(notes, 1)),
        tuple(sorted(controls, key=lambda control: control.beat)),
        SongMap(
            tuple(sorted(tempos.items())),
            tuple(sorted(meters.items())),
            tuple(sorted(keys.items())),
        ),
        midi.left_out,
        midi.in_seconds,
    )


def read_key(content: bytes) -> Key:
    """Return the key of a key signature's two bytes: sharps, and 1 for minor."""
    sharps = int.from_bytes(content[:1], signed=True)
    names = _MINOR if content[1] else _SHARPS
    (name,) = (name for name, count in names.items() if count == sharps)
    # Keys beyond six flats or seven sharps have another name here, of the same sound.
    return parse_key(f"{name}:{'min' if content[1] else 'maj'}")


def key_content(key: Key) -> bytes:
    """Return the two bytes of a key signature."""
    minor = key.mode == "min"
    name = key.signature.removesuffix("m")
    return bytes(((_MINOR if minor else _SHARPS)[name] & 0xFF, minor))


def _tempo_content(tempo_bpm: float) -> bytes:
    if not _TEMPO_BPM[0] <= tempo_bpm <= _TEMPO_BPM[1]:
        low, high = _TEMPO_BPM
        raise InputError(f"tempo must be from {low:g} to {high:g} BPM; got {tempo_bpm!r}")
    return round(_MICROSECONDS / tempo_bpm).to_bytes(3)


def time_signature(bar: float) -> tuple[int, int]:
    """Return upper and lower number of the time signature of a bar [quarter notes].

    Raises
    ------
    InputError
        There is none, or the bar is longer than `_LONGEST_BAR`.
    """
    for power in (2, 3, 4):
        units = bar * 2.0**power / 4.0
        if units == round(units) and 1 <= units <= (_LONGEST_BAR << power) / 4:
            return int(units), 2**power
    raise InputError(f"beats_per_bar must be from 1 to {_LONGEST_BAR}; got {bar:g}")


def _metre_content(bar: float) -> bytes:
    upper, lower = time_signature(bar)
    return bytes((upper, lower.bit_length() - 1, 24, 8))


def _text(words: str) -> bytes:
    return words.encode("latin-1", "replace")


def _ticks(beats: float) -> int:
    if not -_MOST_BEATS <= beats <= _MOST_BEATS:  # NaN fails too
        raise InputError(f"position must be within {_MOST_BEATS:g} beats; got {beats!r}")
    return max(0, round(beats * TICKS_PER_BEAT))


def _placed(notes: Sequence[NoteEvent]) -> Sequence[NoteEvent]:
    """Return the notes; raise where one lies nowhere in a piece."""
    for note in notes:
        _ticks(note.onset)
        _ticks(note.onset + note.duration)
    return notes


def _note_messages(notes: Sequence[NoteEvent]) -> list[_Timed]:
    """Return tick, order and message of each end of each note, every end exactly once."""
    spans = untangle(
        Span(
            _ticks(note.onset),
            _ticks(note.onset + note.duration),
            note.channel,
            note.pitch,
            note.velocity,
        )
        for note in notes
    )
    messages: list[_Timed] = []
    for span in spans:
        messages.append((span.start, _ON, note_on(span.start, span)))
        messages.append((span.end, _OFF, note_off(span.end, span)))
    return messages


def _control_messages(controls: Iterable[ControlEvent]) -> list[_Timed]:
    found = []
    for event in controls:
        tick = _ticks(event.beat)
        data = bytes((0xB0 | event.channel, event.control, event.value))
        found.append((tick, _SETUP, Event(tick, data)))
    return found


def _final_lifts(
    notes: Sequence[NoteEvent], controls: Sequence[ControlEvent]
) -> list[ControlEvent]:
    """Return a lift, where the piece ends, for every pedal that is still down."""
    moves = sorted((c for c in controls if c.control == SUSTAIN), key=lambda move: move.beat)
    ends = [note.onset + note.duration for note in notes] + [move.beat for move in moves]
    last = {move.channel: move for move in moves}
    return [replace(m, beat=max(ends), value=0) for m in last.values() if m.pressed]


def _track(name: str, timed: list[_Timed]) -> list[Event]:
    """Return a track by tick; a change that says what held already is left out by the caller."""
    events = [event for _, _, event in sorted(timed, key=lambda item: item[:2])]
    return [meta_event(0, TRACK_NAME, _text(name)), *events]
