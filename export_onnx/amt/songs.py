"""Prepared songs: chords on slots, with features and labels of each slot; one file per split."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.generators.amt.conditioning import GROUPS, MASKS, SLICES, WIDTH, encode_group

__all__ = ["RAW_GROUPS", "Song", "condition", "load_songs", "no_pictures", "save_songs"]

RAW_GROUPS = tuple(name for name in GROUPS if name != "semantic")
"""Groups that songs without pictures can have, in the order of the columns of `Song.raw`."""


@dataclass(frozen=True)
class Song:
    """One song or clip.

    Attributes
    ----------
    dataset, name, group : str
        ``group`` is what must stay on one side of a split.
    chord : int16 array, shape (n,)
        Chord of each slot in C major or A minor, an id of `vocabulary`.
    shift : int8 array, shape (n,)
        Semitones up to the song's own key.
    raw : float32 array, shape (n, len(RAW_GROUPS))
        Input of `encode_group`, NaN where unknown.
    trust : float32 array, shape (2,)
        Weight of the valence and arousal labels, 1 for human ones, in [0, 1].
    texture : float32 array, shape (n, 3)
        Mean pitch, span [semitones] and notes per onset, for the affect regressor.
    semantic : float16 array, shape (n, GROUPS["semantic"])
        CLIP components of the picture, NaN where there is none.
    complete : bool
        The last slot ends the song (clips are cut out of songs).
    """

    dataset: str
    name: str
    group: str
    chord: np.ndarray
    shift: np.ndarray
    raw: np.ndarray
    trust: np.ndarray
    texture: np.ndarray
    semantic: np.ndarray
    complete: bool

    def __len__(self) -> int:
        return len(self.chord)

    def column(self, name: str) -> np.ndarray:
        """Return what is measured of one group, float32, shape (n,)."""
        return np.asarray(self.raw[:, RAW_GROUPS.index(name)])


def condition(song: Song) -> np.ndarray:
    """Return the conditioning vectors of a song, float32, shape (n, WIDTH)."""
    vectors = np.zeros((len(song), WIDTH), np.float32)
    for column, name in enumerate(RAW_GROUPS):
        raw = song.raw[:, column]
        known = ~np.isnan(raw)
        vectors[known, SLICES[name]] = encode_group(name, raw[known])
        vectors[known, MASKS[name]] = 1.0
    seen = ~np.isnan(song.semantic[:, 0])
    vectors[seen, SLICES["semantic"]] = song.semantic[seen]
    vectors[seen, MASKS["semantic"]] = 1.0
    return vectors


def no_pictures(slots: int) -> np.ndarray:
    """`Song.semantic` of music without pictures."""
    return np.full((slots, GROUPS["semantic"]), np.nan, np.float16)


_ROWS = ("chord", "shift", "raw", "texture", "semantic")


def save_songs(path: Path, songs: Sequence[Song]) -> None:
    """Write songs to one compressed file without pickled objects, whole or not at all."""
    columns: dict[str, np.ndarray] = {"length": np.array([len(song) for song in songs])}
    for field in fields(Song):
        values = [getattr(song, field.name) for song in songs]
        columns[field.name] = np.concatenate(values) if field.name in _ROWS else np.array(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, **columns)  # type: ignore[arg-type]
    partial.replace(path)


def load_songs(path: Path) -> list[Song]:
    """Read songs written by `save_songs`.

    Raises
    ------
    InputError
        The file is missing or holds something else.
    """
    if not path.is_file():
        raise InputError(f"{path}: not found; run python -m export_onnx prepare amt first")
    try:
        with np.load(path, allow_pickle=False) as stored:
            columns = {name: stored[name] for name in stored.files}
        ends = np.cumsum(columns.pop("length"))
        songs = []
        for index, end in enumerate(ends):
            start = 0 if index == 0 else int(ends[index - 1])
            values = {
                name: column[start:end] if name in _ROWS else column[index]
                for name, column in columns.items()
            }
            for name in ("dataset", "name", "group"):
                values[name] = str(values[name])
            values["complete"] = bool(values["complete"])
            songs.append(Song(**values))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a file of prepared songs ({error})") from error
    return songs
