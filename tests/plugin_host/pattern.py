"""An engine's end that plays a known pattern: the real line and transport, notes of our own."""

import math
import threading
import time
from types import TracebackType

from engine.midi.plugin_output import PluginOutput
from engine.plugin.instance import Instance
from engine.plugin.link import PluginLink
from engine.plugin.protocol import Block, ParameterChange, encode_horizon
from engine.sync.plugin import OfflineSync, PluginSync

__all__ = ["PatternEngine", "nearest"]

_LEAD_S = 0.05
_ODD = 1 / 7  # of a beat: nowhere near a frame


class PatternEngine:
    """On every eighth one note, and another a seventh of a beat later; every fourth is long.

    Parameters
    ----------
    offline : bool
        Answer each block of a host that renders; else play in time.
    """

    def __init__(self, offline: bool = False) -> None:
        self.link = PluginLink()
        self.sync = OfflineSync(self.link, 120.0) if offline else PluginSync(self.link, 120.0)
        self.output = PluginOutput(self.link, self.sync.place)
        self._next = 0
        self._id = 1
        self._jumps = self.sync.clock.jumps
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "PatternEngine":
        if isinstance(self.sync, OfflineSync):
            self.link.on_offline = self._answer
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
            if self.link.on_offline is None:
                self.sync.poll(now_s := time.perf_counter())
                self.turn(now_s, _LEAD_S)

    def _answer(self, instance: Instance, said: Block | ParameterChange) -> None:
        if isinstance(said, Block) and isinstance(self.sync, OfflineSync):
            assert instance.hello is not None
            rate = instance.hello.rate
            self.sync.follow(said, said.frame / rate)
            self.turn(said.frame / rate, said.frames / rate + _LEAD_S)
            instance.send(encode_horizon(said.frame + said.frames))

    def turn(self, now_s: float, lead_s: float) -> None:
        """Hand over what is due."""
        clock, count = self.sync.clock, self.sync.count
        if clock.jumps != self._jumps:
            self._jumps = clock.jumps
            self.output.cancel_after(now_s)
            self._next = math.ceil(count.quarter(clock.landing) * 2)
        if not clock.running:
            return
        while (on := self._next / 2) < count.quarter(clock.beat_at(now_s + lead_s)):
            long = self._next % 4 == 0
            self._note(on, 8.0 if long else 0.1, 60 + self._next % 12)
            self._note(on + _ODD, 0.1, 72)
            self._next += 1

    def _note(self, on: float, length: float, pitch: int) -> None:
        begin, end = (
            self.sync.clock.time_at(self.sync.count.beat(each)) for each in (on, on + length)
        )
        self.output.note(self._id, begin, end, 0, pitch, 100)
        self._id += 1


def nearest(beat: float) -> float:
    """Return the beat of the pattern that is nearest."""
    return min(
        (round(beat * 2) / 2, round((beat - _ODD) * 2) / 2 + _ODD), key=lambda b: abs(b - beat)
    )
