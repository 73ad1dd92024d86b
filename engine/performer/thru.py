"""Passing a keyboard's messages on to our output port, each note with an end that is sure.

A note-on goes out with an end an hour away, which the note-off moves to now: whatever dies in
between, the sender knows the note and ends it.
"""

from typing import Protocol

from engine.mapping.output import MessagePort

__all__ = ["Thru", "ThruPort"]

_FIRST_ID = 1 << 41
_HELD_S = 3600.0


class ThruPort(MessagePort, Protocol):
    """Where messages go, as `engine.midi.sender.client.SenderClient`."""


class Thru:
    """Passes notes, controllers, programs, pitch bend and pressure on.

    Parameters
    ----------
    port : ThruPort
        Where they go.
    """

    def __init__(self, port: ThruPort) -> None:
        self._port = port
        self._sounding: dict[tuple[int, int], int] = {}
        self._next_id = _FIRST_ID

    def take(self, at_s: float, message: bytes) -> None:
        """Pass one message on, due at its own time; clocks and SysEx stay behind."""
        if not 2 <= len(message) <= 3:
            return
        status, channel = message[0] & 0xF0, message[0] & 15
        first, second = message[1], message[2] if len(message) > 2 else 0
        port = self._port
        if status == 0x90 and second:
            self.end(at_s, channel, first)
            self._sounding[channel, first] = self._next_id
            port.note(self._next_id, at_s, at_s + _HELD_S, channel, first, second)
            self._next_id += 1
        elif status in (0x80, 0x90):
            self.end(at_s, channel, first)
        elif status == 0xB0:
            port.control(at_s, channel, first, second)
        elif status == 0xC0:
            port.program(at_s, channel, first)
        elif status == 0xD0:
            port.pressure(at_s, channel, first)
        elif status == 0xE0:
            port.bend(at_s, channel, first | second << 7)

    def end(self, at_s: float, channel: int, pitch: int) -> None:
        """End the note of one place, if there is one."""
        note_id = self._sounding.pop((channel, pitch), None)
        if note_id is not None:
            self._port.end_note(note_id, at_s)

    def end_all(self, at_s: float) -> None:
        """End every note: the keyboard is gone."""
        for channel, pitch in list(self._sounding):
            self.end(at_s, channel, pitch)
