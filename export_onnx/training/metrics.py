"""Scores and their bootstrap confidence intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Score",
    "accuracy",
    "bootstrap",
    "concordance",
    "key_score",
    "macro_pr_auc",
    "macro_roc_auc",
    "pearson",
    "pr_auc",
    "r_squared",
    "rmse",
    "roc_auc",
]

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Score:
    """A value with its 95 % interval from `n` items."""

    value: float
    low: float
    high: float
    n: int


def pearson(predicted: np.ndarray, target: np.ndarray) -> float:
    """Pearson correlation; 0 where one side does not vary."""
    if np.ptp(predicted) < 1e-9 or np.ptp(target) < 1e-9:
        return 0.0
    return float(np.corrcoef(predicted, target)[0, 1])


def concordance(predicted: np.ndarray, target: np.ndarray) -> float:
    """Concordance correlation coefficient (Lin 1989)."""
    covariance = float(np.mean((predicted - predicted.mean()) * (target - target.mean())))
    gap = float(predicted.mean() - target.mean())
    return 2.0 * covariance / max(float(predicted.var() + target.var()) + gap * gap, 1e-12)


def r_squared(predicted: np.ndarray, target: np.ndarray) -> float:
    """Share of variance explained; negative where worse than the mean."""
    rest = float(np.sum((target - predicted) ** 2))
    return 1.0 - rest / max(float(np.sum((target - target.mean()) ** 2)), 1e-12)


def rmse(predicted: np.ndarray, target: np.ndarray) -> float:
    """Root mean squared error."""
    return float(np.sqrt(np.mean((predicted - target) ** 2)))


def accuracy(predicted: np.ndarray, target: np.ndarray) -> float:
    """Share of equal entries."""
    return float(np.mean(predicted == target))


def roc_auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve, ties counting half; NaN with one class only."""
    # Not scikit-learn: what it checks takes twenty times as long, for every resample.
    from scipy.stats import rankdata

    above, below = int(positive.sum()), int((~positive).sum())
    if not above or not below:
        return float("nan")
    return float((rankdata(score)[positive].mean() - (above + 1) / 2) / below)


def pr_auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the precision-recall curve as average precision; NaN without positives."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(positive, score)) if positive.any() else float("nan")


def _macro(
    measure: Callable[[np.ndarray, np.ndarray], float], scores: np.ndarray, positive: np.ndarray
) -> float:
    """Mean of a measure over the columns in which it is known; NaN if it is in none."""
    values = np.array([measure(scores[:, i], positive[:, i]) for i in range(scores.shape[1])])
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def macro_roc_auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Mean ROC-AUC over the columns that have both classes; NaN if none has."""
    return _macro(roc_auc, scores, positive)


def macro_pr_auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Mean PR-AUC over the columns that have positives; NaN if none has."""
    return _macro(pr_auc, scores, positive)


def key_score(predicted: int, target: int) -> float:
    """MIREX weights: same 1, fifth .5, relative .3, parallel .2; indices as in KEYS, -1 none."""
    if predicted < 0:
        return 0.0
    tonic_p, mode_p = predicted % 12, predicted // 12
    tonic_t, mode_t = target % 12, target // 12
    if predicted == target:
        return 1.0
    if mode_p == mode_t:
        return 0.5 if (tonic_p - tonic_t) % 12 in (5, 7) else 0.0
    if tonic_p == tonic_t:
        return 0.2
    major = tonic_p if mode_p == 0 else tonic_t
    minor = tonic_t if mode_p == 0 else tonic_p
    return 0.3 if (major - minor) % 12 == 3 else 0.0


def bootstrap(
    function: Callable[..., float],
    columns: Sequence[np.ndarray],
    groups: Sequence[str],
    seed: int = 1,
) -> Score:
    """Score with the 95 % percentile interval, resampling whole groups (songs, artists)."""
    rng = np.random.default_rng(seed)
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    members: list[list[int]] = [[] for _ in names]
    for index, name in enumerate(groups):
        members[names[name]].append(index)
    values = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(0, len(members), len(members))
        rows = np.concatenate([members[i] for i in drawn])
        values.append(function(*(column[rows] for column in columns)))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Score(float(function(*columns)), float(low), float(high), len(groups))
