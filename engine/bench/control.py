"""How well generated music follows its target, by measurements that know nothing of the engine.

Each piece of a grid of targets is described by five plain statistics of its notes; commanded
valence and arousal are then regressed on them, and R² is taken on targets left out of the fit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import Performance
from engine.events import NoteEvent
from engine.music.profile import major_minus_minor
from engine.offline import compose

__all__ = ["MEASUREMENTS", "describe", "measure_control", "r_squared"]

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


def r_squared(features: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the cross-validated R² of a linear fit, each value left out once.

    Leave-one-out residuals come in closed form from the hat matrix.
    """
    scaled = (features - features.mean(0)) / features.std(0)
    design = np.column_stack([np.ones(len(values)), scaled])
    hat = design @ np.linalg.pinv(design)
    residuals = (values - hat @ values) / (1.0 - np.diag(hat))
    return float(1.0 - np.sum(residuals**2) / np.sum((values - values.mean()) ** 2))


def measure_control(
    engine: str, *, steps: int = 7, seeds: int = 3, bars: int = 16
) -> dict[str, Any]:
    """Return R² of commanded arousal and valence over a grid of targets and seeds."""
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
    for column, name in enumerate(MEASUREMENTS):
        for axis_name, values in zip(("valence", "arousal"), commanded.T, strict=True):
            r = float(np.corrcoef(features[:, column], values)[0, 1])
            figures[f"r_{axis_name}_{name}"] = round(r, 2)
    return figures
