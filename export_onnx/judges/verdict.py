"""The judges' predictions for clips with known targets."""

from collections.abc import Sequence

import numpy as np

from export_onnx.judges.judge import HIGH_AROUSAL, HIGH_VALENCE, quadrant_of
from export_onnx.judges.material import Made
from export_onnx.judges.notes import Notes
from export_onnx.judges.statistics import STATISTICS, describe_all
from export_onnx.judges.train import Bench
from export_onnx.training.metrics import Score, accuracy, bootstrap, pearson, r_squared

__all__ = ["AXES", "accuracies", "control", "measured"]

AXES = ("valence", "arousal")
_CONTROLS = ("velocity", "log_onsets_per_s", "major_minus_minor", "pitch", "log_note_s")


def _squared(first: np.ndarray, second: np.ndarray) -> float:
    return pearson(first, second) ** 2


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def accuracies(bench: Bench, made: Sequence[Made]) -> list[tuple[str, str, Score]]:
    """Return rows of judge, measure, score for clips made at quadrant targets.

    Quadrant, arousal and valence accuracy under both judges, and quadrant accuracy per target.
    Intervals resample clips.
    """
    notes = [one.notes for one in made]
    target = np.array([quadrant_of(one.request.valence, one.request.arousal) for one in made])
    each = [str(index) for index in range(len(made))]
    rows: list[tuple[str, str, Score]] = []
    for judge in bench.judges:
        opinion = judge.judge(notes)
        for measure, found, true in (
            ("quadrant accuracy", opinion.quadrant, target),
            ("arousal accuracy", opinion.arousal > 0, HIGH_AROUSAL[target]),
            ("valence accuracy", opinion.valence > 0, HIGH_VALENCE[target]),
        ):
            rows.append((judge.name, measure, bootstrap(accuracy, (found, true), each)))
        for quadrant in range(4):
            at = np.flatnonzero(target == quadrant)
            if at.size:
                score = bootstrap(
                    accuracy, (opinion.quadrant[at], target[at]), [each[index] for index in at]
                )
                rows.append((judge.name, f"Q{quadrant + 1} judged Q{quadrant + 1}", score))
    return rows


def measured(bench: Bench, notes: Sequence[Notes]) -> dict[str, np.ndarray]:
    """Valence and arousal by everyone who gives numbers, shape (n, 2) each."""
    measured = {bench.rater.name: bench.rater.rate(notes)}
    for judge in bench.judges:
        opinion = judge.judge(notes)
        measured[judge.name] = np.stack([opinion.valence, opinion.arousal], 1)
    return measured


def control(bench: Bench, made: Sequence[Made]) -> list[tuple[str, str, Score]]:
    """Return how measured emotion follows the target over a grid: judge, measure, score.

    R² is of a straight line from target to the judge's number (log odds, or rating), so scale and
    offset do not count; Spearman is of ranks. ``five statistics`` is R² of the target left out of a
    regression on five plain statistics, each clip left out of its own fit.
    """
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import LeaveOneOut, cross_val_predict

    notes = [one.notes for one in made]
    targets = np.array([(one.request.valence, one.request.arousal) for one in made])
    each = [str(index) for index in range(len(made))]
    rows: list[tuple[str, str, Score]] = []
    for name, values in measured(bench, notes).items():
        for column in (1, 0):
            pair = (values[:, column], targets[:, column])
            rows.append((name, f"{AXES[column]} R2", bootstrap(_squared, pair, each)))
            rows.append((name, f"{AXES[column]} Spearman", bootstrap(_spearman, pair, each)))
    columns = [STATISTICS.index(name) for name in _CONTROLS]
    statistics = describe_all(notes)[:, columns]
    for column in (1, 0):
        left_out = cross_val_predict(
            LinearRegression(), statistics, targets[:, column], cv=LeaveOneOut()
        )
        value = r_squared(left_out, targets[:, column])
        rows.append(
            ("five statistics", f"{AXES[column]} R2", Score(value, value, value, len(made)))
        )
    return rows
