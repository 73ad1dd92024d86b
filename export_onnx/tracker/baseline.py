"""Baseline of the evaluation: a regression on loudness alone."""

from pathlib import Path

import numpy as np

from export_onnx.tracker.store import Clip, load_clips

__all__ = ["LoudnessBaseline", "fit_baseline", "loudness_features"]

_RIDGE = 1e-2


def loudness_features(mel: np.ndarray, gain_db: float = 0.0) -> np.ndarray:
    """Mean level, spread, range and unrest of the level of a clip, float64, shape (5,).

    `mel` are log powers (n_hops, frames, mels).
    """
    powers = np.exp(mel.astype(np.float64)).sum(2).reshape(-1)
    level = 10.0 * np.log10(powers + 1e-9) + gain_db
    low, high = np.percentile(level, [10, 90])
    unrest = float(np.mean(np.maximum(np.diff(level), 0.0)))
    return np.array([float(level.mean()), float(level.std()), float(high - low), unrest, 1.0])


class LoudnessBaseline:
    """Ridge regression of valence and arousal on loudness features, one per data set."""

    def __init__(self, clips: list[Clip], gain_range_db: float, seed: int = 7) -> None:
        rng = np.random.default_rng(seed)
        features, targets = [], []
        for clip in clips:
            if clip.mean_affect is None:
                continue
            gain = float(rng.uniform(-gain_range_db, 0.0))
            features.append(loudness_features(clip.mel, gain))
            targets.append(clip.mean_affect)
        x, y = np.asarray(features), np.asarray(targets)
        self._centre, self._scale = x.mean(0), x.std(0) + 1e-9
        self._centre[-1], self._scale[-1] = 0.0, 1.0
        z = (x - self._centre) / self._scale
        self._weights = np.linalg.solve(z.T @ z + _RIDGE * len(z) * np.eye(z.shape[1]), z.T @ y)
        self.mean = y.mean(0)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Valence and arousal, shape (n, 2), for features of shape (n, 5)."""
        return np.asarray((features - self._centre) / self._scale @ self._weights)


def fit_baseline(folder: Path, dataset: str, gain_range_db: float) -> LoudnessBaseline:
    """Fit on the prepared train part of one data set, at random gains like the evaluation's."""
    return LoudnessBaseline(load_clips(folder, "train", (dataset,), variant=0), gain_range_db)
