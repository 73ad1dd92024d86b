"""Passing a keyboard's messages on to our output port, each note with an end that is sure.

A note-on goes out with an end an hour away, which the note-off moves to now: whatever dies in
between, the sender knows the note and ends it. Every input is a holder of its own
(`engine.midi.holders`): what one keyboard lets go of, another may still hold.
"""

from engine.midi.holders import PERFORMER, first_id
from engine.midi.messages import ends_notes
from engine.midi.output import NoteOutput

__all__ = ["Thru"]

_HELD_S = 3600.0
_SHORTEST_S = 0.001
"""A note-on and its note-off may come at the very same time [s]."""


class Thru:
    """Passes notes, controllers, programs, pitch bends and pressures on.

    Parameters
    ----------
    port : NoteOutput
        Where they go.
    """

    def __init__(self, port: NoteOutput) -> None:
        self._port = port
        # Input, channel and pitch → number of the note and when it began [s].
        self._sounding: dict[tuple[int, int, int], tuple[int, float]] = {}
        self._next_ids: dict[int, int] = {}

    def send(self, at_s: float, message: bytes, source: int = 0) -> None:
        """Pass one message of an input on, due at its own time; clocks and SysEx stay behind."""
        if not 2 <= len(message) <= 3:
            return
        status, channel = message[0] & 0xF0, message[0] & 15
        first, second = message[1], message[2] if len(message) > 2 else 0
        port, holder = self._port, PERFORMER + source
        if status == 0x90 and second:
            self._end(at_s, source, channel, first)
            note_id = self._next_ids.get(source, first_id(holder))
            self._next_ids[source] = note_id + 1
            self._sounding[source, channel, first] = note_id, at_s
            port.note(note_id, at_s, at_s + _HELD_S, channel, first, second)
        elif status in (0x80, 0x90):
            self._end(at_s, source, channel, first)
        elif status == 0xA0:
            port.key_pressure(at_s, channel, first, second, holder)
        elif status == 0xB0:
            if ends_notes(first):
                self._forget(source, channel)  # the sender ends them
            port.control(at_s, channel, first, second, holder)
        elif status == 0xC0:
            port.program(at_s, channel, first)
        elif status == 0xD0:
            port.pressure(at_s, channel, first, holder)
        elif status == 0xE0:
            port.bend(at_s, channel, first | second << 7, holder)

    def forget(self) -> None:
        """Take it that nothing sounds any more: there was a panic."""
        self._sounding.clear()

    def _forget(self, source: int, channel: int) -> None:
        for place in [place for place in self._sounding if place[:2] == (source, channel)]:
            del self._sounding[place]

    def _end(self, at_s: float, source: int, channel: int, pitch: int) -> None:
        note_id, on_s = self._sounding.pop((source, channel, pitch), (-1, 0.0))
        if note_id >= 0:
            self._port.end_note(note_id, max(at_s, on_s + _SHORTEST_S))
