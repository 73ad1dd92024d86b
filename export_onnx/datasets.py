"""The data sets of the tracker: one reader per set, all giving `Item`.

Layout: ``DATA/<set>/manifest.csv`` with a ``split`` column, beside the set's archive (or the
archive's unpacked folder). Scales are converted here, once, to the shared [-1, 1]:

========  ==============================================  ====================================
set       labels given                                    conversion
========  ==============================================  ====================================
emopia    one quadrant per clip                           valence, arousal = +-EMOPIA_LEVEL
vgmidi    valence, arousal over time, -1..1               unchanged; moved back by the listeners'
                                                          reaction time when training
emotify   share of listeners per GEMS emotion, proxies    unchanged
pop909    chords and keys over time                       major/minor triads; other chords unknown
========  ==============================================  ====================================
"""

import csv
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.synth import TimedMessage, read_midi
from export_onnx.tracker.config import EMOPIA_LEVEL, TAGS

__all__ = ["DATASETS", "Dataset", "Item", "Span", "chord_index", "key_index", "read_items"]

_PITCH_CLASS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUADRANT_SIGNS = ((1, 1), (-1, 1), (-1, -1), (1, -1))


@dataclass(frozen=True, slots=True)
class Span:
    """A label that holds from `start_s` to `end_s`; `label` indexes KEYS or CHORDS, -1 unknown."""

    start_s: float
    end_s: float
    label: int


@dataclass(frozen=True)
class Item:
    """One piece or clip with whatever labels its set has; missing ones are None or empty.

    Attributes
    ----------
    valence, arousal : float or None
        Label of the whole piece, [-1, 1].
    curve : float64 array, shape (n, 3), or None
        Time [s], valence, arousal where the set has them over time.
    quadrant : int or None
        0..3 for Q1..Q4.
    tags : tuple of float or None
        Share of listeners per tag, in the order of TAGS.
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
    curve: np.ndarray | None = None
    tags: tuple[float, ...] | None = None
    chords: tuple[Span, ...] = field(default=())
    keys: tuple[Span, ...] = field(default=())

    @property
    def is_midi(self) -> bool:
        """True for a piece that must be rendered first."""
        return self.path.endswith(".mid")

    def messages(self) -> list[TimedMessage]:
        """Read the MIDI file out of its archive or folder."""
        data = _read_member(self.folder, self.archive, self.path)
        return read_midi(self.path, data)

    def audio(self) -> tuple[np.ndarray, int]:
        """Read the recording: mono float32, shape (n,), and its sample rate [Hz]."""
        import soundfile

        try:
            sound, rate = soundfile.read(self.folder / self.path, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise InputError(f"{self.folder / self.path}: cannot be read ({error})") from error
        return sound.mean(1, dtype=np.float32), int(rate)


@dataclass(frozen=True)
class Dataset:
    """A registered set: how it is licensed and how it is read."""

    name: str
    labels: str
    licence: str
    read: Callable[[Path], Iterator[Item]]


def _read_member(folder: Path, archive: str | None, path: str) -> bytes:
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


def _rows(folder: Path) -> list[dict[str, str]]:
    manifest = folder / "manifest.csv"
    try:
        with manifest.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise InputError(f"{manifest}: cannot be read ({error.strerror})") from error
    if not rows or "split" not in rows[0] or "path" not in rows[0]:
        raise InputError(f"{manifest}: needs the columns path and split and at least one row")
    return rows


def _root(name: str) -> int:
    shift = sum({"#": 1, "b": -1}[sign] for sign in name[1:])
    return (_PITCH_CLASS[name[0]] + shift) % 12


def key_index(name: str) -> int:
    """Index into KEYS of a name like ``Gb:maj``; -1 where it is none."""
    root, _, mode = name.partition(":")
    try:
        return _root(root) + {"maj": 0, "min": 12}[mode]
    except (KeyError, IndexError):
        return -1


def chord_index(name: str) -> int:
    """Index into CHORDS of a name like ``Bb:min7/b3``.

    Sevenths and added tones fold into their major or minor triad; diminished, augmented,
    suspended and unknown chords give -1, as in the MIREX major/minor vocabulary.
    """
    if name == "N":
        return 0
    root, _, quality = name.partition(":")
    quality = quality.split("/")[0].split("(")[0]
    major = ("", "maj", "maj6", "maj7", "maj9", "6", "7", "9", "11", "13")
    minor = ("min", "min6", "min7", "min9", "min11", "minmaj7")
    try:
        if quality in major:
            return 1 + _root(root.split("/")[0])
        if quality in minor:
            return 13 + _root(root)
    except (KeyError, IndexError):
        pass
    return -1


def _spans(text: str, index: Callable[[str], int]) -> tuple[Span, ...]:
    spans = []
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 3:
            spans.append(Span(float(parts[0]), float(parts[1]), index(parts[2])))
    return tuple(spans)


def _emopia(folder: Path) -> Iterator[Item]:
    for row in _rows(folder):
        quadrant = int(row["quadrant"][1]) - 1
        valence, arousal = _QUADRANT_SIGNS[quadrant]
        key = key_index(row.get("key_est", ""))
        yield Item(
            dataset="emopia",
            name=row["clip"],
            split=row["split"],
            group=row["song"],
            folder=folder,
            path=row["path"],
            archive="midi.zip",
            quadrant=quadrant,
            valence=valence * EMOPIA_LEVEL,
            arousal=arousal * EMOPIA_LEVEL,
            keys=(Span(0.0, float(row["duration_s"]), key),) if key >= 0 else (),
        )


def _vgmidi(folder: Path) -> Iterator[Item]:
    try:
        notes = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'annotations.json'}: cannot be read ({error})") from error
    for row in _rows(folder):
        note = notes.get(row["path"])
        curve = None
        if note is not None and not int(note["time_uncertain"]):
            # A slot keeps its last rating: the value belongs to the end of the slot.
            time_s = np.asarray(note["t_start"]) + float(note["step_s"])
            curve = np.stack([time_s, note["valence_median"], note["arousal_median"]], 1)
        key = key_index(row.get("key_est", ""))
        yield Item(
            dataset="vgmidi",
            name=Path(row["path"]).stem,
            split=row["split"],
            group=row["franchise"],
            folder=folder,
            path=row["path"],
            archive="midi.zip",
            valence=float(row["valence_mean"]),
            arousal=float(row["arousal_mean"]),
            curve=curve,
            keys=(Span(0.0, float(row["duration_s"]), key),) if key >= 0 else (),
        )


def _emotify(folder: Path) -> Iterator[Item]:
    for row in _rows(folder):
        yield Item(
            dataset="emotify",
            name=Path(row["path"]).stem,
            split=row["split"],
            group=row["artist"],
            folder=folder,
            path=row["path"],
            valence=float(row["valence_proxy"]),
            arousal=float(row["arousal_proxy"]),
            tags=tuple(float(row[tag]) for tag in TAGS),
        )


def _pop909(folder: Path) -> Iterator[Item]:
    for row in _rows(folder):
        stem = row["path"].rsplit("/", 1)[0]
        chords = _read_member(folder, "pop909.zip", f"{stem}/chord_midi.txt").decode()
        keys = _read_member(folder, "pop909.zip", f"{stem}/key_audio.txt").decode()
        yield Item(
            dataset="pop909",
            name=row["song_id"],
            split=row["split"],
            group=row["song_id"],
            folder=folder,
            path=row["path"],
            archive="pop909.zip",
            chords=_spans(chords, chord_index),
            keys=_spans(keys, key_index),
        )


DATASETS: dict[str, Dataset] = {
    "emopia": Dataset("emopia", "quadrant", "CC BY-NC-SA 4.0", _emopia),
    "vgmidi": Dataset("vgmidi", "valence, arousal over time", "research only", _vgmidi),
    "emotify": Dataset("emotify", "GEMS-9 shares", "CC BY-NC-SA (music)", _emotify),
    "pop909": Dataset("pop909", "chords, keys", "MIT", _pop909),
}


def read_items(data: Path, splits: tuple[str, ...], names: tuple[str, ...] = ()) -> list[Item]:
    """Read the items of the given splits from every known set found below `data`.

    Raises
    ------
    InputError
        The folder is missing, holds none of the sets, or has no item in these splits.
    """
    if not data.is_dir():
        raise InputError(f"data folder {data}: not a folder")
    wanted = names or tuple(DATASETS)
    found = [name for name in wanted if (data / name / "manifest.csv").is_file()]
    if not found:
        raise InputError(f"data folder {data}: none of {', '.join(wanted)} with a manifest.csv")
    items = [
        item for name in found for item in DATASETS[name].read(data / name) if item.split in splits
    ]
    if not items:
        raise InputError(f"data folder {data}: no item in split {', '.join(splits)}")
    return items
