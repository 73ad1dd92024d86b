"""When a child process or a device that was lost is started again."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.errors import DeviceError

__all__ = ["Losses", "Restarts", "search"]


@dataclass(frozen=True, slots=True)
class Restarts:
    """A restart policy.

    Attributes
    ----------
    pauses_s : tuple of float
        Pause before a restart, by how many losses there were within `within_s` [s]; the last
        one repeats.
    give_up_after : int or None
        So many losses within `within_s` end the restarts; None: never.
    most : int or None
        So many restarts within `within_s` at most: the next one waits; None: any number.
    within_s : float
        Losses longer ago than this are forgotten [s].
    """

    pauses_s: tuple[float, ...]
    give_up_after: int | None = None
    most: int | None = None
    within_s: float = 60.0


class Losses:
    """Counts losses under a policy, and says how long to wait after each."""

    def __init__(self, policy: Restarts) -> None:
        self._policy = policy
        kept = max(len(policy.pauses_s), policy.give_up_after or 0, policy.most or 0)
        self._at_s: deque[float] = deque(maxlen=kept)

    def pause_s(self, now_s: float) -> float | None:
        """Count a loss at ``now_s``; return the pause before the restart [s], None to give up."""
        policy = self._policy
        recent = sum(at_s > now_s - policy.within_s for at_s in self._at_s)
        if policy.give_up_after is not None and recent >= policy.give_up_after:
            return None
        pause_s = policy.pauses_s[min(recent, len(policy.pauses_s) - 1)]
        if policy.most is not None and recent >= policy.most:
            pause_s = max(pause_s, self._at_s[-policy.most] + policy.within_s - now_s)
        self._at_s.append(now_s + pause_s if math.isfinite(policy.within_s) else now_s)
        return pause_s

    def forget(self) -> None:
        """Start counting from nothing."""
        self._at_s.clear()


_Opened = TypeVar("_Opened")
_SEARCH: Final = Restarts((0.2, 0.5, 1.0, 2.0), within_s=math.inf)


def search(
    open_: Callable[[], _Opened], stopped: threading.Event, failed: Callable[[str], None]
) -> _Opened | None:
    """Open a lost device again, and wait until it is there; None once ``stopped`` is set.

    Parameters
    ----------
    open_ : callable
        Opens it, or raises `DeviceError`.
    failed : callable
        Gets the reason of every attempt that failed.
    """
    attempts = Losses(_SEARCH)
    while not stopped.wait(attempts.pause_s(time.perf_counter())):
        try:
            return open_()
        except DeviceError as error:
            failed(str(error))
    return None
