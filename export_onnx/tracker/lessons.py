"""What all teachers together say of every training piece, written down for the student.

A teacher that trained on a piece would only repeat its label, so each set has several teachers,
each trained without a fold of the songs: about its own set only the one speaks that did not know
the song, about the other sets all of them do, on average (pseudo-labels across tasks).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export_onnx.tracker.store import TAUGHT

__all__ = ["Opinion", "combine", "lesson_of", "write_lessons"]

# Deviation at which a teacher's word on valence or arousal counts half.
_HALF_TRUST = 0.3
# Factor on the deviation where a teacher judges a set it was not trained on.
_STRANGE = 2.0
# Weight of quadrants and tags where their teacher judges another set, at full confidence.
_ACROSS = 0.5


@dataclass(frozen=True)
class Opinion:
    """What the teachers of one set say of one piece.

    Attributes
    ----------
    said : float32 array, shape (17,)
        As `teacher.opinions` returns it.
    own : bool
        True if the piece is from the teachers' own set.
    quadrants, tags : bool
        Whether these teachers were taught quadrants and tags.
    """

    said: np.ndarray
    own: bool
    quadrants: bool
    tags: bool


def combine(said: Sequence[np.ndarray]) -> np.ndarray:
    """Average answers of several teachers; their disagreement adds to the deviations."""
    stacked = np.asarray(said, np.float64)
    mean = stacked.mean(0)
    mean[2:4] = np.sqrt(np.square(stacked[:, 2:4]).mean(0) + stacked[:, :2].var(0))
    return np.asarray(mean, np.float32)


def lesson_of(opinions: Sequence[Opinion]) -> np.ndarray:
    """One piece's lesson, float32, shape (TAUGHT,), from the teachers of every set.

    Valence and arousal are means weighted by precision; the weight tells how sure all are
    together. Quadrants and tags come from the teachers that know them, weighted by confidence.
    """
    lesson = np.zeros(TAUGHT, np.float64)
    precision = np.zeros(2)
    for opinion in opinions:
        deviation = opinion.said[2:4].astype(float) * (1.0 if opinion.own else _STRANGE)
        lesson[0:2] += opinion.said[:2] / deviation**2
        precision += 1.0 / deviation**2
    lesson[0:2] /= precision
    lesson[2:4] = _HALF_TRUST**2 / (_HALF_TRUST**2 + 1.0 / precision)
    for opinion in opinions:
        trust = 1.0 if opinion.own else _ACROSS
        if opinion.quadrants:
            chance = np.clip(opinion.said[4:8].astype(float), 1e-6, 1.0)
            doubt = float(-(chance * np.log(chance)).sum() / np.log(4.0))
            lesson[4:8] = chance / chance.sum()
            lesson[8] = trust if opinion.own else trust * max(0.0, 1.0 - doubt)
        if opinion.tags:
            deviation = opinion.said[2:4].astype(float) * (1.0 if opinion.own else _STRANGE)
            sure = float(np.mean(_HALF_TRUST**2 / (_HALF_TRUST**2 + deviation**2)))
            lesson[9:18] = opinion.said[8:17]
            lesson[18] = trust if opinion.own else trust * sure
    return lesson.astype(np.float32)


def write_lessons(path: Path, lessons: Mapping[str, np.ndarray]) -> None:
    """Write lessons by ``<set>/<piece>``."""
    partial = path.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez(stream, names=np.array(list(lessons)), taught=np.array(list(lessons.values())))
    partial.replace(path)
