"""Hard cuts, as opposed to fades, flashes and movement.

A cut is one jump of the picture's signature that stands out from its surroundings: above the
local median by many times the median absolute deviation (movement and noise), above its
neighbours (fades and dissolves are many small jumps), and lasting (after a flash the picture is
the old one again). That needs a look 0.4 s ahead.
"""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Final

from engine.video.look import Look, distance

__all__ = ["AHEAD", "REFRACTORY_S", "CutDetector"]

REFRACTORY_S: Final = 1.0
"""Shots shorter than this are part of the one before [s]."""
AHEAD: Final = 4
"""Analysis frames that must follow before a jump can be called a cut."""

_BEHIND: Final = 20  # analysis frames of the local median
_FLOOR: Final = 0.08  # smallest jump that can be a cut, see `engine.video.look.distance`
_DARK: Final = 0.3  # brightness below which everything, the floor too, is smaller
_DARKEST: Final = 0.06
_DEVIATIONS: Final = 6.0
_CLEAR: Final = 0.25  # above the median by that much is a jump in whatever turmoil
_MAD_TO_STD: Final = 1.4826
_ABOVE_NEIGHBOURS: Final = 1.8
_LASTING: Final = 0.3
_SLACK_S: Final = 0.05  # half an analysis frame: cuts one second apart are one second apart


@dataclass(frozen=True, slots=True)
class _Jump:
    """Change from the analysis frame before: its size, time, and the looks on either side."""

    size: float
    time_s: float
    before: Look
    after: Look


class CutDetector:
    """Finds cuts in a stream of jumps between analysis frames."""

    def __init__(self) -> None:
        self._jumps: deque[_Jump] = deque(maxlen=_BEHIND + 1 + AHEAD)
        self._undecided = 0
        self._last_cut_s = -REFRACTORY_S

    def push(self, size: float, time_s: float, before: Look, after: Look) -> float | None:
        """Take the jump from one analysis frame to the next; return the time of a cut, or None.

        Parameters
        ----------
        size : float
            `distance` of the two frames.
        time_s : float
            When the picture changed most between them [s]; what is returned if it was a cut.
        before, after : Look
            The two frames.
        """
        self._jumps.append(_Jump(size, time_s, before, after))
        self._undecided += 1
        if self._undecided <= AHEAD:
            return None
        return self._decide()

    def finish(self) -> list[float]:
        """Decide about the last frames, which nothing follows; return the times of cuts."""
        found = []
        while self._undecided:
            cut_s = self._decide()
            if cut_s is not None:
                found.append(cut_s)
        return found

    def _decide(self) -> float | None:
        """Say whether the oldest undecided jump is a cut."""
        index = len(self._jumps) - self._undecided
        self._undecided -= 1
        jump = self._jumps[index]
        light = max(jump.before.brightness, jump.after.brightness)
        floor = _FLOOR * min(1.0, max(light, _DARKEST) / _DARK)
        if jump.size < floor or jump.time_s - self._last_cut_s < REFRACTORY_S - _SLACK_S:
            return None
        others = [other.size for place, other in enumerate(self._jumps) if place != index]
        near = [
            self._jumps[place].size
            for place in range(max(0, index - 3), min(len(self._jumps), index + 4))
            if place != index
        ]
        if others:
            middle = median(others)
            deviation = _MAD_TO_STD * median(abs(size - middle) for size in others)
            if jump.size < middle + min(_DEVIATIONS * deviation, _CLEAR):
                return None
            if jump.size < _ABOVE_NEIGHBOURS * max(near, default=0.0):
                return None
        if distance(jump.before, self._jumps[-1].after) < _LASTING * jump.size:
            return None
        self._last_cut_s = jump.time_s
        return jump.time_s
