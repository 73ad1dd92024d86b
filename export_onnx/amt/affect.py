"""Valence and arousal of slots without human labels, by ridge regression on what is played.

Trained on the labelled slots of EMOPIA and VGMIDI (train parts); how much of the labels it explains
on songs left out of the fit (five folds) is the weight of its estimates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.generators.amt.vocabulary import N_CHORDS, QUALITY_OF
from export_onnx.amt.songs import RAW_GROUPS, Song

__all__ = ["AffectGuess", "apply_guess", "fit_guess"]

_WINDOW_SLOTS = 16
_RIDGE = 30.0
_FOLDS = 5
_BOUND = 0.9


def _smooth(rows: np.ndarray) -> np.ndarray:
    """Mean over a centred window, shape as given."""
    n, half = len(rows), _WINDOW_SLOTS // 2
    total = np.cumsum(np.vstack([np.zeros(rows.shape[1]), rows]), 0)
    low, high = np.maximum(np.arange(n) - half, 0), np.minimum(np.arange(n) + half, n)
    return np.asarray((total[high] - total[low]) / (high - low)[:, None])


def _describe(song: Song, level: tuple[float, float]) -> np.ndarray:
    """Smoothed description of each slot, float64, shape (n, features)."""
    minutes = song.column("tempo") / 60.0
    density = song.column("density")
    mean, spread = level
    columns = [
        np.log1p(density),
        np.log1p(density * minutes),
        (song.column("loudness") - mean) / spread,
        song.texture[:, 0] / 12.0,
        song.texture[:, 1] / 12.0,
        np.log1p(song.texture[:, 2]),
        np.log2(minutes),
        np.nan_to_num(song.column("mode")),
    ]
    quality = np.asarray(QUALITY_OF)[song.chord]
    shares = (quality[:, None] == np.arange(max(QUALITY_OF[:N_CHORDS]) + 1)).astype(float)
    return np.asarray(_smooth(np.column_stack([*columns, shares])), np.float64)


def _levels(songs: Sequence[Song]) -> dict[str, tuple[float, float]]:
    """Mean and deviation of the loudness per data set: recording levels differ."""
    levels = {}
    for name in {song.dataset for song in songs}:
        loudness = np.concatenate([s.column("loudness") for s in songs if s.dataset == name])
        levels[name] = (float(loudness.mean()), max(float(loudness.std()), 1e-3))
    return levels


@dataclass(frozen=True)
class AffectGuess:
    """Linear maps to valence and arousal.

    Attributes
    ----------
    weights : float64 array, shape (features + 1, 2)
        The last row is the bias.
    trust : tuple of float
        Share of the labels' variance explained on songs left out, [0, 1].
    levels : dict
        Mean and deviation of the loudness per data set.
    """

    weights: np.ndarray
    trust: tuple[float, float]
    levels: dict[str, tuple[float, float]]

    def __call__(self, song: Song) -> np.ndarray:
        """Valence and arousal of each slot, float64, shape (n, 2)."""
        rows = _describe(song, self.levels[song.dataset])
        rows = np.column_stack([rows, np.ones(len(rows))])
        return np.asarray(np.clip(rows @ self.weights, -_BOUND, _BOUND))


def fit_guess(songs: Sequence[Song], others: Sequence[Song]) -> AffectGuess:
    """Fit to the labelled `songs`; `others` only tell their own loudness levels.

    One row per song: the mean of its slots, for labels change little within a piece.
    """
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score

    levels = _levels([*songs, *others])
    rows = np.array([_describe(song, levels[song.dataset]).mean(0) for song in songs])
    columns = [RAW_GROUPS.index("valence"), RAW_GROUPS.index("arousal")]
    targets = np.array([song.raw[:, columns].mean(0) for song in songs], np.float64)
    sizes = {name: sum(s.dataset == name for s in songs) for name in levels}
    weight = np.array([1.0 / np.sqrt(sizes[song.dataset]) for song in songs])
    weight *= len(weight) / weight.sum()
    ridge = Ridge(_RIDGE)
    groups = sorted({song.group for song in songs})
    fold = np.array([groups.index(song.group) % _FOLDS for song in songs])
    guesses = np.zeros_like(targets)
    for left_out in range(_FOLDS):
        kept = fold != left_out
        guesses[~kept] = ridge.fit(rows[kept], targets[kept], weight[kept]).predict(rows[~kept])
    explained = r2_score(targets, guesses, sample_weight=weight, multioutput="raw_values")
    valence, arousal = np.clip(explained, 0.0, 1.0)
    ridge.fit(rows, targets, weight)
    weights = np.vstack([ridge.coef_.T, ridge.intercept_])
    return AffectGuess(weights, (float(valence), float(arousal)), levels)


def apply_guess(guess: AffectGuess, song: Song) -> Song:
    """Return the song with guessed valence and arousal where it has none."""
    columns = [RAW_GROUPS.index("valence"), RAW_GROUPS.index("arousal")]
    if not np.isnan(song.raw[:, columns]).any():
        return song
    raw = song.raw.copy()
    raw[:, columns] = guess(song)
    return replace(song, raw=raw, trust=np.array(guess.trust, np.float32))
