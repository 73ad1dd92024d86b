"""Looks at what the engine's processes hold, again and again, and draws the trend."""

import statistics
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.bench.soak.processes import Taken, taken_by
from engine.bench.soak.stage import Stage

__all__ = ["ResourceWatch", "trend"]

_PERIOD_S = 10.0
_SETTLING_S = 180.0
_SHORTEST_S = 600.0


@dataclass(slots=True)
class _Life:
    """Looks at one process: seconds and what it held."""

    role: str
    pid: int
    times_s: list[float] = field(default_factory=list)
    looks: list[Taken] = field(default_factory=list)


class ResourceWatch:
    """Takes a look every ten seconds from `start` to `stop`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._lives: dict[int, _Life] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resource-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def summary(self) -> dict[str, Any]:
        """Return, per role, the longest life: first and last look, and memory's slope.

        The slope [MB/h] leaves out the first three minutes, and is None for a life below ten
        minutes: start-up is no leak.
        """
        longest: dict[str, _Life] = {}
        for life in list(self._lives.values()):
            known = longest.get(life.role)
            if known is None or len(life.times_s) > len(known.times_s):
                longest[life.role] = life
        return {role: _described(life) for role, life in sorted(longest.items())}

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stopping.wait(_PERIOD_S):
            for role, pid in self._stage.processes().items():
                taken = taken_by(pid)
                if taken is not None:
                    life = self._lives.setdefault(pid, _Life(role, pid))
                    life.role = role  # a spare becomes the sender
                    life.times_s.append(time.monotonic() - began)
                    life.looks.append(taken)


def _described(life: _Life) -> dict[str, Any]:
    lived_s = life.times_s[-1] - life.times_s[0]
    late = [
        (at_s, taken.memory_mb)
        for at_s, taken in zip(life.times_s, life.looks, strict=True)
        if at_s - life.times_s[0] >= _SETTLING_S
    ]
    slope = round(trend(late) * 3600.0, 2) if lived_s >= _SHORTEST_S else None
    return {
        "lived_s": round(lived_s),
        "memory_slope_mb_per_h": slope,
        "first": asdict(life.looks[0]),
        "last": asdict(life.looks[-1]),
        "most_threads": max(taken.threads for taken in life.looks),
        "most_files": max(taken.files for taken in life.looks),
    }


def trend(points: list[tuple[float, float]]) -> float:
    """Return the slope of the straight line through points, by least squares; 0 for one."""
    try:
        return statistics.linear_regression(*zip(*points, strict=True)).slope
    except (statistics.StatisticsError, TypeError):  # too few, or all at once
        return 0.0
