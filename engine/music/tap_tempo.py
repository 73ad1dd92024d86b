"""Tempo from taps."""

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from engine.music.clock import TEMPO_RANGE_BPM

__all__ = ["TapTempo"]

_TAPS: Final = 5
_LONGEST_S: Final = 2.5
"""After a longer pause tapping starts anew."""


class TapTempo:
    """Tempo from the median distance of the last few taps: one bad tap does no harm.

    Parameters
    ----------
    clock : callable
        Time [s].
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._taps: list[float] = []

    def tap(self) -> float | None:
        """Count one tap; return the tempo [quarter notes per minute] from the third tap on.

        None also where no music has such a tempo.
        """
        now_s = self._clock()
        if self._taps and now_s - self._taps[-1] > _LONGEST_S:
            self._taps.clear()
        self._taps = [*self._taps, now_s][-_TAPS:]
        if len(self._taps) < 3:
            return None
        step_s = median(b - a for a, b in zip(self._taps, self._taps[1:], strict=False))
        if step_s <= 0.0:
            return None
        tempo_bpm = round(60.0 / step_s, 1)
        low, high = TEMPO_RANGE_BPM
        return tempo_bpm if low <= tempo_bpm <= high else None
