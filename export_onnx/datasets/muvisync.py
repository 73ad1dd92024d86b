"""MuVi-Sync: 748 music videos as features once a second, for music from video. No sound, no video.

Layout as distributed (files of one song share its three-digit number)::

    vevo_chord/lab_v2_norm/all/001.lab      "key C major", then "0 C", "1 A:min" ...
    vevo_emotion/6c_l14p/all/001.lab        header, then "0 0.41 0.09 0.12 0.08 0.25 0.05"
    vevo_motion/all/001.lab                 "0 12.3456"; scene_offset, loudness, note_density alike
    vevo_semantic/all/2d/clip_l14p/001.npy  float32, shape (seconds, 768)
    vevo_semantic/all/2d/clip_l14p_pca48/001.npy  or its principal components, shape (seconds, 48)
    vevo_meta/idlist.txt                    "001-Title<TAB>video id"
    vevo_meta/exclude.txt                   numbers left out, where there is one
    vevo_meta/split/v1/{train,val,test}.txt numbers per split

Chords stand in C major or A minor. Files are of unequal lengths: a song is cut to the shortest.
Any feature may be missing; ``vevo_emotion/5c_l14p`` (no neutral) is taken where ``6c_l14p`` is not
there. Without split files the split is by a hash of the number.

References
----------
Kang, Poria, Herremans: Video2Music. arXiv 2311.00968. https://zenodo.org/records/10057093
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.generators.amt.conditioning import project_semantic, score_components
from engine.generators.amt.vocabulary import parse_chord_id
from export_onnx.datasets.item import Item
from export_onnx.datasets.split import split_of

__all__ = ["MuviSong", "lacks_muvisync", "load_muvisync", "read_muvisync"]

_CHORDS = "vevo_chord/lab_v2_norm/all"
_EMOTIONS = ("vevo_emotion/6c_l14p/all", "vevo_emotion/5c_l14p/all")
_N_EMOTIONS = 6
_SCALARS = {
    "motion": "vevo_motion/all",
    "scene": "vevo_scene_offset/all",
    "loudness": "vevo_loudness/all",
    "density": "vevo_note_density/all",
}
_EMBEDDINGS = "vevo_semantic/all/2d/clip_l14p"
_COMPONENTS = "vevo_semantic/all/2d/clip_l14p_pca48"
_EMBEDDING_WIDTH = 768
_COMPONENT_WIDTH = 48
_SPLITS = ("vevo_meta/split/v1", "split/v1")
_SPLIT_NAMES = ("train", "val", "test")
_KEY = re.compile(r"key\s+([A-G][#b]?)\s+(major|minor)")


@dataclass(frozen=True)
class MuviSong:
    """One song, second by second; a feature without a file is None.

    Attributes
    ----------
    number : str
        Three digits.
    minor : bool
        Mode of the song.
    chord : int64 array, shape (n,)
        Ids of `engine.generators.amt.vocabulary`.
    emotion : float32 array, shape (n, 6), or None
        exciting, fearful, tense, sad, relaxing, neutral.
    motion : float32 array, shape (n,), or None
        Mean difference of neighbouring frames, 0..255.
    scene : float32 array, shape (n,), or None
        Seconds since the last cut.
    loudness, density : float32 array, shape (n,), or None
        RMS / 32767, and notes sounding.
    semantic : float32 array, shape (n, 32), or None
        CLIP ViT-L/14@336 as the chord model is told it, see `project_semantic`.
    """

    number: str
    minor: bool
    chord: np.ndarray
    emotion: np.ndarray | None
    motion: np.ndarray | None
    scene: np.ndarray | None
    loudness: np.ndarray | None
    density: np.ndarray | None
    semantic: np.ndarray | None


def lacks_muvisync(folder: Path) -> str:
    """Return what of MuVi-Sync is missing in `folder`."""
    return "" if any((folder / _CHORDS).glob("*.lab")) else f"{_CHORDS}/001.lab and so on"


def _numbers(path: Path) -> set[str]:
    """Three-digit numbers that begin the lines of a list; a bare number is filled up."""
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    heads = (re.match(r"\s*(\d{1,3})\b", line) for line in lines)
    return {head[1].zfill(3) for head in heads if head}


def _splits(folder: Path) -> dict[str, str]:
    for place in _SPLITS:
        found = {
            number: split
            for split in _SPLIT_NAMES
            for number in _numbers(folder / place / f"{split}.txt")
        }
        if found:
            return found
    return {}


def read_muvisync(folder: Path) -> Iterator[Item]:
    """List the songs; what is in them is read by `load_muvisync`."""
    splits, excluded = _splits(folder), _numbers(folder / "vevo_meta/exclude.txt")
    for path in sorted((folder / _CHORDS).glob("*.lab")):
        number = path.stem
        if number in excluded or (splits and number not in splits):
            continue
        yield Item(
            dataset="muvisync",
            name=number,
            split=splits.get(number) or split_of("muvisync", number),
            group=number,
            folder=folder,
            path=f"{_CHORDS}/{path.name}",
        )


def _rows(path: Path, width: int) -> np.ndarray | None:
    """Values by second, float32, shape (n, width); None without a file.

    Lines that do not start with a whole second are headers. Missing columns are 0.
    """
    if not path.is_file():
        return None
    rows: dict[int, list[float]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split()
        if not cells or not cells[0].isdecimal():
            continue
        try:
            rows[int(cells[0])] = [float(cell) for cell in cells[1 : 1 + width]]
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {line!r} is not numbers") from error
    n = next((second for second in range(len(rows) + 1) if second not in rows), 0)
    table = np.zeros((n, width), np.float32)
    for second in range(n):
        table[second, : len(rows[second])] = rows[second]
    return table


def _chords(path: Path) -> tuple[np.ndarray, bool]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    key = _KEY.match(lines[0]) if lines else None
    if key is None:
        raise InputError(f"{path}: first line is not a key such as 'key C major'")
    chords: list[int] = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != 2 or cells[0] != str(len(chords)):
            raise InputError(f"{path}, line {number}: {line!r}, expected '{len(chords)} CHORD'")
        chords.append(parse_chord_id(cells[1]))
    if not chords:
        raise InputError(f"{path}: no chords")
    return np.array(chords, np.int64), key[2] == "minor"


def _array(path: Path, width: int) -> np.ndarray:
    try:
        rows = np.load(path, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    if rows.ndim != 2 or rows.shape[1] != width:
        raise InputError(f"{path}: shape {rows.shape}, expected (n, {width})")
    return np.asarray(rows)


def _semantic(folder: Path, number: str) -> np.ndarray | None:
    """Embeddings projected, or components that were distributed instead of them; or None."""
    path = folder / _EMBEDDINGS / f"{number}.npy"
    if path.is_file():
        return project_semantic(_array(path, _EMBEDDING_WIDTH))
    path = folder / _COMPONENTS / f"{number}.npy"
    return score_components(_array(path, _COMPONENT_WIDTH)) if path.is_file() else None


def load_muvisync(item: Item) -> MuviSong:
    """Read one song with all its features, cut to the shortest of them.

    Raises
    ------
    InputError
        A file is not of the format above.
    """
    folder, number = item.folder, item.name
    chord, minor = _chords(folder / item.path)
    emotion = None
    for place in _EMOTIONS:
        emotion = _rows(folder / place / f"{number}.lab", _N_EMOTIONS)
        if emotion is not None:
            break
    tables = {name: _rows(folder / place / f"{number}.lab", 1) for name, place in _SCALARS.items()}
    semantic = _semantic(folder, number)
    there = [chord, emotion, semantic, *tables.values()]
    n = min(len(table) for table in there if table is not None)

    def column(name: str) -> np.ndarray | None:
        table = tables[name]
        return None if table is None else np.asarray(table[:n, 0])

    return MuviSong(
        number=number,
        minor=minor,
        chord=chord[:n],
        emotion=None if emotion is None else emotion[:n],
        motion=column("motion"),
        scene=column("scene"),
        loudness=column("loudness"),
        density=column("density"),
        semantic=None if semantic is None else semantic[:n],
    )
