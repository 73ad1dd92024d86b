"""MIDI messages as they go on the wire, ready for a port (MIDI 1.0)."""

from typing import Final, NamedTuple

from engine.midi.wire import Frame, Kind

__all__ = [
    "ALL_NOTES_OFF",
    "ALL_SOUND_OFF",
    "NO_NOTE",
    "PEDALS",
    "RESET_CONTROLLERS",
    "SYSTEM_RESET",
    "Outgoing",
    "change",
    "control",
    "ends_notes",
    "is_end",
    "note_off",
    "note_on",
    "number_of",
    "place_of",
    "program",
    "realtime",
    "start_of",
]

NO_NOTE = -1
"""Note id of messages that are not note-ons."""

PEDALS: Final = range(64, 70)
"""Controllers that a foot holds: sustain, portamento, sostenuto, soft, legato, second sustain."""

ALL_SOUND_OFF: Final = 120
RESET_CONTROLLERS: Final = 121
ALL_NOTES_OFF: Final = 123

SYSTEM_RESET: Final = b"\xff"
"""Whoever played through an input has left: all it held is to be let go."""

_NOTE_OFF, _NOTE_ON, _CONTROL_CHANGE, _PROGRAM_CHANGE = 0x80, 0x90, 0xB0, 0xC0
_KEY_PRESSURE, _CHANNEL_PRESSURE, _PITCH_BEND = 0xA0, 0xD0, 0xE0
_SONG_POSITION = 0xF2
_ENDS = frozenset({Kind.END_NOTE, Kind.CANCEL_AFTER, Kind.PANIC, Kind.RELEASE})


class Outgoing(NamedTuple):
    """One MIDI message ready for the port.

    Attributes
    ----------
    data : bytes
        The message as it goes on the wire.
    at_s : float
        When it should leave [s], latency included.
    note_id : int
        Identity of a note-on, else `NO_NOTE`.
    """

    data: bytes
    at_s: float
    note_id: int = NO_NOTE


def note_on(channel: int, pitch: int, velocity: int, at_s: float, note_id: int) -> Outgoing:
    """Return a note-on."""
    return Outgoing(bytes((_NOTE_ON | channel, pitch, velocity)), at_s, note_id)


def note_off(channel: int, pitch: int, at_s: float) -> Outgoing:
    """Return a note-off; release velocity 64 is the neutral value of the specification."""
    return Outgoing(bytes((_NOTE_OFF | channel, pitch, 64)), at_s)


def control(channel: int, number: int, value: int, at_s: float) -> Outgoing:
    """Return a controller change."""
    return Outgoing(bytes((_CONTROL_CHANGE | channel, number, value)), at_s)


def program(channel: int, number: int, at_s: float) -> Outgoing:
    """Return a program change."""
    return Outgoing(bytes((_PROGRAM_CHANGE | channel, number)), at_s)


def realtime(frame: Frame) -> bytes:
    """Return a clock, start, continue or stop, or a song position (low seven bits first)."""
    if frame.data1 == _SONG_POSITION:
        return bytes((_SONG_POSITION, frame.note_id & 127, frame.note_id >> 7 & 127))
    return bytes((frame.data1,))


def start_of(frame: Frame, at_s: float) -> Outgoing:
    """Return the message of a controller, bend or pressure; of a note, its note-on."""
    if frame.kind == Kind.NOTE:
        return note_on(frame.channel, frame.data1, frame.data2, at_s, frame.note_id)
    return change(frame, at_s)


def change(frame: Frame, at_s: float) -> Outgoing:
    """Return a controller, pitch bend, channel pressure or pressure of one key."""
    if frame.kind == Kind.BEND:
        return Outgoing(bytes((_PITCH_BEND | frame.channel, frame.data1, frame.data2)), at_s)
    if frame.kind == Kind.KEY_PRESSURE:
        return Outgoing(bytes((_KEY_PRESSURE | frame.channel, frame.data1, frame.data2)), at_s)
    if frame.kind == Kind.PRESSURE:
        return Outgoing(bytes((_CHANNEL_PRESSURE | frame.channel, frame.data1)), at_s)
    return control(frame.channel, frame.data1, frame.data2, at_s)


def ends_notes(number: int) -> bool:
    """Tell whether a controller ends a channel's notes: 120, 123, and the modes 124 to 127."""
    return number == ALL_SOUND_OFF or number >= ALL_NOTES_OFF


def is_end(frame: Frame) -> bool:
    """Tell whether a frame ends or lifts something: it is never to be left out for want of room."""
    if frame.kind != Kind.CONTROL:
        return frame.kind in _ENDS
    lifts = frame.data1 in PEDALS and frame.data2 == 0
    return lifts or frame.data1 == RESET_CONTROLLERS or ends_notes(frame.data1)


def number_of(data: bytes) -> int:
    """Return the controller; for others a number above all controllers, of each key its own."""
    kind = data[0] & 0xF0
    if kind == _KEY_PRESSURE:
        return kind << 1 | data[1]
    return data[1] if kind == _CONTROL_CHANGE else kind


def place_of(data: bytes) -> tuple[int, int]:
    """Return channel and number: a later message there replaces an earlier one."""
    return data[0] & 15, number_of(data)
