"""Which beat of the bar it is, and how many a bar has, from what the network heard on each beat."""

from typing import Final

import numpy as np

__all__ = ["METRES", "BarFilter"]

METRES: Final = (2, 3, 4, 5, 6, 7)
"""Beats a bar may have."""

_COMMON = {2: 0.05, 3: 0.15, 4: 0.7, 5: 0.02, 6: 0.06, 7: 0.02}
_NEW_METRE = 0.004  # chance at a bar line
_SLIP = 0.01  # chance a beat that the count is lost
_LEAST, _MOST = 0.04, 0.96  # how sure a single beat may be
_MARGIN = 3.0  # another count must be so many times likelier before it is taken


class BarFilter:
    """A forward filter over metre and place in the bar; one step a beat."""

    def __init__(self) -> None:
        self._metre = np.concatenate([np.full(n, n) for n in METRES])
        self._place = np.concatenate([np.arange(n) for n in METRES])
        size = len(self._metre)
        self._prior = np.array([_COMMON[int(n)] / n for n in self._metre])
        self._prior /= self._prior.sum()
        change = np.zeros((size, size))
        starts = np.flatnonzero(self._place == 0)
        for i in range(size):
            if self._place[i] + 1 < self._metre[i]:
                change[i, i + 1] = 1.0
            else:
                own = i - self._place[i]
                change[i, own] = 1.0 - _NEW_METRE
                for start in starts:
                    change[i, start] += _NEW_METRE * _COMMON[int(self._metre[start])]
        self._change = (1.0 - _SLIP) * change + _SLIP * self._prior[None, :]
        self._allowed = np.ones(size)
        self._own = np.arange(size) - self._place  # first state of the same metre
        self._now = self._prior.copy()
        self._count = int(np.flatnonzero((self._metre == 4) & (self._place == 0))[0])

    def reset(self) -> None:
        """Forget what was heard; a fixed metre stays."""
        self._now = self._prior * self._allowed
        self._now /= self._now.sum()

    def fix_metre(self, metre: int | None) -> None:
        """Allow this metre only; None allows all."""
        self._allowed = np.ones_like(self._prior) if metre is None else 1.0 * (self._metre == metre)
        kept = self._now * self._allowed
        if kept.sum() <= 0.0:
            kept = self._prior * self._allowed
        self._now = kept / kept.sum()
        if not self._allowed[self._count]:
            self._count = int(self._now.argmax())

    def step(self) -> None:
        """Go on to the next beat."""
        own = int(self._own[self._count])
        self._count = own + (self._count - own + 1) % int(self._metre[self._count])
        moved = (self._now @ self._change) * self._allowed
        self._now = moved / moved.sum()

    def hear(self, downbeat: float) -> None:
        """Take the probability that the beat now is a downbeat, if it is a beat."""
        chance = min(max(downbeat, _LEAST), _MOST)
        heard = self._now * np.where(self._place == 0, chance, 1.0 - chance)
        self._now = heard / heard.sum()

    def set_one(self, ago: int = 0) -> None:
        """Take it that the beat so many ago (or to come, below 0) was the first of a bar."""
        metre = int(self._metre[self._count])
        shares = np.array([self._now[self._metre == n].sum() for n in METRES])
        here = self._place == ago % self._metre
        self._now = here * np.repeat(shares + 1e-6, METRES)
        self._now *= self._allowed
        self._now /= self._now.sum()
        self._count = int(np.flatnonzero(here & (self._metre == metre))[0])

    def read(self) -> tuple[int, int, float]:
        """Return number of the beat, metre, and the probability of both."""
        best = int(self._now.argmax())
        if self._now[best] > _MARGIN * self._now[self._count]:
            self._count = best
        at = self._count
        return int(self._place[at]) + 1, int(self._metre[at]), float(self._now[at])
