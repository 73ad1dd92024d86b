"""How well generated music follows its target, by measurements that know nothing of the engine.

Each piece of a grid of targets is described by five plain statistics of its notes. What was
realised is read from them in two ways: by a linear fit, each piece left out of its own, and
without any fit, as the mean of the standardised statistics in the directions the literature gives.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.events import NoteEvent
from engine.generators.registry import GENERATORS
from engine.music.profile import major_minus_minor
from engine.pipeline.offline import compose
from engine.settings.performance import Performance

__all__ = [
    "MEASUREMENTS",
    "describe",
    "left_out",
    "measure_control",
    "measure_engines",
    "r_squared",
    "spearman",
    "unfitted",
]

MEASUREMENTS = ("velocity", "log_onsets_per_s", "major_minus_minor", "pitch", "articulation")


def describe(notes: list[NoteEvent], seconds: float) -> NDArray[np.float64]:
    """Return the statistics named in `MEASUREMENTS`, shape (5,).

    Mean velocity; logarithm of onsets per second; best major minus best minor key-profile
    correlation; mean pitch; mean ratio of a note's length to the gap before its part's next onset.
    """
    onsets = {(round(note.onset * 24), note.channel) for note in notes}
    histogram = np.zeros(12)
    for note in notes:
        histogram[note.pitch % 12] += note.duration
    return np.array(
        [
            np.mean([note.velocity for note in notes]),
            np.log(len(onsets) / seconds),
            major_minus_minor(histogram),
            np.mean([note.pitch for note in notes]),
            np.mean(_articulation(notes)),
        ]
    )


def _articulation(notes: list[NoteEvent]) -> list[float]:
    ratios = []
    for channel in {note.channel for note in notes}:
        part = [note for note in notes if note.channel == channel]
        starts = np.unique([note.onset for note in part])
        for note in part:
            later = starts[starts > note.onset + 0.05]
            if later.size:
                ratios.append(min(2.0, note.duration / (float(later[0]) - note.onset)))
    return ratios


_DIRECTIONS = {
    "valence": {"major_minus_minor": 1.0, "pitch": 1.0},
    "arousal": {"velocity": 1.0, "log_onsets_per_s": 1.0, "articulation": -1.0},
}
"""What raises each axis (Gabrielsson & Lindström 2010; Juslin & Lindström 2010)."""
_RESAMPLES = 2000


def _standardised(features: NDArray[np.float64]) -> NDArray[np.float64]:
    spread: NDArray[np.float64] = np.maximum(features.std(0), 1e-9)
    standardised: NDArray[np.float64] = (features - features.mean(0)) / spread
    return standardised


def left_out(features: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each value as a linear fit to all others says it, shape (n,).

    Leave-one-out residuals come in closed form from the hat matrix.
    """
    design = np.column_stack([np.ones(len(values)), _standardised(features)])
    hat = design @ np.linalg.pinv(design)
    return np.asarray(values - (values - hat @ values) / (1.0 - np.diag(hat)))


def r_squared(features: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the cross-validated R² of a linear fit, each value left out once."""
    residuals = values - left_out(features, values)
    return float(1.0 - np.sum(residuals**2) / np.sum((values - values.mean()) ** 2))


def unfitted(features: NDArray[np.float64], axis: str) -> NDArray[np.float64]:
    """Return the mean of the standardised statistics that raise an axis, shape (n,)."""
    scaled = _standardised(features)
    signs = _DIRECTIONS[axis]
    columns = [sign * scaled[:, MEASUREMENTS.index(name)] for name, sign in signs.items()]
    return np.asarray(np.mean(columns, axis=0))


def spearman(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[float, tuple[float, float]]:
    """Return the rank correlation, and its 95 % interval over resampled pieces."""
    found = _rank_correlation(one, other)
    rng = np.random.default_rng(0)
    drawn = [
        _rank_correlation(one[picked], other[picked])
        for picked in rng.integers(0, len(one), (_RESAMPLES, len(one)))
    ]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return found, (float(low), float(high))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mean ranks, equal values sharing theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]


def _rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def measure_engines(**grid: int) -> dict[str, Any]:
    """Return the figures of `measure_control` for every engine."""
    return {engine: measure_control(engine, **grid) for engine in GENERATORS}


def measure_control(
    engine: str, *, steps: int = 7, seeds: int = 3, bars: int = 16
) -> dict[str, Any]:
    """Return how commanded and realised emotion agree over a grid of targets and seeds."""
    axis = np.linspace(-1.0, 1.0, steps)
    targets, rows = [], []
    for seed in range(seeds):
        for valence in axis:
            for arousal in axis:
                performance = Performance(
                    engine=engine,
                    mode="manual",
                    valence=float(valence),
                    arousal=float(arousal),
                    key="C:maj",
                )
                performed = compose(performance, bars=bars, seed=seed)
                notes = [scheduled.note for scheduled in performed.notes]
                rows.append(describe(notes, performed.seconds))
                targets.append((valence, arousal))
    features, commanded = np.array(rows), np.array(targets)
    figures: dict[str, Any] = {
        "pieces": len(rows),
        "valence_r_squared": round(r_squared(features, commanded[:, 0]), 3),
        "arousal_r_squared": round(r_squared(features, commanded[:, 1]), 3),
    }
    for axis_name, values in zip(("valence", "arousal"), commanded.T, strict=True):
        for how, realised in (
            ("spearman", left_out(features, values)),
            ("spearman_unfitted", unfitted(features, axis_name)),
        ):
            rho, (low, high) = spearman(values, realised)
            figures[f"{axis_name}_{how}"] = f"{rho:.3f} [{low:.3f}, {high:.3f}]"
    for column, name in enumerate(MEASUREMENTS):
        for axis_name, values in zip(("valence", "arousal"), commanded.T, strict=True):
            r = float(np.corrcoef(features[:, column], values)[0, 1])
            figures[f"r_{axis_name}_{name}"] = round(r, 2)
    return figures
