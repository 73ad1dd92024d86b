"""Probes of MusER's latent slices: which element each predicts.

Everything is fitted on beats of training clips and measured on those of other songs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.generators.muser.vocabulary import ELEMENTS
from export_onnx.muser.store import Corpus
from export_onnx.training.metrics import r_squared

__all__ = ["LatentProbes", "Slices", "probe_latents", "slices_of"]

_RIDGE: Final = 1e-3
_MOST_BEATS: Final = 20_000

Encode = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Features (n, F) to codes (n, 8) and latents (n, 7, D), as `MuserModel.encode_features`."""


@dataclass(frozen=True)
class Slices:
    """Latents of the beats of one split of EMOPIA.

    Attributes
    ----------
    slices : mapping of str to float64 array, shape (n_beats, D)
        By element; of ``mode``, which has no learned slice, its code as -1 or 1.
    numbers : float64 array, shape (n_beats, 8)
        One ordered number per element, NaN where undefined.
    """

    slices: Mapping[str, np.ndarray]
    numbers: np.ndarray

    @property
    def sounding(self) -> np.ndarray:
        """Which beats have notes: bool, shape (n_beats,)."""
        present: np.ndarray = ~np.isnan(self.numbers[:, -1])
        return present


@dataclass(frozen=True)
class LatentProbes:
    """What `probe_latents` found.

    Attributes
    ----------
    probes : float64 array, shape (8, 8)
        R² with which each element's slice (row) tells each element's number (column) on held-out
        songs, by a quadratic probe. Beats without notes are left out: every slice knows them.
    numbers : float64 array, shape (8, 8)
        The same from the element's number itself instead of its slice: what the elements have in
        common in the music, whatever the encoder does.
    """

    probes: np.ndarray
    numbers: np.ndarray

    def gaps(self) -> dict[str, float]:
        """Return per element how much better its own slice tells it than the best other one."""
        own = np.diag(self.probes)
        others = np.where(np.eye(len(ELEMENTS), dtype=bool), -np.inf, self.probes).max(0)
        return dict(zip(ELEMENTS, (own - np.maximum(others, 0.0)).tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return the tables as plain JSON values."""
        return {
            "elements": list(ELEMENTS),
            "probes": self.probes.round(3).tolist(),
            "numbers": self.numbers.round(3).tolist(),
            "gaps": self.gaps(),
        }


def slices_of(corpus: Corpus, encode: Encode) -> Slices:
    """Encode the beats of a prepared split."""
    codes, latents = encode(corpus.features.astype(np.float32))
    slices = {"mode": codes[:, :1] * 2.0 - 1.0}
    for place, name in enumerate(ELEMENTS[1:]):
        slices[name] = latents[:, place].astype(np.float64)
    return Slices(slices, corpus.statistics.astype(np.float64))


def _quadratic(values: np.ndarray) -> np.ndarray:
    """Values, their squares and products, and a one."""
    rows, columns = np.triu_indices(values.shape[1])
    return np.concatenate(
        [values, values[:, rows] * values[:, columns], np.ones((len(values), 1))], 1
    )


def _probe(train: np.ndarray, aim: np.ndarray, held: np.ndarray, truth: np.ndarray) -> float:
    """R² on held-out beats of a quadratic ridge from values to a number, NaN left out."""
    known, asked = ~np.isnan(aim), ~np.isnan(truth)
    mean, deviation = train[known].mean(0), train[known].std(0) + 1e-9
    design = _quadratic(np.clip((train[known] - mean) / deviation, -5.0, 5.0))
    penalty = _RIDGE * len(design) * np.eye(design.shape[1])
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ aim[known])
    told = _quadratic(np.clip((held[asked] - mean) / deviation, -5.0, 5.0)) @ weights
    return r_squared(told, truth[asked])


def probe_latents(train: Slices, held: Slices) -> LatentProbes:
    """Probe the slices: fitted on training clips, measured on held-out songs."""
    rng = np.random.default_rng(1)
    sounding = np.flatnonzero(train.sounding)
    chosen = rng.choice(sounding, min(len(sounding), _MOST_BEATS), replace=False)
    asked = np.flatnonzero(held.sounding)
    size = len(ELEMENTS)
    probes, numbers = np.zeros((size, size)), np.zeros((size, size))
    for row, name in enumerate(ELEMENTS):
        own, own_held = train.numbers[:, row : row + 1], held.numbers[:, row : row + 1]
        middle = np.nanmean(own)
        for column in range(size):
            aim, truth = train.numbers[chosen, column], held.numbers[asked, column]
            probes[row, column] = _probe(
                train.slices[name][chosen], aim, held.slices[name][asked], truth
            )
            numbers[row, column] = _probe(
                np.nan_to_num(own[chosen], nan=middle),
                aim,
                np.nan_to_num(own_held[asked], nan=middle),
                truth,
            )
    return LatentProbes(probes, numbers)
