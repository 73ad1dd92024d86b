"""Adapts to the venue: what is usual here becomes the middle.

A club never sounds calm and a chapel never excited. The running mean of what was heard is moved
towards neutral, so that the differences within the evening use the whole plane.
"""

import math

__all__ = ["Recentre"]

SPAN_S = 180.0
"""Time constant of the running mean [s]: longer than a song section, shorter than a set."""


class Recentre:
    """Shifts valence and arousal by a share of their running mean.

    Real-time: safe.

    Parameters
    ----------
    span_s : float
        Time constant of the running mean [s].
    """

    def __init__(self, span_s: float = SPAN_S) -> None:
        self._span_s = span_s
        self.reset()

    def reset(self) -> None:
        """Forget the venue."""
        self._weight = 0.0
        self._sums = [0.0, 0.0]

    @property
    def mean(self) -> tuple[float, float]:
        """What has been usual so far, neutral before anything was heard.

        The prior weight of a quarter span keeps the first seconds from becoming the middle.
        """
        weight = self._weight + self._span_s / 4.0
        return self._sums[0] / weight, self._sums[1] / weight

    def hear(self, valence: float, arousal: float, seconds: float) -> None:
        """Take what was heard for so long [s]."""
        keep = math.exp(-seconds / self._span_s)
        self._weight = keep * self._weight + seconds
        for axis, value in enumerate((valence, arousal)):
            self._sums[axis] = keep * self._sums[axis] + value * seconds

    def apply(self, valence: float, arousal: float, strength: float) -> tuple[float, float]:
        """Return the emotion relative to the venue; strength 0 leaves it, 1 takes all."""
        mean_valence, mean_arousal = self.mean
        return valence - strength * mean_valence, arousal - strength * mean_arousal
