"""Movement as a share of what is usual: a causal quantile.

A camera in a dark club and a film trailer differ tenfold in raw differences. Each value is
therefore ranked among a reference and what was seen lately. The reference never fades out, so
a calm film stays calmer than a wild one.
"""

from typing import Final

import numpy as np

__all__ = ["MotionScale"]

# Logarithmic bins of the mean absolute RGB difference (0..255).
_LOWEST: Final = 0.1
_HIGHEST: Final = 64.0
_BINS: Final = 64
_WIDTH: Final = np.log(_HIGHEST / _LOWEST) / _BINS
_SPREAD: Final = 0.35  # of one observation [nats]: no step where all values are alike
_REFERENCE: Final = (np.log(3.0), 1.2)
"""Median and spread [nats] of differences between frames 0.1 s apart; a log-normal guess whose
quartiles, 1.3 and 6.7, are meant for a talking head and a moving camera."""
_REFERENCE_FRAMES: Final = 600.0
_MEMORY_FRAMES: Final = 300.0


class MotionScale:
    """Ranks raw motion among a reference (a minute's worth) and the last half minute."""

    def __init__(self) -> None:
        self._centres = np.log(_LOWEST) + (np.arange(_BINS) + 0.5) * _WIDTH
        middle, spread = _REFERENCE
        reference = np.exp(-0.5 * ((self._centres - middle) / spread) ** 2)
        self._reference = reference * (_REFERENCE_FRAMES / reference.sum())
        self._seen = np.zeros(_BINS)
        self._still = 0.0

    def push(self, motion_rgb: float) -> float:
        """Take a mean absolute difference (0..255); return its rank, 0..1.

        A picture that does not move at all ranks 0.
        """
        total = self._reference.sum() + self._seen.sum() + self._still
        place = (np.log(max(motion_rgb, 1e-9)) - np.log(_LOWEST)) / _WIDTH
        below = np.clip(place - np.arange(_BINS), 0.0, 1.0)
        moving = float(((self._reference + self._seen) * below).sum())
        rank = (moving + self._still) / total if place > 0.0 else 0.0
        keep = 1.0 - 1.0 / _MEMORY_FRAMES
        self._seen *= keep
        self._still *= keep
        if place > 0.0:
            kernel = np.exp(
                -0.5 * ((self._centres - np.log(min(motion_rgb, _HIGHEST))) / _SPREAD) ** 2
            )
            self._seen += kernel / kernel.sum()
        else:
            self._still += 1.0
        return float(rank)
