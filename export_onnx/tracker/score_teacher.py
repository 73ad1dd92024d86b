"""A teacher that reads the score: kernel regression from note statistics to emotion.

It reads the notes, which the student must infer from sound, so it predicts better, and it labels
every passage of every piece that exists as notes, rated or not. Each piece is labelled by the
teacher that was trained without the fold of its song or franchise. Rated pieces keep the mean of
their rating: the teacher adds only the course over time. The labels of EMOPIA and VGMIDI differ in
meaning, so pieces of the same set have a larger kernel value (a coupled kernel).

``courses.npz`` holds, on a grid of two seconds of file time per piece, valence, arousal and the
normalised statistics of the passage; `store` maps them to the hops of each rendering.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.datasets import Item, read_items
from export_onnx.tracker.notes import FEATURES, describe, note_table
from export_onnx.training.options import data_option, option
from export_onnx.training.progress import Progress

__all__ = ["COURSE", "Passages", "ScoreTeacher", "describe_items", "teach", "write_courses"]

# Numbers per step of a course: valence, arousal, statistics.
COURSE = 2 + FEATURES
_STEP_S = 2.0
# Context before and after a moment that is described [s].
_BEFORE_S, _AFTER_S = 20.0, 4.0
_REACTION_S = 3.0
# Raters' curves within a piece are noisy (split-half r 0.3): trust them by this share.
_CURVE_SHARE = 0.5
_FOLDS = 10
_RATED = ("vgmidi", "emopia")
_LIMIT = 4.0


@dataclass(frozen=True)
class Passages:
    """The passages of one piece.

    Attributes
    ----------
    times_s : float64 array, shape (m,)
        Where in the file each is heard from [s].
    statistics : float64 array, shape (m, FEATURES)
    affect : float64 array, shape (m, 2)
        Labels, NaN where the piece has none.
    """

    item: Item
    times_s: np.ndarray
    statistics: np.ndarray
    affect: np.ndarray


def _labels(item: Item, times_s: np.ndarray) -> np.ndarray:
    """Label of the piece, moved by a share of the raters' course."""
    if item.valence is None or item.arousal is None:
        return np.full((len(times_s), 2), np.nan)
    labels = np.tile([item.valence, item.arousal], (len(times_s), 1))
    if item.curve is not None:
        for axis in (0, 1):
            course = np.interp(times_s + _REACTION_S, item.curve[:, 0], item.curve[:, 1 + axis])
            labels[:, axis] += _CURVE_SHARE * (course - course.mean())
    return labels


def describe_items(items: Sequence[Item]) -> list[Passages]:
    """Read the notes of every piece and describe its passages; pieces without are left out."""
    found = []
    with Progress("notes", len(items)) as progress:
        for item in items:
            progress.advance()
            notes = note_table(item.messages())
            if not len(notes):
                continue
            end_s = float(notes[:, 1].max())
            times, rows = [], []
            for time_s in np.arange(_STEP_S, end_s + _STEP_S, _STEP_S):
                start_s = max(0.0, min(time_s - _BEFORE_S, end_s - _BEFORE_S - _AFTER_S))
                row = describe(notes, start_s, start_s + _BEFORE_S + _AFTER_S)
                if row is not None:
                    times.append(time_s)
                    rows.append(row)
            if rows:
                times_s = np.array(times)
                found.append(Passages(item, times_s, np.array(rows), _labels(item, times_s)))
    return found


class ScoreTeacher:
    """Gaussian kernel ridge regression on normalised statistics.

    Parameters
    ----------
    features : float64 array, shape (n, FEATURES)
    affect : float64 array, shape (n, 2)
    weights : float64 array, shape (n,)
        How much each row counts.
    source : int array, shape (n,)
        Which kind of label a row has.
    width : float
        Of the kernel, in standard deviations per feature.
    noise : float
        Variance of the labels over that of what the notes explain.
    kinship : float
        Share of the kernel that holds across kinds of label.
    """

    def __init__(
        self,
        features: np.ndarray,
        affect: np.ndarray,
        weights: np.ndarray,
        source: np.ndarray,
        width: float = 1.5,
        noise: float = 0.2,
        kinship: float = 0.7,
    ) -> None:
        self._width, self._kinship = width, kinship
        self._features, self._source = features, source
        self._means = np.zeros((int(source.max()) + 1, affect.shape[1]))
        for kind in np.unique(source):
            here = source == kind
            self._means[kind] = np.average(affect[here], 0, weights[here])
        kernel = self._kernel(features, source) + noise * np.diag(1.0 / weights)
        self._solved = np.linalg.solve(kernel, affect - self._means[source])

    def _kernel(self, features: np.ndarray, source: np.ndarray) -> np.ndarray:
        squares = np.square(features).sum(1)[:, None] + np.square(self._features).sum(1)[None]
        distance = np.maximum(squares - 2.0 * features @ self._features.T, 0.0)
        near = np.exp(-distance / (2.0 * self._width**2 * features.shape[1]))
        same = source[:, None] == self._source[None]
        return np.asarray(near * (self._kinship + (1.0 - self._kinship) * same))

    def predict(self, features: np.ndarray, source: int) -> np.ndarray:
        """Valence and arousal, shape (n, 2), as labels of kind `source` would put them."""
        kinds = np.full(len(features), source)
        return np.asarray(self._kernel(features, kinds) @ self._solved + self._means[source])


def _fold(item: Item) -> int:
    return zlib.crc32(f"fold {item.dataset} {item.group}".encode()) % _FOLDS


def teach(pieces: Sequence[Passages], per_piece: int = 6) -> tuple[list[np.ndarray], np.ndarray]:
    """Return a course per piece and how well unseen pieces are judged.

    Parameters
    ----------
    pieces : sequence of Passages
        Rated ones teach, all are taught.
    per_piece : int
        Passages of a rated piece that the teacher learns from at most.

    Returns
    -------
    courses : list of float32 array, shape (m, COURSE)
        In the order of `pieces`.
    skill : float64 array, shape (sets, 2)
        Correlation of mean valence and arousal of held-out pieces with their labels, VGMIDI and
        EMOPIA.

    Raises
    ------
    InputError
        No piece is rated.
    """
    rated = [piece for piece in pieces if piece.item.dataset in _RATED]
    if not rated:
        raise InputError(f"no piece of {' or '.join(_RATED)}: the teacher has nothing to learn")
    everything = np.concatenate([piece.statistics for piece in rated])
    centre, scale = everything.mean(0), everything.std(0) + 1e-6

    def normal(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.clip((values - centre) / scale, -_LIMIT, _LIMIT))

    teachers = {}
    for fold in (*range(_FOLDS), -1):
        rows, labels, weights, source = [], [], [], []
        for piece in rated:
            if _fold(piece.item) == fold:
                continue
            count = min(per_piece, max(1, len(piece.times_s) // 6))
            picked = np.linspace(0, len(piece.times_s) - 1, 2 * count + 1).astype(int)[1::2]
            rows.append(piece.statistics[picked])
            labels.append(piece.affect[picked])
            weights.append(np.full(count, (1.0 if piece.item.dataset == "vgmidi" else 0.3) / count))
            source.append(np.full(count, _RATED.index(piece.item.dataset)))
        if rows:
            teachers[fold] = ScoreTeacher(
                normal(np.concatenate(rows)),
                np.concatenate(labels),
                np.concatenate(weights),
                np.concatenate(source),
            )
    courses, judged = [], []
    for piece in pieces:
        known = piece.item.dataset in _RATED
        source_index = _RATED.index(piece.item.dataset) if known else 0
        fold = _fold(piece.item) if known and piece.item.split == "train" else -1
        statistics = normal(piece.statistics)
        said = teachers[fold].predict(statistics, source_index)
        if known:
            judged.append((source_index, *said.mean(0), *piece.affect.mean(0)))
        if piece.item.dataset == "vgmidi":
            said = said - said.mean(0) + piece.affect.mean(0)
        said = np.clip(said, -0.95, 0.95)
        courses.append(np.concatenate([said, statistics], 1).astype(np.float32))
    table = np.array(judged)
    skill = np.full((len(_RATED), 2), np.nan)
    for kind in range(len(_RATED)):
        here = table[table[:, 0] == kind]
        if len(here) > 2:
            for axis in (0, 1):
                skill[kind, axis] = np.corrcoef(here[:, 1 + axis], here[:, 3 + axis])[0, 1]
    return courses, skill


@dataclass(frozen=True)
class CoursesOptions:
    """Which pieces to describe, and where to write."""

    data: Path = data_option()
    out: Path = option(Path("runs/tracker/courses.npz"))
    sets: tuple[str, ...] = option(("vgmidi", "emopia", "pop909"), "with notes", flag="--set")


def write_courses(options: CoursesOptions) -> list[str]:
    """Teach on the train part and write the courses; returns the skill on left-out pieces."""
    out = options.out
    items = [item for item in read_items(options.data, ("train",), options.sets) if item.is_midi]
    pieces = describe_items(items)
    courses, skill = teach(pieces)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez(
            stream,
            names=np.array([f"{piece.item.dataset}/{piece.item.name}" for piece in pieces]),
            counts=np.array([len(piece.times_s) for piece in pieces]),
            times_s=np.concatenate([piece.times_s for piece in pieces]),
            courses=np.concatenate(courses),
        )
    partial.replace(out)
    return [
        f"{name}: held-out pieces, r of valence {valence:.2f}, arousal {arousal:.2f}"
        for name, (valence, arousal) in zip(_RATED, skill.tolist(), strict=True)
    ] + [f"written: {out}"]
