"""MIDI clock out: others follow us, 24 clocks a quarter note.

Clocks are sent only while the music moves. From beat 0 it begins with Start, elsewhere with a
song position pointer and Continue, on the next sixteenth.
"""

import math

from engine.midi.output import NoteOutput
from engine.music.clock import Clock
from engine.sync.follower import CLOCKS_PER_BEAT, CLOCKS_PER_SIXTEENTH

__all__ = ["ClockLeader"]

_LEAD_S = 0.05  # clocks are handed over so long before their time; the sender wants 30 ms
_NOTICE_S = 0.01  # between Start and the first clock, so that slow followers are ready
_STALL_S = 0.5  # longer behind, position is announced anew instead of sending a burst
_POSITIONS = 1 << 14  # the pointer has 14 bits: 4096 quarter notes, then it begins anew
_CLOCK, _START, _CONTINUE, _STOP = 0xF8, 0xFA, 0xFB, 0xFC


class ClockLeader:
    """Sends a clock's beat as MIDI clock."""

    def __init__(self, port: NoteOutput) -> None:
        self._port = port
        self._jumps: int | None = None
        self._next = 0  # clocks since beat 0
        self._sent_s = -math.inf
        self._moving = False

    def advance(self, clock: Clock, now_s: float) -> None:
        """Hand over what is due soon; call every few milliseconds."""
        if clock.jumps != self._jumps:
            self._jumps = clock.jumps
            self._halt(now_s)
            if clock.running:
                self._begin(clock, now_s, clock.landing)
        if not clock.running:
            return
        if clock.time_at(self._next / CLOCKS_PER_BEAT) < now_s - _STALL_S:
            self._halt(now_s)
            self._begin(clock, now_s, clock.beat_at(now_s))
        while (at_s := clock.time_at(self._next / CLOCKS_PER_BEAT)) <= now_s + _LEAD_S:
            self._send(at_s, _CLOCK)
            self._next += 1

    def stop(self, now_s: float) -> None:
        """Send Stop for good; clocks handed over ahead may never leave."""
        if self._moving:
            self._moving = False
            self._port.realtime(now_s, _STOP)

    def _halt(self, now_s: float) -> None:
        """Send Stop after the clocks handed over ahead, so that it is counted from there."""
        if self._moving:
            self._moving = False
            self._send(now_s, _STOP)

    def _begin(self, clock: Clock, now_s: float, beat: float) -> None:
        sixteenth = max(0, math.ceil(beat * CLOCKS_PER_BEAT / CLOCKS_PER_SIXTEENTH - 1e-6))
        self._next = sixteenth * CLOCKS_PER_SIXTEENTH
        self._moving = True
        at_s = max(now_s, clock.time_at(self._next / CLOCKS_PER_BEAT) - _NOTICE_S)
        if sixteenth:
            self._sent_s = max(at_s, self._sent_s)
            self._port.song_position(self._sent_s, sixteenth % _POSITIONS)
            self._send(at_s, _CONTINUE)
        else:
            self._send(at_s, _START)

    def _send(self, at_s: float, status: int) -> None:
        """Keep the order: a tempo that rises may call for a clock before the last."""
        self._sent_s = max(at_s, self._sent_s)
        self._port.realtime(self._sent_s, status)
