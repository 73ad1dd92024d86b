"""An engine's end that plays a known pattern: the real line and transport, notes of our own."""

import math
import threading
import time
from types import TracebackType

from engine.midi.plugin_output import PluginOutput
from engine.plugin.link import PluginLink
from engine.sync.plugin import PluginSync

__all__ = ["PatternEngine", "nearest"]

_LEAD_S = 0.05
_ODD = 1 / 7  # of a beat: nowhere near a frame


class PatternEngine:
    """On every eighth one note, and another a seventh of a beat later; every fourth is long."""

    def __init__(self) -> None:
        self.link = PluginLink()
        self.sync = PluginSync(self.link, 120.0)
        self.output = PluginOutput(self.link, self.sync.place)
        self._next = 0
        self._id = 1
        self._jumps = self.sync.clock.jumps
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "PatternEngine":
        self.sync.open()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self.output.stop()
        self.link.stop()

    def _run(self) -> None:
        while not self._stopping.wait(0.003):
            self.turn(time.perf_counter())

    def turn(self, now_s: float) -> None:
        """Hand over what is due."""
        self.sync.poll(now_s)
        clock = self.sync.clock
        if clock.jumps != self._jumps:
            self._jumps = clock.jumps
            self.output.cancel_after(now_s)
            self._next = math.ceil(clock.landing * 2)
        if not clock.running:
            return
        while (on := self._next / 2) < clock.beat_at(now_s + _LEAD_S):
            long = self._next % 4 == 0
            self._note(on, 8.0 if long else 0.1, 60 + self._next % 12)
            self._note(on + _ODD, 0.1, 72)
            self._next += 1

    def _note(self, on: float, length: float, pitch: int) -> None:
        clock = self.sync.clock
        self.output.note(self._id, clock.time_at(on), clock.time_at(on + length), 0, pitch, 100)
        self._id += 1


def nearest(beat: float) -> float:
    """Return the beat of the pattern that is nearest."""
    return min(
        (round(beat * 2) / 2, round((beat - _ODD) * 2) / 2 + _ODD), key=lambda b: abs(b - beat)
    )
