"""What all teachers together say of every training piece, written down for the student.

A teacher that trained on a piece would only repeat its label, so each set has several teachers,
each trained without a fold of the songs: about its own set only the one speaks that did not know
the song, about the other sets all of them do, on average (pseudo-labels across tasks).

Sets differ in level: to a teacher of band recordings all piano is calm. Where a set has labels of
valence and arousal, every teacher is moved to their mean there, and trusted as far as it explains
them: one that knows nothing of a set has no word in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export_onnx.tracker.store import TAUGHT

__all__ = ["Opinion", "Trust", "combine", "lesson_of", "trust_in", "write_lessons"]

# Deviation at which a word on valence or arousal counts half.
_HALF_TRUST = 0.3
# Factor on the deviations of teachers where nothing is known to compare them with.
_STRANGE = 2.0
# Weight of quadrants and tags where their teacher judges another set, at full confidence.
_ACROSS = 0.5


@dataclass(frozen=True)
class Trust:
    """How teachers of one set do on valence and arousal of one data set.

    Attributes
    ----------
    offset : float64 array, shape (2,)
        To add to what they say.
    factor : float64 array, shape (2,)
        On the deviations that they state, so that these match their errors.
    skill : float64 array, shape (2,)
        Share of the labels' variance that they explain, 0..1.
    """

    offset: np.ndarray
    factor: np.ndarray
    skill: np.ndarray


@dataclass(frozen=True)
class Opinion:
    """What the teachers of one set say of one piece.

    Attributes
    ----------
    said : float32 array, shape (17,)
        As `teacher.opinions` returns it.
    trust : Trust
        In these teachers on the set of the piece.
    own : bool
        True if the piece is from the teachers' own set.
    quadrants, tags : bool
        Whether these teachers were taught quadrants and tags.
    """

    said: np.ndarray
    trust: Trust
    own: bool
    quadrants: bool
    tags: bool


def trust_in(said: np.ndarray, labels: np.ndarray) -> Trust:
    """Compare what teachers say, shape (n, 17), with labels they did not see, shape (n, 2).

    Labels may be NaN; without any, teachers are taken at their word with doubled deviations.
    """
    known = ~np.isnan(labels).any(1)
    if not known.any():
        return Trust(np.zeros(2), np.full(2, _STRANGE), np.ones(2))
    said, labels = said[known], labels[known]
    offset = (labels - said[:, :2]).mean(0)
    error = np.square(labels - said[:, :2] - offset).mean(0)
    factor = np.sqrt(error / np.square(said[:, 2:4]).mean(0))
    skill = np.clip(1.0 - error / np.maximum(labels.var(0), 1e-9), 0.0, 1.0)
    return Trust(offset.astype(float), factor.astype(float), skill.astype(float))


def combine(said: Sequence[np.ndarray]) -> np.ndarray:
    """Average answers of several teachers; their disagreement adds to the deviations."""
    stacked = np.asarray(said, np.float64)
    mean = stacked.mean(0)
    mean[2:4] = np.sqrt(np.square(stacked[:, 2:4]).mean(0) + stacked[:, :2].var(0))
    return np.asarray(mean, np.float32)


def lesson_of(opinions: Sequence[Opinion]) -> np.ndarray:
    """Return one piece's lesson, float32, shape (TAUGHT,), from the teachers of every set.

    Valence and arousal are means weighted by precision and skill; the weight tells how sure all
    are together. Quadrants and tags come from the teachers that know them, weighted by confidence.
    """
    lesson = np.zeros(TAUGHT, np.float64)
    precision = np.zeros(2)
    for opinion in opinions:
        deviation = opinion.said[2:4] * opinion.trust.factor
        weight = opinion.trust.skill / np.maximum(deviation, 1e-3) ** 2
        lesson[0:2] += weight * (opinion.said[:2] + opinion.trust.offset)
        precision += weight
        trust = 1.0 if opinion.own else _ACROSS
        if opinion.quadrants:
            chance = np.clip(opinion.said[4:8].astype(float), 1e-6, 1.0)
            doubt = float(-(chance * np.log(chance)).sum() / np.log(4.0))
            lesson[4:8] = chance / chance.sum()
            lesson[8] = trust if opinion.own else trust * max(0.0, 1.0 - doubt)
        if opinion.tags:
            sure = 1.0 if opinion.own else float(opinion.trust.skill.mean())
            lesson[9:18] = opinion.said[8:17]
            lesson[18] = trust * sure
    lesson[0:2] /= np.maximum(precision, 1e-9)
    lesson[2:4] = _HALF_TRUST**2 * precision / (_HALF_TRUST**2 * precision + 1.0)
    return lesson.astype(np.float32)


def write_lessons(path: Path, lessons: Mapping[str, np.ndarray]) -> None:
    """Write lessons by ``<set>/<piece>``."""
    partial = path.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez(stream, names=np.array(list(lessons)), taught=np.array(list(lessons.values())))
    partial.replace(path)
