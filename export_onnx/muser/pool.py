"""All beats of a split in one place, with comparable loudness and a label each."""

from pathlib import Path

import numpy as np

from engine.generators.muser.features import FEATURE_SIZES, velocity_features
from engine.generators.muser.vocabulary import ELEMENTS, VELOCITIES
from export_onnx.muser.labels import Labeller, expected_velocity
from export_onnx.muser.prepare import DATASETS
from export_onnx.muser.store import Corpus, load_corpus

__all__ = ["Pool", "load_pool"]

_SEED = 20251120
_VELOCITY = ELEMENTS.index("velocity")


class Pool:
    """Corpora end to end.

    Attributes
    ----------
    notes, first_note, headers, features, statistics : arrays
        As in `Corpus`.
    raw : float64 array, shape (n_beats, 2)
        Valence and arousal before ranking.
    first_beat : int64 array, shape (n_pieces + 1,)
        Where the beats of each piece start.
    dataset : int64 array, shape (n_pieces,)
        Index into `DATASETS`.
    names, groups : arrays of str, shape (n_pieces,)
        Piece, and what must not be on two sides of a split.
    quadrant : int64 array, shape (n_pieces,)
        0..3 from the annotations' signs, -1 without.
    """

    def __init__(self, corpora: dict[str, Corpus], labeller: Labeller) -> None:
        self.labeller = labeller
        held = [corpora[name] for name in DATASETS]
        self.notes = np.concatenate([c.notes for c in held]).astype(np.int64)
        self.first_note = _joined([c.first_note for c in held])
        self.headers = np.concatenate([c.headers for c in held]).astype(np.int64)
        self.features = np.concatenate([c.features for c in held])
        self.statistics = np.concatenate([c.statistics for c in held])
        labels = np.concatenate([c.labels for c in held])
        self.raw = np.concatenate([labeller.raw(name, corpora[name]) for name in DATASETS])
        self.first_beat = _joined([c.first_beat for c in held])
        self.dataset = np.repeat(np.arange(len(held)), [len(c.names) for c in held])
        self.names = np.concatenate([c.names for c in held])
        self.groups = np.concatenate([c.groups for c in held])
        edges = zip(self.first_beat[:-1], self.first_beat[1:], strict=True)
        means = np.stack([labels[first:last].mean(0) for first, last in edges])
        corner = np.array([[2, 1], [3, 0]])[(means[:, 0] > 0) * 1, (means[:, 1] > 0) * 1]
        self.quadrant = np.where(np.isnan(means[:, 0]), -1, corner)
        self._renew_velocity()

    def _renew_velocity(self) -> None:
        """Bring features and numbers in line with the moved velocities."""
        counts = np.diff(self.first_note)
        sounding = np.flatnonzero(counts > 0)
        starts = self.first_note[sounding]
        velocity = self.notes[:, 3]
        low = np.minimum.reduceat(velocity, starts)
        high = np.maximum.reduceat(velocity, starts)
        mean = np.add.reduceat(velocity, starts) / counts[sounding]
        edge = sum(FEATURE_SIZES[name] for name in ELEMENTS[:_VELOCITY])
        self.features[sounding, edge : edge + FEATURE_SIZES["velocity"]] = velocity_features(
            mean, high, low
        )
        step = VELOCITIES[1] - VELOCITIES[0]
        self.statistics[sounding, _VELOCITY] = VELOCITIES[0] + step * mean

    def beats_of(self, name: str) -> np.ndarray:
        """Return the numbers of the beats of a data set."""
        pieces = np.flatnonzero(self.dataset == DATASETS.index(name))
        return np.arange(self.first_beat[pieces[0]], self.first_beat[pieces[-1] + 1])


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Return offsets end to end, shape (total + 1,)."""
    edges = [np.zeros(1, np.int64)]
    for part in parts:
        edges.append(part[1:].astype(np.int64) + edges[-1][-1])
    return np.concatenate(edges)


def load_pool(folder: Path, split: str) -> Pool:
    """Read the prepared sets of a split; labels are always fitted on the train parts."""
    train = {name: load_corpus(folder, name, "train") for name in DATASETS}
    reference = train["emopia"]
    train = expected_velocity(train, reference, _SEED)
    labeller = Labeller(train)
    if split == "train":
        return Pool(train, labeller)
    corpora = {name: load_corpus(folder, name, split) for name in DATASETS}
    return Pool(expected_velocity(corpora, reference, _SEED), labeller)
