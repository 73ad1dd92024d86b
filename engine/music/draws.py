"""Random draws that depend on where they are used, not on when.

A draw is a hash of (seed, purpose, place). Asking twice gives the same answer and no draw
moves another, so a draft redrawn under the same target is the same music and undoing one
needs no generator state.
"""

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from zlib import crc32

__all__ = ["Draws"]

_MASK = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15
_GOLDEN_RATIO = 0.6180339887498949
_NORMAL = NormalDist()


def _mix(value: int) -> int:
    """Scramble 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@lru_cache(maxsize=512)
def _purpose(name: str) -> int:
    return crc32(name.encode())


class Draws:
    """Keyed random numbers.

    Parameters
    ----------
    seed : int
        Any integer; only its low 64 bits count.
    """

    __slots__ = ("_base", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._base = _mix(seed & _MASK)

    def bits(self, purpose: str, *place: int) -> int:
        """Return 64 random bits for this purpose and place."""
        value = _mix(self._base ^ _purpose(purpose))
        for index in place:
            value = _mix(value ^ (index & _MASK))
        return value

    def uniform(self, purpose: str, *place: int) -> float:
        """Return a number in [0, 1)."""
        return (self.bits(purpose, *place) >> 11) * 2.0**-53

    def normal(self, purpose: str, *place: int) -> float:
        """Return a standard normal number, cut at ±3."""
        u = self.uniform(purpose, *place)
        return max(-3.0, min(3.0, _NORMAL.inv_cdf(min(max(u, 1e-9), 1.0 - 1e-9))))

    def even(self, purpose: str, index: int) -> float:
        """Return a number in [0, 1) whose values over consecutive ``index`` fill the range evenly.

        An additive golden-ratio sequence with a seeded offset: shares hold already over a
        few draws, where independent draws would clump.
        """
        return (self.uniform(purpose) + index * _GOLDEN_RATIO) % 1.0

    def pick(self, weights: Sequence[float], purpose: str, *place: int) -> int:
        """Return an index drawn in proportion to ``weights`` (>= 0, not all 0)."""
        return _share(weights, self.uniform(purpose, *place))

    def pick_even(self, weights: Sequence[float], purpose: str, index: int) -> int:
        """Return an index as `pick` does, from an `even` number."""
        return _share(weights, self.even(purpose, index))


def _share(weights: Sequence[float], point: float) -> int:
    """Return the index whose share of the total weight holds ``point`` in [0, 1)."""
    left = point * sum(weights)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0.0:
            return index
    return max(range(len(weights)), key=weights.__getitem__)
