"""Quadrant probabilities of a valence and an arousal that are not certain."""

import math

__all__ = ["quadrant_masses"]

_LEAST_STD = 1e-3


def quadrant_masses(
    valence: float, arousal: float, valence_std: float, arousal_std: float
) -> tuple[float, float, float, float]:
    """Return the masses of Q1 (+V +A), Q2 (-V +A), Q3 (-V -A) and Q4 (+V -A); sum 1.

    They are those of two independent normal distributions, so that the most probable quadrant is
    always that of the signs of valence and arousal. Deviations are >= 0.
    """
    bright = _above_zero(valence, valence_std)
    awake = _above_zero(arousal, arousal_std)
    return (
        bright * awake,
        (1.0 - bright) * awake,
        (1.0 - bright) * (1.0 - awake),
        bright * (1.0 - awake),
    )


def _above_zero(mean: float, std: float) -> float:
    return 0.5 * (1.0 + math.erf(mean / (max(std, _LEAST_STD) * math.sqrt(2.0))))
