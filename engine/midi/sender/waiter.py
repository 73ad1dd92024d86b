"""Waiting for a deadline or for news, whichever comes first.

Three stages: sleep on the inbox until shortly before the deadline, sleep in small steps, then
spin. The spin is as long as sleeping has lately overshot, and nothing spins without a deadline.
"""

import queue
import sys
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from engine.midi.ports.port import Clock

__all__ = ["Waiter"]

T = TypeVar("T")

# Windows wakes waiters on its 15.6 ms tick; its `time.sleep` is precise since Python 3.11.
_COARSE_S = 0.02 if sys.platform == "win32" else 0.002
_STEP_S = 0.001
_SPIN_MIN_S = 50e-6
_SPIN_MAX_S = 1.5e-3
_SPIN_MARGIN = 1.5  # times the overshoot seen
_SPIN_DECAY = 0.98  # per sleep: one bad moment is forgotten after a few dozen notes


class Waiter(Generic[T]):
    """Waits with the precision of a spin at nearly the cost of a sleep.

    Parameters
    ----------
    inbox : queue.SimpleQueue
        Where news arrives. Its ``put`` may be called from signal handlers.
    clock, sleep : callable
        `time.perf_counter` and `time.sleep`, or a test's own.
    """

    def __init__(
        self,
        inbox: "queue.SimpleQueue[T]",
        clock: Clock = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._sleep = sleep
        self.spin_s = _SPIN_MAX_S / 2
        """How long before a deadline sleeping stops [s]."""

    def wait(self, deadline_s: float | None, longest_s: float, *, precise: bool) -> T | None:
        """Return news at once when there is any, else None when it is time.

        Parameters
        ----------
        deadline_s : float or None
            Moment to return at [s], if it comes within ``longest_s``.
        longest_s : float
            Return then at the latest [s].
        precise : bool
            Whether the deadline is worth a spin.
        """
        target = self._clock() + longest_s
        if deadline_s is None or deadline_s > target:
            precise = False
        else:
            target = deadline_s
        while True:
            left = target - self._clock()
            try:
                if left <= 0.0:
                    return self._inbox.get_nowait()
                if not precise:
                    return self._inbox.get(timeout=left)
                if left > _COARSE_S:
                    return self._inbox.get(timeout=left - _COARSE_S)
                if left > self.spin_s:
                    return self._inbox.get_nowait()
            except queue.Empty:
                if left <= 0.0:
                    return None
            if not precise or left > _COARSE_S:
                continue
            if left > self.spin_s:
                self._step(min(left - self.spin_s, _STEP_S))
            else:
                while self._clock() < target:
                    pass

    def _step(self, seconds: float) -> None:
        start = self._clock()
        self._sleep(seconds)
        overshoot = self._clock() - start - seconds
        wanted = max(overshoot * _SPIN_MARGIN, self.spin_s * _SPIN_DECAY)
        self.spin_s = min(max(wanted, _SPIN_MIN_S), _SPIN_MAX_S)
