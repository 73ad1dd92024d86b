"""One piece with its labels, and the registry's description of a data set."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.audio.decoder import AudioFile
from engine.errors import InputError
from export_onnx.datasets.labels import Span
from export_onnx.datasets.render import TimedMessage, read_midi

__all__ = ["Dataset", "Item", "read_member"]

_BLOCK = 65_536


@dataclass(frozen=True)
class Item:
    """One piece or clip with whatever labels its set has; missing ones are None or empty.

    Attributes
    ----------
    group : str
        What must not be on two sides of a split: song, artist or franchise.
    valence, arousal : float or None
        Label of the whole piece, [-1, 1].
    spread : tuple of float or None
        Standard deviation of valence and arousal among the raters, on the same scale.
    curve : float64 array, shape (n, 3), or None
        Time [s], valence, arousal where the set has them over time.
    quadrant : int or None
        0..3 for Q1..Q4.
    tags : tuple of float or None
        Share of listeners per tag, in the order of TAGS.
    moods : tuple of str or None
        Mood and theme words given to the piece, out of `jamendo.MOODS`.
    chords, keys : tuple of Span
        Over time.
    """

    dataset: str
    name: str
    split: str
    group: str
    folder: Path
    path: str
    archive: str | None = None
    quadrant: int | None = None
    valence: float | None = None
    arousal: float | None = None
    spread: tuple[float, float] | None = None
    curve: np.ndarray | None = None
    tags: tuple[float, ...] | None = None
    moods: tuple[str, ...] | None = None
    chords: tuple[Span, ...] = field(default=())
    keys: tuple[Span, ...] = field(default=())

    @property
    def is_midi(self) -> bool:
        """True for a piece that must be rendered first."""
        return self.path.endswith(".mid")

    def messages(self) -> list[TimedMessage]:
        """Read the MIDI file out of its archive or folder."""
        data = read_member(self.folder, self.archive, self.path)
        return read_midi(self.path, data)

    def audio(self) -> tuple[np.ndarray, int]:
        """Read the recording: mono float32, shape (n,), and its sample rate [Hz]."""
        with AudioFile(self.folder / self.path) as recording:
            blocks = []
            while len(block := recording.read(_BLOCK)):
                blocks.append(block.mean(1))
            return np.concatenate(blocks), recording.sample_rate


@dataclass(frozen=True)
class Dataset:
    """A registered set and its reader.

    Attributes
    ----------
    lacks : callable
        What of the set is missing in a folder, in words; empty where it can be read.
    read : callable
        Items of a folder that lacks nothing.
    contained_in : str
        Name of a set that holds the same songs under the same names; empty for none.
    has_sound : bool
        False for features alone: read only where asked for by name.
    """

    name: str
    lacks: Callable[[Path], str]
    read: Callable[[Path], Iterator[Item]]
    contained_in: str = ""
    has_sound: bool = True


def read_member(folder: Path, archive: str | None, path: str) -> bytes:
    """Read a file that lies loose in `folder` or inside `archive` there.

    Raises
    ------
    InputError
        It is in neither.
    """
    loose = folder / path
    if loose.is_file():
        return loose.read_bytes()
    if archive is None or not (folder / archive).is_file():
        raise InputError(f"{loose}: missing, and no archive {archive} beside it")
    try:
        with zipfile.ZipFile(folder / archive) as packed:
            return packed.read(path)
    except (KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder / archive}: no member {path} ({error})") from error
