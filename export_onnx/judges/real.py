"""Realness: classifiers of generated and human clips, per family of features and on the notes.

Boosted trees see the features of `export_onnx.judges.real_features`, a recurrent network the notes.
Both are cross-validated by song, and score the clips that their training did not see: .5 is
chance level, 1 is perfect separation. For comparison: human clips of other songs, and human clips
that went through the engine's own codes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from export_onnx.judges.notes import Notes
from export_onnx.judges.real_features import FAMILIES, describe_real
from export_onnx.judges.sequence import SequenceConfig, fit_sequence
from export_onnx.training.metrics import Score, bootstrap, roc_auc

__all__ = ["Group", "cut", "tell_apart"]

_FOLDS: Final = 5
_FEWEST_NOTES: Final = 30
_NETWORK: Final = SequenceConfig(epochs=6, networks=1)
_SEED: Final = 20251201


@dataclass(frozen=True)
class Group:
    """A clip and the song or seed that it comes from: never on both sides of a fold."""

    song: str
    notes: Notes


def cut(clips: Sequence[Group], seconds: float) -> list[Group]:
    """Return the beginnings of clips of that length; those with too few notes are left out."""
    found = []
    for clip in clips:
        if len(clip.notes):
            start = float(clip.notes.start_s[0])
            notes = clip.notes.between(start, start + seconds)
            if len(notes) >= _FEWEST_NOTES:
                found.append(Group(clip.song, notes))
    return found


def _by_trees(features: np.ndarray, machine: np.ndarray, songs: Sequence[str]) -> np.ndarray:
    """Return out-of-fold log odds, shape (n,)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    odds = np.zeros(len(machine))
    for train, held in _folds(machine, songs):
        trees = HistGradientBoostingClassifier(
            max_iter=80,
            max_leaf_nodes=8,
            min_samples_leaf=8,
            l2_regularization=1.0,
            random_state=_SEED,
        )
        odds[held] = trees.fit(features[train], machine[train]).decision_function(features[held])
    return odds


def _by_notes(clips: Sequence[Notes], machine: np.ndarray, songs: Sequence[str]) -> np.ndarray:
    """Return out-of-fold log odds of the sequence network: class 1 takes the place of Q2."""
    odds = np.zeros(len(machine))
    for train, held in _folds(machine, songs):
        judge = fit_sequence([clips[i] for i in train], machine[train], _NETWORK)
        shares = judge.judge([clips[i] for i in held]).quadrants
        odds[held] = np.log(shares[:, 1] + 1e-9) - np.log(shares[:, 0] + 1e-9)
    return odds


def _folds(machine: np.ndarray, songs: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    return list(folds.split(machine, machine, songs))


def tell_apart(
    human: Sequence[Group], others: Mapping[str, Sequence[Group]], network: bool = True
) -> list[tuple[str, str, Score]]:
    """Return (who, measure, area under the ROC curve) for every set of clips against `human`.

    Parameters
    ----------
    human : sequence of Group
        Cut as `cut` does; at least five songs.
    others : mapping of str to sequence of Group
        Clips to separate from them, by name.
    network : bool
        Whether the sequence network is trained too.
    """
    real = describe_real([clip.notes for clip in human])
    found = []
    for who, clips in others.items():
        made = describe_real([clip.notes for clip in clips])
        machine = np.repeat([0, 1], [len(human), len(clips)])
        songs = [clip.song for clip in human] + [f"{who}/{clip.song}" for clip in clips]
        odds = {
            family: _by_trees(np.vstack([real[family], made[family]]), machine, songs)
            for family in FAMILIES
        }
        both = [np.hstack([one[family] for family in FAMILIES]) for one in (real, made)]
        odds["all features"] = _by_trees(np.vstack(both), machine, songs)
        if network:
            notes = [clip.notes for clip in (*human, *clips)]
            odds["sequence network"] = _by_notes(notes, machine, songs)
        for measure, one in odds.items():
            score = bootstrap(_area, [one, machine.astype(np.float64)], songs)
            found.append((who, f"separated from human clips by {measure}, AUC", score))
    return found


def _area(odds: np.ndarray, machine: np.ndarray) -> float:
    return roc_auc(odds, machine > 0.5)
