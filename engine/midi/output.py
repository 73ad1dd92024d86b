"""What can be handed to a MIDI output: notes with both their ends, and messages with their times.

All times are `time.perf_counter` seconds.
"""

import math
import operator
from collections.abc import Callable

from engine.errors import InputError
from engine.midi.holders import ENGINE, first_id
from engine.midi.messages import start_of
from engine.midi.wire import Frame, Kind

__all__ = ["NoteOutput", "check_int", "check_time"]

_WATCHED = (Kind.NOTE, Kind.CONTROL, Kind.BEND, Kind.PRESSURE, Kind.KEY_PRESSURE)


class NoteOutput:
    """Checks what it is given and hands it on as frames for a sender.

    Every method raises `InputError` where a value is out of range.

    Parameters
    ----------
    take : callable
        Takes the frames.
    """

    latency_s = 0.0
    """Added to every deadline [s]."""

    def __init__(self, take: Callable[[Frame], None]) -> None:
        self._take = take
        self._watcher: Callable[[float, bytes], None] | None = None

    def watch(self, watcher: Callable[[float, bytes], None]) -> None:
        """Have a function called with the time [s] and the bytes of each message handed over.

        Of notes these are the note-ons.
        """
        self._watcher = watcher

    def note(
        self, note_id: int, on_s: float, off_s: float, channel: int, pitch: int, velocity: int
    ) -> None:
        """Hand over a note with both its ends.

        Raises
        ------
        InputError
            If a value is out of range, ``off_s`` is not after ``on_s``, or ``note_id`` is
            still in use.
        """
        check_time("on_s", on_s)
        check_time("off_s", off_s)
        if off_s <= on_s:
            raise InputError(f"off_s must be after on_s={on_s!r}; got {off_s!r}")
        check_int("note_id", note_id, 0, 2**63 - 1)
        check_int("channel", channel, 0, 15)
        check_int("pitch", pitch, 0, 127)
        check_int("velocity", velocity, 1, 127)
        self._submit(Frame(Kind.NOTE, channel, pitch, velocity, note_id, on_s, off_s))

    def control(
        self, at_s: float, channel: int, control: int, value: int, holder: int = ENGINE
    ) -> None:
        """Hand over a controller change; the sender leaves out what does not change.

        ``holder`` is who sends it, see `engine.midi.holders`.
        """
        check_time("at_s", at_s)
        check_int("channel", channel, 0, 15)
        check_int("control", control, 0, 127)
        check_int("value", value, 0, 127)
        self._submit(Frame(Kind.CONTROL, channel, control, value, first_id(holder), at_s))

    def bend(self, at_s: float, channel: int, value: int, holder: int = ENGINE) -> None:
        """Hand over a pitch bend, 0..16383 with 8192 in the middle."""
        check_time("at_s", at_s)
        check_int("channel", channel, 0, 15)
        check_int("value", value, 0, 16383)
        who = first_id(holder)
        self._submit(Frame(Kind.BEND, channel, value & 127, value >> 7, who, at_s))

    def pressure(self, at_s: float, channel: int, value: int, holder: int = ENGINE) -> None:
        """Hand over a channel pressure, 0..127."""
        check_time("at_s", at_s)
        check_int("channel", channel, 0, 15)
        check_int("value", value, 0, 127)
        self._submit(Frame(Kind.PRESSURE, channel, value, 0, first_id(holder), at_s))

    def key_pressure(
        self, at_s: float, channel: int, pitch: int, value: int, holder: int = ENGINE
    ) -> None:
        """Hand over the pressure of one key, 0..127."""
        check_time("at_s", at_s)
        check_int("channel", channel, 0, 15)
        check_int("pitch", pitch, 0, 127)
        check_int("value", value, 0, 127)
        self._submit(Frame(Kind.KEY_PRESSURE, channel, pitch, value, first_id(holder), at_s))

    def program(self, at_s: float, channel: int, program: int) -> None:
        """Hand over a program change, 0..127."""
        check_time("at_s", at_s)
        check_int("channel", channel, 0, 15)
        check_int("program", program, 0, 127)
        self._submit(Frame(Kind.PROGRAM, channel, program, at_s=at_s))

    def realtime(self, at_s: float, status: int) -> None:
        """Hand over a clock, start, continue or stop, 0xF8..0xFF."""
        check_time("at_s", at_s)
        check_int("status", status, 0xF8, 0xFF)
        self._submit(Frame(Kind.REALTIME, data1=status, at_s=at_s))

    def song_position(self, at_s: float, sixteenths: int) -> None:
        """Hand over a song position pointer, 0..16383 sixteenths of 6 clocks."""
        check_time("at_s", at_s)
        check_int("sixteenths", sixteenths, 0, 16383)
        self._submit(Frame(Kind.REALTIME, data1=0xF2, note_id=sixteenths, at_s=at_s))

    def end_note(self, note_id: int, at_s: float) -> None:
        """Move the end of a note already handed over; before its start, it never sounds."""
        check_time("at_s", at_s)
        check_int("note_id", note_id, 0, 2**63 - 1)
        self._submit(Frame(Kind.END_NOTE, note_id=note_id, at_s=at_s))

    def cancel_after(self, at_s: float) -> None:
        """Withdraw the engine's notes that start then or later, and lift its pedals there.

        What sounds keeps its end; what the performer and mappings play is left alone.
        """
        check_time("at_s", at_s)
        self._submit(Frame(Kind.CANCEL_AFTER, at_s=at_s))

    def _submit(self, frame: Frame) -> None:
        self._take(frame)
        if self._watcher is not None and frame.kind in _WATCHED:
            sent = start_of(frame, frame.at_s + self.latency_s)
            self._watcher(sent.at_s, sent.data)


def check_time(name: str, value: float) -> None:
    """Refuse a time that is not finite."""
    if not math.isfinite(value):
        raise InputError(f"{name} must be a finite time [s]; got {value!r}")


def check_int(name: str, value: int, low: int, high: int) -> None:
    """Refuse what is no whole number within a range."""
    try:
        fits = low <= operator.index(value) <= high  # NumPy's integers are as good
    except TypeError:
        fits = False
    if not fits:
        raise InputError(f"{name} must be a whole number from {low} to {high}; got {value!r}")
