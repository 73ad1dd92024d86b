"""Probes of MusER's latent slices: which element each predicts, which emotions it separates.

Everything is fitted on training clips and measured on clips of other songs. Averages are over the
beats of a clip, without padding, so its length has no influence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.generators.muser.vocabulary import ELEMENTS
from export_onnx.judges.judge import HIGH_AROUSAL, HIGH_VALENCE
from export_onnx.muser.store import Corpus
from export_onnx.training.metrics import Score, bootstrap, r_squared, roc_auc

__all__ = ["LatentProbes", "Slices", "probe_latents", "silhouette", "slices_of"]

_RIDGE: Final = 1e-3
_SHRINK: Final = 0.1
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
    clip : int64 array, shape (n_beats,)
        Which clip each beat belongs to.
    quadrants : int64 array, shape (n_clips,)
        0..3.
    songs : list of str
        Of every clip.
    """

    slices: Mapping[str, np.ndarray]
    numbers: np.ndarray
    clip: np.ndarray
    quadrants: np.ndarray
    songs: list[str]

    @property
    def sounding(self) -> np.ndarray:
        """Which beats have notes: bool, shape (n_beats,)."""
        present: np.ndarray = ~np.isnan(self.numbers[:, -1])
        return present

    def clip_means(self, element: str) -> np.ndarray:
        """Mean and deviation of an element's slice over the beats of each clip, (n, 2 D)."""
        values, count = self.slices[element], np.bincount(self.clip)[:, None]
        mean = np.zeros((len(count), values.shape[1]))
        square = np.zeros_like(mean)
        np.add.at(mean, self.clip, values)
        np.add.at(square, self.clip, values**2)
        mean, square = mean / count, square / count
        return np.concatenate([mean, np.sqrt(np.maximum(square - mean**2, 0.0))], 1)


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
    silhouettes : mapping of str to tuple of float
        Per element: of the four quadrants, of arousal, of valence, over the means of clips.
    separation : mapping of str to tuple of Score
        Per element: area under the ROC curve of a linear probe for arousal and for valence.
    """

    probes: np.ndarray
    numbers: np.ndarray
    silhouettes: Mapping[str, tuple[float, float, float]]
    separation: Mapping[str, tuple[Score, Score]]

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
            "silhouettes": {name: list(values) for name, values in self.silhouettes.items()},
            "auc": {
                name: {
                    axis: [score.value, score.low, score.high]
                    for axis, score in zip(("arousal", "valence"), scores, strict=True)
                }
                for name, scores in self.separation.items()
            },
        }


def slices_of(corpus: Corpus, encode: Encode) -> Slices:
    """Encode the beats of a prepared split of EMOPIA, whose clips are named after quadrants."""
    codes, latents = encode(corpus.features.astype(np.float32))
    slices = {"mode": codes[:, :1] * 2.0 - 1.0}
    for place, name in enumerate(ELEMENTS[1:]):
        slices[name] = latents[:, place].astype(np.float64)
    return Slices(
        slices,
        corpus.statistics.astype(np.float64),
        corpus.piece_of_beat(),
        np.array([int(str(name)[1]) - 1 for name in corpus.names]),
        [str(group) for group in corpus.groups],
    )


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


def silhouette(points: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean silhouette of labelled points, shape (n, d), in [-1, 1]."""
    from sklearn.metrics import silhouette_score

    return float(silhouette_score((points - points.mean(0)) / (points.std(0) + 1e-9), labels))


def _discriminant(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Direction that parts the labels best (shrunk linear discriminant), shape (d,)."""
    present = np.unique(labels)
    means = np.stack([points[labels == label].mean(0) for label in present])
    spreads = [np.cov(points[labels == label], rowvar=False, bias=True) for label in present]
    within = np.atleast_2d(np.mean(spreads, 0))
    within = within + _SHRINK * np.trace(within) / len(within) * np.eye(len(within))
    between = np.atleast_2d(np.cov(means, rowvar=False, bias=True))
    values, vectors = np.linalg.eig(np.linalg.solve(within, between))
    direction: np.ndarray = vectors.real[:, values.real.argmax()]
    return direction


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
    silhouettes, separation = {}, {}
    for name in ELEMENTS:
        points, seen = held.clip_means(name), train.clip_means(name)
        sides = (held.quadrants, HIGH_AROUSAL[held.quadrants], HIGH_VALENCE[held.quadrants])
        four, high, bright = (silhouette(points, side) for side in sides)
        silhouettes[name] = (four, high, bright)
        scores = []
        for above in (HIGH_AROUSAL, HIGH_VALENCE):
            direction = _discriminant(seen, above[train.quadrants])
            told = seen @ direction
            sign = 1.0 if told[above[train.quadrants]].mean() > told.mean() else -1.0
            pair = (sign * (points @ direction), above[held.quadrants])
            scores.append(bootstrap(roc_auc, pair, held.songs))
        separation[name] = (scores[0], scores[1])
    return LatentProbes(probes, numbers, silhouettes, separation)
