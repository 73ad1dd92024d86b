"""Scores of a network on prepared features of a split: quick, for comparing training recipes.

The measures are those of `evaluate`: EMOPIA at the end of a clip, means of the settled part
elsewhere. What differs: features come from the store, PyTorch runs the network, and nothing is
played at a random gain (the network takes gain out). What ships is measured by `evaluate`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from export_onnx.tracker.calibrate import feel, settled_hop
from export_onnx.tracker.network import Tracker
from export_onnx.tracker.store import Clip
from export_onnx.training.metrics import Score, accuracy, bootstrap, macro_roc_auc, pearson

__all__ = ["Measure", "difference", "measure", "measure_pieces", "score"]

_SIGNS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "accuracy": accuracy,
    "r": pearson,
    "macro ROC-AUC": macro_roc_auc,
}


@dataclass(frozen=True)
class Measure:
    """One measure of one set, clip by clip, so that two networks can be compared in pairs.

    Attributes
    ----------
    kind : str
        accuracy, r or macro ROC-AUC.
    predicted, target : array, shape (n,) or (n, 9)
    groups : list of str
        Song, franchise or artist of each clip.
    """

    kind: str
    predicted: np.ndarray
    target: np.ndarray
    groups: list[str]


def score(one: Measure) -> Score:
    """Value with its interval."""
    return bootstrap(_FUNCTIONS[one.kind], (one.predicted, one.target), one.groups)


def difference(one: Measure, other: Measure) -> Score:
    """`one` minus `other` on the same clips, with its interval."""
    function = _FUNCTIONS[one.kind]
    return bootstrap(
        lambda first, second, target: function(first, target) - function(second, target),
        (one.predicted, other.predicted, one.target),
        one.groups,
    )


def measure(tracker: Tracker, clips: Sequence[Clip]) -> dict[str, Measure]:
    """Run every clip through the network from the start; measures by ``<set> <what>``."""
    tracker.eval()
    ends, means, picked, tags = [], [], [], []
    for clip in clips:
        affect, quadrants, moods = (part.numpy().astype(float) for part in feel(tracker, clip))
        start = settled_hop(len(affect))
        ends.append(affect[-1, :2])
        means.append(affect[start:, :2].mean(0))
        picked.append(int(quadrants[-1].argmax()))
        tags.append(moods[start:].mean(0))
    measures: dict[str, Measure] = {}
    for dataset in dict.fromkeys(clip.dataset for clip in clips):
        rows = [i for i, clip in enumerate(clips) if clip.dataset == dataset]
        measures.update(
            measure_pieces(
                dataset,
                [clips[i].group for i in rows],
                (np.asarray(ends)[rows], np.asarray(means)[rows]),
                np.asarray(picked)[rows],
                np.asarray(tags)[rows],
                np.array([clips[i].quadrant for i in rows]),
                [clips[i].mean_affect for i in rows],
                [clips[i].tags for i in rows],
            )
        )
    return measures


def measure_pieces(
    dataset: str,
    groups: list[str],
    affect: tuple[np.ndarray, np.ndarray],
    picked: np.ndarray,
    tags: np.ndarray,
    quadrants: np.ndarray,
    labels: Sequence[tuple[float, float] | None],
    shares: Sequence[np.ndarray | None],
) -> dict[str, Measure]:
    """Measures of the n pieces of one data set.

    Parameters
    ----------
    affect : tuple of array
        Valence and arousal at the end and on average, each of shape (n, 2).
    picked, tags : array
        Quadrants chosen, shape (n,), and tag probabilities, shape (n, 9).
    quadrants, labels, shares
        What is known: quadrant or -1, valence and arousal, share of listeners per tag.
    """
    measures: dict[str, Measure] = {}
    end, mean = affect
    if (quadrants >= 0).all():
        measures[f"{dataset} quadrant"] = Measure("accuracy", picked, quadrants, groups)
        for column, axis in ((1, "arousal"), (0, "valence")):
            high, truth = end[:, column] >= 0, _SIGNS[quadrants][:, column] > 0
            measures[f"{dataset} {axis}"] = Measure("accuracy", high, truth, groups)
    else:
        rated = np.asarray(labels, float)
        for column, axis in ((1, "arousal"), (0, "valence")):
            measures[f"{dataset} {axis}"] = Measure("r", mean[:, column], rated[:, column], groups)
    if all(one is not None for one in shares):
        stacked = np.asarray(shares, float)
        positive = stacked > stacked.mean(0)
        measures[f"{dataset} tags"] = Measure("macro ROC-AUC", tags, positive, groups)
    return measures
