"""How major or minor a handful of notes is, by the key profiles of Krumhansl and Kessler."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAJOR_PROFILE", "MINOR_PROFILE", "key_correlations", "major_minus_minor"]

MAJOR_PROFILE: Final = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE: Final = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""Probe-tone ratings from the tonic up (Krumhansl & Kessler 1982)."""


def _rotations(profile: tuple[float, ...]) -> NDArray[np.float64]:
    """Centred profile of unit length on each of the twelve tonics, shape (12, 12)."""
    centred = np.asarray(profile) - np.mean(profile)
    centred /= np.linalg.norm(centred)
    return np.stack([np.roll(centred, tonic) for tonic in range(12)])


_ROTATIONS: Final = np.concatenate([_rotations(MAJOR_PROFILE), _rotations(MINOR_PROFILE)])


def key_correlations(histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of a pitch-class histogram with the 24 keys, shape (24,).

    Parameters
    ----------
    histogram : ndarray, shape (12,)
        Weight per pitch class, from C up, such as seconds sounded. Twelve equal weights
        correlate with nothing: all zero.

    Returns
    -------
    ndarray
        Pearson correlations in [-1, 1]: twelve major keys from C up, then twelve minor.
    """
    centred = np.asarray(histogram, np.float64) - np.mean(histogram)
    length = float(np.linalg.norm(centred))
    if length < 1e-12:
        return np.zeros(24)
    return _ROTATIONS @ (centred / length)


def major_minus_minor(histogram: NDArray[np.float64]) -> float:
    """Return the best major minus the best minor correlation: above 0 sounds major."""
    correlations = key_correlations(histogram)
    return float(correlations[:12].max() - correlations[12:].max())
