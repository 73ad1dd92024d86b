"""A receiver that keeps books: what sounds there since when, and how notes came."""

import threading
import time
from collections import deque

from engine.bench.soak.jack_rig import Heard, JackServer, MidiDump

__all__ = ["Receiver", "Place"]

Place = tuple[int, int]
"""Channel and pitch."""

_BURST_S = 0.05


class Receiver(MidiDump):
    """`MidiDump` in constant memory; times are `time.perf_counter` at our end of its pipe [s].

    Attributes
    ----------
    notes : int
        Note-ons heard.
    last_on_s : float
        When the last one came.
    doubled : int
        Note-ons at a place that still sounded: their note-off is missing.
    most_at_once : int
        Most note-ons within 50 ms since `reset_burst`.
    """

    def __init__(self, server: JackServer, name: str) -> None:
        self.notes = 0
        self.last_on_s = 0.0
        self.doubled = 0
        self.most_at_once = 0
        self._recent: deque[float] = deque(maxlen=1024)
        self._close_by: deque[float] = deque(maxlen=1024)
        self._sounding: dict[Place, float] = {}
        self._books = threading.Lock()
        super().__init__(server, name)

    @property
    def sounding(self) -> dict[Place, float]:
        """What sounds: channel and pitch → since when [s]."""
        with self._books:
            return dict(self._sounding)

    def take(self, message: Heard) -> None:
        """Enter one message."""
        now = time.perf_counter()
        with self._books:
            if message.is_on:
                self.doubled += message.place in self._sounding
                self._sounding[message.place] = now
                self.notes += 1
                self.last_on_s = now
                self._recent.append(now)
                self._close_by.append(now)
                while self._close_by[0] < now - _BURST_S:
                    self._close_by.popleft()
                self.most_at_once = max(self.most_at_once, len(self._close_by))
            elif message.is_off:
                self._sounding.pop(message.place, None)
            elif message.kind == 0xB0 and message.data[1] in (120, 123):
                # All sound off, all notes off: any receiver obeys, and so does this one.
                channel = message.data[0] & 15
                for place in [place for place in self._sounding if place[0] == channel]:
                    del self._sounding[place]

    def first_on_after(self, time_s: float) -> float:
        """Return when the first note-on after a time came, of the last thousand [s]."""
        with self._books:
            return next((at_s for at_s in self._recent if at_s >= time_s), time.perf_counter())

    def reset_burst(self) -> int:
        """Return the most note-ons within 50 ms since the last call, and begin anew."""
        with self._books:
            most, self.most_at_once = self.most_at_once, 0
        return most
