"""Pseudo-labels of every training piece, merged from all teachers, for the student.

A teacher that was trained on a piece would only repeat its label. So each set has several teachers,
each trained without one fold of the songs. A piece of the own set is labelled by the teacher that
did not train on it, a piece of another set by the mean of that set's teachers.

Sets differ in level: a teacher of band recordings calls all piano music calm. Where a set has
labels of valence and arousal, each teacher is shifted to their mean and weighted by the share of
variance it explains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export_onnx.tracker.store import TAUGHT

__all__ = [
    "TeacherOutput",
    "Trust",
    "combine",
    "merge_teachers",
    "measure_trust",
    "write_teacher_labels",
]

# Deviation at which a prediction of valence or arousal gets weight one half.
_HALF_TRUST = 0.3
# Factor on the teachers' deviations on sets without labels to compare with.
_STRANGE = 2.0
# Weight of a teacher's quadrants and tags on other sets, at full confidence.
_ACROSS = 0.5


@dataclass(frozen=True)
class Trust:
    """How well teachers of one set predict valence and arousal of one data set.

    Attributes
    ----------
    offset : float64 array, shape (2,)
        Added to their predictions.
    factor : float64 array, shape (2,)
        On their predicted deviations, so that these match their errors.
    skill : float64 array, shape (2,)
        Share of the labels' variance that they explain, 0..1.
    """

    offset: np.ndarray
    factor: np.ndarray
    skill: np.ndarray


@dataclass(frozen=True)
class TeacherOutput:
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


def measure_trust(said: np.ndarray, labels: np.ndarray) -> Trust:
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


def merge_teachers(opinions: Sequence[TeacherOutput]) -> np.ndarray:
    """Return one piece's pseudo-labels, float32, shape (TAUGHT,), from the teachers of every set.

    Valence and arousal are means weighted by precision and skill; the weight expresses how sure all
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


def write_teacher_labels(path: Path, lessons: Mapping[str, np.ndarray]) -> None:
    """Write pseudo-labels by ``<set>/<piece>``."""
    partial = path.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez(stream, names=np.array(list(lessons)), taught=np.array(list(lessons.values())))
    partial.replace(path)
