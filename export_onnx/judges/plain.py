"""Judge one: regularised logistic regression on plain statistics; and a linear rater."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from export_onnx.judges.judge import HIGH_AROUSAL, HIGH_VALENCE, TeacherOutput
from export_onnx.judges.notes import Notes
from export_onnx.judges.statistics import describe_all

__all__ = ["PlainJudge", "Rater", "fit_plain", "fit_rater"]

_PENALTY = 0.01
"""On squared weights per clip; chosen by cross-validation over training songs (.003-.03 alike)."""
_RIDGE = 0.03
_FURTHEST = 4.0
"""Statistics are clipped this many standard deviations from the training mean."""
_HEADS = ("quadrants", "valence", "arousal")


@dataclass(frozen=True)
class _Scale:
    """Mean and deviation of each statistic over the training clips, shape (37,)."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, statistics: np.ndarray) -> "_Scale":
        return cls(statistics.mean(0), np.maximum(statistics.std(0), 1e-9))

    def apply(self, statistics: np.ndarray) -> np.ndarray:
        """Return standardised statistics and a column of ones, shape (n, 38)."""
        scaled = np.clip((statistics - self.mean) / self.deviation, -_FURTHEST, _FURTHEST)
        return np.concatenate([scaled, np.ones((len(scaled), 1))], 1)


def _logistic(design: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Fit softmax weights to classes that all occur, shape (38, classes)."""
    two = classes.max() == 1  # scikit-learn then fits their difference alone
    strength = 1.0 / (len(classes) * _PENALTY * (1 if two else 2))
    fitted = LogisticRegression(C=strength, tol=1e-8, max_iter=3000).fit(design[:, :-1], classes)
    weights = np.concatenate([fitted.coef_.T, fitted.intercept_[None]])
    return np.concatenate([-weights / 2, weights / 2], 1) if two else weights


@dataclass(frozen=True)
class _Linear:
    """Weights on standardised `STATISTICS`; the last row is the bias."""

    scale: _Scale
    weights: np.ndarray

    def save(self, path: Path) -> None:
        """Write it as arrays."""
        np.savez(path, mean=self.scale.mean, deviation=self.scale.deviation, weights=self.weights)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(_Scale(stored["mean"], stored["deviation"]), stored["weights"])


@dataclass(frozen=True)
class PlainJudge(_Linear):
    """Quadrant, valence and arousal by three logistic regressions on `STATISTICS`.

    Attributes
    ----------
    weights : float64 array, shape (38, 8)
        Columns: Q1..Q4, low and high valence, low and high arousal; the last row is the bias.
    """

    name: str = "plain statistics"

    def judge(self, clips: Sequence[Notes]) -> TeacherOutput:
        """Return the opinion on each clip."""
        return self.judge_statistics(describe_all(clips))

    def judge_statistics(self, statistics: np.ndarray) -> TeacherOutput:
        """Return the opinion on clips described already, shape (n, 37)."""
        logits = self.scale.apply(statistics) @ self.weights
        shares = np.exp(logits[:, :4] - logits[:, :4].max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        return TeacherOutput(shares, logits[:, 5] - logits[:, 4], logits[:, 7] - logits[:, 6])


def fit_plain(statistics: np.ndarray, quadrants: np.ndarray) -> PlainJudge:
    """Learn from described clips, shape (n, 37), and their quadrants 0..3, shape (n,)."""
    scale = _Scale.of(statistics)
    design = scale.apply(statistics)
    aims = (quadrants, HIGH_VALENCE[quadrants], HIGH_AROUSAL[quadrants])
    return PlainJudge(scale, np.concatenate([_logistic(design, aim) for aim in aims], 1))


@dataclass(frozen=True)
class Rater(_Linear):
    """Ridge regression of rated valence and arousal on `STATISTICS`.

    Attributes
    ----------
    weights : float64 array, shape (38, 2)
        Columns valence, arousal; the last row is the bias.
    """

    name: str = "linear rater"

    def rate(self, clips: Sequence[Notes]) -> np.ndarray:
        """Return valence and arousal of each clip on the scale of the labels, shape (n, 2)."""
        rated: np.ndarray = self.scale.apply(describe_all(clips)) @ self.weights
        return rated


def fit_rater(statistics: np.ndarray, labels: np.ndarray) -> Rater:
    """Learn from described clips, shape (n, 37), and their valence and arousal, shape (n, 2)."""
    scale = _Scale.of(statistics)
    design = scale.apply(statistics)
    fitted = Ridge(_RIDGE * len(design)).fit(design[:, :-1], labels)
    return Rater(scale, np.concatenate([fitted.coef_.T, fitted.intercept_[None]]))
