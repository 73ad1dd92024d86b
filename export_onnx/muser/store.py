"""Prepared pieces on disk: tokens, features and labels of every beat; a file per set and split."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.generators.muser.features import FEATURE_TOTAL

__all__ = ["Corpus", "load_corpus", "save_corpus"]


@dataclass(frozen=True)
class Corpus:
    """All pieces of one data set and split, end to end.

    Attributes
    ----------
    notes : int16 array, shape (n_notes, 4)
        Tokens: onset, pitch, duration, velocity indices.
    first_note : int32 array, shape (n_beats + 1,)
        Where the notes of each beat start.
    headers : int16 array, shape (n_beats, 7)
        Tempo, position, beats per bar, root, quality, mode, ticks.
    features : float16 array, shape (n_beats, FEATURE_TOTAL)
        Input of the encoder.
    statistics : float32 array, shape (n_beats, 8)
        One ordered number per element, NaN where undefined.
    labels : float32 array, shape (n_beats, 2)
        Valence and arousal as annotated, NaN without.
    first_beat : int32 array, shape (n_pieces + 1,)
        Where the beats of each piece start.
    names, groups : arrays of str, shape (n_pieces,)
        Piece, and what must not be on two sides of a split.
    """

    notes: np.ndarray
    first_note: np.ndarray
    headers: np.ndarray
    features: np.ndarray
    statistics: np.ndarray
    labels: np.ndarray
    first_beat: np.ndarray
    names: np.ndarray
    groups: np.ndarray

    @property
    def n_beats(self) -> int:
        """Number of beats."""
        return len(self.headers)

    def piece_of_beat(self) -> np.ndarray:
        """Return the piece of every beat: int64, shape (n_beats,)."""
        lengths = np.diff(self.first_beat)
        return np.repeat(np.arange(len(lengths)), lengths)


def save_corpus(path: Path, corpus: Corpus) -> None:
    """Write a corpus; the file appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, **{f.name: getattr(corpus, f.name) for f in fields(corpus)})
    partial.replace(path)


def load_corpus(folder: Path, dataset: str, split: str) -> Corpus:
    """Read what `prepare` wrote.

    Raises
    ------
    InputError
        Missing, unreadable or prepared by another version of the features.
    """
    path = folder / f"{dataset}_{split}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            corpus = Corpus(**{f.name: stored[f.name] for f in fields(Corpus)})
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: cannot be read; run prepare muser ({error})") from error
    if corpus.features.shape[1] != FEATURE_TOTAL:
        raise InputError(
            f"{path}: {corpus.features.shape[1]} features per beat, expected {FEATURE_TOTAL}; "
            "run prepare muser again"
        )
    return corpus
