"""Distance of generated music to real music of the same quadrant, feature by feature."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import wasserstein_distance

from export_onnx.judges.notes import Notes
from export_onnx.judges.statistics import polyphony

__all__ = ["FEATURES", "Likeness", "likeness", "overlap", "sample"]

_BINS: Final = 24
_SHORTEST_GAP_S: Final = 0.03


def _of_clip(function: Callable[[Notes], float]) -> Callable[[Notes], np.ndarray]:
    return lambda notes: np.array([function(notes)], np.float64)


def _gaps(notes: Notes) -> np.ndarray:
    gaps: np.ndarray = np.log(np.maximum(np.diff(notes.onsets_s()), _SHORTEST_GAP_S))
    return gaps


FEATURES: Final[Mapping[str, Callable[[Notes], np.ndarray]]] = {
    "pitch range": _of_clip(lambda notes: float(np.ptp(notes.pitch))),
    "pitch classes": _of_clip(lambda notes: float(len(np.unique(notes.pitch % 12)))),
    "polyphony": _of_clip(polyphony),
    "notes per second": _of_clip(lambda notes: len(notes) / notes.seconds),
    "velocity": lambda notes: notes.velocity.astype(np.float64),
    "inter-onset": _gaps,
}
"""Feature → its values in one clip: one value, or one per note or (log) gap between onsets."""


@dataclass(frozen=True)
class _Values:
    """Values of one feature over a set of clips; every clip weighs the same, weights sum to 1."""

    values: np.ndarray
    weights: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.values @ self.weights)


@dataclass(frozen=True)
class Likeness:
    """Distance of one set of clips from another in one feature.

    Attributes
    ----------
    mean, reference_mean : float
        Of the set and of what it is compared with (inter-onset: log seconds).
    distance : float
        Wasserstein-1 distance in standard deviations of the reference.
    overlap : float
        Shared area of the two histograms, 0..1.
    """

    feature: str
    mean: float
    reference_mean: float
    distance: float
    overlap: float


def sample(clips: Sequence[Notes], feature: str) -> _Values:
    """Return the values of a feature over clips."""
    parts = [part for clip in clips if (part := FEATURES[feature](clip)).size]
    weights = [np.full(part.size, 1.0 / (part.size * len(parts))) for part in parts]
    return _Values(np.concatenate(parts), np.concatenate(weights))


def overlap(first: _Values, second: _Values) -> float:
    """Return the shared area of two histograms over their common range, 0..1."""
    values = np.concatenate([first.values, second.values])
    edges = np.linspace(values.min(), values.max() + 1e-9, _BINS + 1)
    shares = [np.histogram(one.values, edges, weights=one.weights)[0] for one in (first, second)]
    return float(np.minimum(*shares).sum())


def likeness(clips: Sequence[Notes], reference: Sequence[Notes]) -> list[Likeness]:
    """Compare a set of clips with a reference in every feature; equal sets are 0 apart."""
    rows = []
    for feature in FEATURES:
        mine, real = sample(clips, feature), sample(reference, feature)
        spread = float(np.sqrt(real.weights @ (real.values - real.mean) ** 2))
        apart = wasserstein_distance(mine.values, real.values, mine.weights, real.weights)
        distance = float(apart) / max(spread, 1e-9)
        rows.append(Likeness(feature, mine.mean, real.mean, distance, overlap(mine, real)))
    return rows
