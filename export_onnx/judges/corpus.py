"""Real clips with their labels, read once and kept as arrays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export_onnx.datasets import Item, read_items
from export_onnx.judges.notes import Notes, from_messages
from export_onnx.training.progress import Progress

__all__ = ["Clip", "read_corpus"]

_FIELDS = ("start_s", "end_s", "pitch", "velocity")


@dataclass(frozen=True)
class Clip:
    """A real piece: its notes and what is known of it (see `export_onnx.datasets.Item`)."""

    dataset: str
    name: str
    split: str
    group: str
    quadrant: int | None
    valence: float | None
    arousal: float | None
    notes: Notes


def _stamp(items: list[Item]) -> np.ndarray:
    """Return what must be unchanged for kept notes to be valid: paths, age of the archive."""
    sources = {item.folder / (item.archive or item.path) for item in items}
    ages = sorted(f"{path.stat().st_mtime_ns}" for path in sources if path.exists())
    return np.array([*(f"{item.path}" for item in items), *ages])


def _read(items: list[Item], title: str) -> list[Notes]:
    notes = []
    with Progress(title, len(items)) as progress:
        for item in items:
            notes.append(from_messages(item.messages()))
            progress.advance()
    return notes


def _kept(path: Path, stamp: np.ndarray) -> list[Notes] | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        if not np.array_equal(stored["stamp"], stamp):
            return None
        cuts = np.cumsum(stored["count"])[:-1]
        columns = [np.split(stored[name], cuts) for name in _FIELDS]
    return [Notes(*parts) for parts in zip(*columns, strict=True)]


def read_corpus(
    data: Path, splits: tuple[str, ...], names: tuple[str, ...], keep: Path | None = None
) -> list[Clip]:
    """Read the MIDI sets `names` below `data`.

    Parameters
    ----------
    keep : Path or None
        Folder where the parsed notes are kept for the next call.

    Raises
    ------
    InputError
        A set is missing or cannot be read.
    """
    clips: list[Clip] = []
    for name in names:
        items = read_items(data, splits, (name,))
        stamp = _stamp(items)
        place = None if keep is None else keep / f"notes_{name}_{'_'.join(splits)}.npz"
        notes = None if place is None else _kept(place, stamp)
        if notes is None:
            notes = _read(items, f"reading {name}")
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                columns: dict[str, Any] = {
                    field: np.concatenate([getattr(one, field) for one in notes])
                    for field in _FIELDS
                }
                count = np.array([len(one) for one in notes])
                np.savez_compressed(place, stamp=stamp, count=count, **columns)
        clips += [
            Clip(
                item.dataset,
                item.name,
                item.split,
                item.group,
                item.quadrant,
                item.valence,
                item.arousal,
                one,
            )
            for item, one in zip(items, notes, strict=True)
            if len(one) > 1
        ]
    return clips
