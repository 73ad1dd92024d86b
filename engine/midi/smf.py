"""Standard MIDI files, byte for byte: chunks, tracks and events, read as far as they are good.

`mido.MidiFile` refuses a whole file for one bad event and cannot hold SysEx in packets. Here mido
judges each meta event alone; all other bytes stay as they are, so that what is not changed on
purpose leaves as it came.

References
----------
MIDI Manufacturers Association: Standard MIDI Files 1.0 (RP-001, 1996).
"""

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.errors import InputError

__all__ = [
    "KEY_SIGNATURE",
    "META",
    "TEMPO",
    "TIME_SIGNATURE",
    "TRACK_NAME",
    "Event",
    "MidiData",
    "encode_midi",
    "meta_event",
    "midi_content",
    "parse_midi",
]

META: Final = 0xFF
TRACK_NAME, TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x51, 0x58, 0x59
_END_OF_TRACK: Final = 0x2F
_LAST_EVENT: Final = bytes((META, _END_OF_TRACK, 0))
_SYSEX, _PACKET = 0xF0, 0xF7
_MOST_BEATS: Final = 100_000
"""Length of a piece [quarter notes]: 14 hours at 120 BPM. Beyond it a time is a wrapped number."""
_MOST_EVENTS: Final = 1_000_000
_DATA_BYTES: Final = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_BYTES: Final = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_NUMBERED: Final = frozenset({0x80, 0x90, 0xA0, 0xB0, 0xC0})
"""Messages whose first data byte is a key, a controller or a program, never a value."""
_METRE_REST: Final = bytes((24, 8))
_LARGEST_DENOMINATOR: Final = 7  # 2 ** 7
_LATEST_HEADER: Final = 4096


class Event(NamedTuple):
    """One event of a track.

    Attributes
    ----------
    tick : int
        Since the start of the track.
    data : bytes
        A channel message with its status; ``FF``, type and content of a meta event; ``F0`` or
        ``F7`` and content of a SysEx message or packet. Lengths are left to the writer.
    """

    tick: int
    data: bytes


@dataclass(frozen=True, slots=True)
class MidiData:
    """The content of a file.

    Attributes
    ----------
    format : int
        0, 1, or 2 (tracks that are pieces of their own).
    division : int
        As in the header, 16 bits.
    tracks : tuple of tuple of Event
        In order; end-of-track events are left to the writer.
    ends : tuple of int
        Last tick of each track.
    data : bytes
        The file itself, without a RIFF wrapper.
    left_out : tuple of str
        What could not be read, and what was read as something else.
    """

    format: int
    division: int
    tracks: tuple[tuple[Event, ...], ...]
    ends: tuple[int, ...]
    data: bytes
    left_out: tuple[str, ...]

    @property
    def in_seconds(self) -> bool:
        """Whether ticks are parts of a second (SMPTE), not of a quarter note."""
        return self.division >= 0x8000

    @property
    def ticks_per_beat(self) -> float:
        """Ticks per quarter note; per second in a file without beats."""
        if not self.in_seconds:
            return float(self.division)
        frames = 256 - (self.division >> 8)
        return (30_000 / 1001 if frames == 29 else frames) * (self.division & 0xFF)


def meta_event(tick: int, kind: int, content: bytes) -> Event:
    """Return a meta event."""
    return Event(tick, bytes((META, kind)) + content)


def parse_midi(data: bytes, name: str) -> MidiData:
    """Read a file.

    Parameters
    ----------
    data : bytes
        Its content; a RIFF wrapper (.rmi) is taken off.
    name : str
        For error messages.

    Raises
    ------
    InputError
        It is no MIDI file, or too large for a piece of music.
    """
    wrapped = data
    data = midi_content(wrapped, name)
    size = int.from_bytes(data[4:8])
    kind, _, division = struct.unpack(">HHH", data[8:14])
    left_out: Counter[str] = Counter()
    if wrapped[:4] != b"RIFF" and len(wrapped) > len(data):
        left_out[f"{len(wrapped) - len(data)} bytes before the header were left out"] += 1
    result = MidiData(min(kind, 2), division, (), (), data, ())
    if result.ticks_per_beat <= 0:
        raise InputError(f"{name} is not a MIDI file: its header gives {division} ticks per beat")
    reader = _TrackReader(name, result.ticks_per_beat, left_out)
    tracks: list[tuple[Event, ...]] = []
    ends: list[int] = []
    for body in _track_bodies(data, 8 + size, left_out):
        track, end = reader.read(body, len(tracks) + 1)
        tracks.append(track)
        ends.append(end)
    words = tuple(
        what if count == 1 else f"{what} ({count} times)" for what, count in left_out.items()
    )
    return MidiData(result.format, division, tuple(tracks), tuple(ends), data, words)


def midi_content(data: bytes, name: str) -> bytes:
    """Return a file from its header on, out of a RIFF wrapper (.rmi) if it has one.

    Raises
    ------
    InputError
        It is no MIDI file.
    """
    data = _unwrapped(data)
    if not data:
        raise InputError(f"{name} is not a MIDI file: it is empty")
    begin = data.find(b"MThd", 0, _LATEST_HEADER)
    if begin < 0:
        raise InputError(f"{name} is not a MIDI file: it does not begin with a MIDI header")
    data = data[begin:]
    size = int.from_bytes(data[4:8])
    if size < 6 or len(data) < 8 + size:
        raise InputError(f"{name} is not a MIDI file: its header is cut short")
    return data


def _unwrapped(data: bytes) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return b""


def _track_bodies(data: bytes, at: int, left_out: Counter[str]) -> Iterable[bytes]:
    """Yield the content of each track; what stands between tracks is passed over."""
    while at < len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        if name == b"MTrk":
            end = at + 8 + size
            ends = data.endswith(_LAST_EVENT, at + 8, end) or data[end : end + 4].isalnum()
            if end > len(data) or not ends:  # the length says too much or too little
                following = data.find(b"MTrk", at + 8)
                end = len(data) if following < 0 else following
            yield data[at + 8 : end]
            at = end
        elif name.isalnum() and at + 8 + size <= len(data):
            left_out[f"a chunk {name.decode('latin-1')} was left out"] += 1
            at += 8 + size
        else:
            following = data.find(b"MTrk", at)
            end = len(data) if following < 0 else following
            left_out[f"{end - at} bytes between or after tracks were left out"] += 1
            at = end


class _TrackReader:
    """Reads tracks one after the other; the number of events is bounded over all of them."""

    def __init__(self, name: str, ticks_per_beat: float, left_out: Counter[str]) -> None:
        self._name = name
        self._ticks_per_beat = ticks_per_beat
        self._left_out = left_out
        self._count = 0

    def read(self, body: bytes, number: int) -> tuple[tuple[Event, ...], int]:
        """Return the events and the last tick of a track."""
        events: list[Event] = []
        tick = at = begun = 0
        status = 0
        latest = _MOST_BEATS * self._ticks_per_beat
        try:
            while at < len(body):
                begun = at
                delta, at = _number(body, at)
                if tick + delta > latest and body[at : at + 2] == bytes((META, _END_OF_TRACK)):
                    self._left_out["a pause of days before the end of a track was left out"] += 1
                    delta = 0
                if tick + delta > latest:
                    beats = (tick + delta) / self._ticks_per_beat
                    raise InputError(
                        f"{self._name}: track {number} reaches beat {beats:.0f}; a piece of music "
                        f"has at most {_MOST_BEATS}"
                    )
                tick += delta
                first = body[at]
                if first >= 0xF0:
                    data, at = self._system(body, at)
                else:
                    if first >= 0x80:
                        status, at = first, at + 1
                    elif not status:
                        raise IndexError
                    end = at + _DATA_BYTES[status & 0xF0]
                    if end > len(body):
                        raise IndexError
                    data = self._channel_message(status, body[at:end])
                    at = end
                if data:
                    events.append(Event(tick, data))
        except IndexError:
            self._left_out[
                f"track {number} is damaged from its byte {begun} on: its rest was left out"
            ] += 1
        self._count += len(events)
        if self._count > _MOST_EVENTS:
            raise InputError(f"{self._name}: more than {_MOST_EVENTS} events, not a piece of music")
        return tuple(events), tick

    def _channel_message(self, status: int, values: bytes) -> bytes:
        if max(values) < 0x80:
            return bytes((status, *values))
        if status & 0xF0 in _NUMBERED and values[0] >= 0x80:
            self._left_out["a message with a number above 127 was left out"] += 1
            return b""
        self._left_out["a value above 127 was read as 127"] += 1
        return bytes((status, *(min(value, 127) for value in values)))

    def _system(self, body: bytes, at: int) -> tuple[bytes, int]:
        """Return a meta event, a SysEx message or packet, or nothing; and where the next is."""
        status = body[at]
        if status not in (META, _SYSEX, _PACKET):
            self._left_out["a system message, which no file may hold, was left out"] += 1
            return b"", at + 1 + _SYSTEM_BYTES.get(status, 0)
        kind = body[at + 1 : at + 2] if status == META else b""
        size, at = _number(body, at + 1 + len(kind))
        content = body[at : at + size]
        if len(content) < size:
            raise IndexError
        at += size
        if status == META:
            return self._meta(kind[0], content), at
        if status == _SYSEX and max(content.removesuffix(b"\xf7"), default=0) >= 0x80:
            self._left_out["a SysEx message with a byte above 127 was left out"] += 1
            return b"", at
        return bytes((status,)) + content, at

    def _meta(self, kind: int, content: bytes) -> bytes:
        """Return a meta event that mido can read, mended where it lacks what says nothing."""
        from mido import KeySignatureError
        from mido.midifiles.meta import build_meta_message

        if kind == _END_OF_TRACK:
            return b""
        if kind == TIME_SIGNATURE and len(content) in (2, 3):
            self._left_out["a time signature without its clicks was completed"] += 1
            content += _METRE_REST[len(content) - 2 :]
        try:
            build_meta_message(kind, content, 0)
            bad = kind == TEMPO and (len(content) != 3 or not any(content))
            if kind == TIME_SIGNATURE:
                bad = not content[0] or content[1] > _LARGEST_DENOMINATOR
        except (KeySignatureError, LookupError, ValueError, TypeError, OverflowError):
            bad = True
        if bad:
            known = {TEMPO: "a tempo", TIME_SIGNATURE: "a time signature"}
            known[KEY_SIGNATURE] = "a key signature"
            self._left_out[
                f"{known.get(kind, f'a meta event of type {kind}')} with bad content was left out"
            ] += 1
            return b""
        return bytes((META, kind)) + content


def _number(body: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    while True:
        byte = body[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at


def _encoded(value: int) -> bytes:
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(0x80 | value & 0x7F)
    return bytes(reversed(found))


def encode_midi(
    tracks: Sequence[Iterable[Event]], ends: Sequence[int], *, kind: int, division: int
) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    tracks : sequence of iterable of Event
        Each by ascending tick.
    ends : sequence of int
        Ticks at which the tracks end; a later event moves them.
    kind : int
        Format 0, 1 or 2; several tracks make 1 of 0.
    division : int
        For the header.
    """
    kind = 1 if kind == 0 and len(tracks) != 1 else kind
    parts = [b"MThd", struct.pack(">IHHH", 6, kind, len(tracks), division)]
    for events, end in zip(tracks, ends, strict=True):
        body = bytearray()
        now = status = 0
        for tick, data in events:
            body += _encoded(tick - now)
            now = tick
            first = data[0]
            if first == META:
                body += data[:2] + _encoded(len(data) - 2) + data[2:]
                status = 0
            elif first >= 0xF0:
                body += data[:1] + _encoded(len(data) - 1) + data[1:]
                status = 0
            else:
                body += data[1:] if first == status else data
                status = first
        body += _encoded(max(end - now, 0)) + _LAST_EVENT
        parts += [b"MTrk", struct.pack(">I", len(body)), bytes(body)]
    return b"".join(parts)
