"""Reading the tables the sets are distributed as, and manifests in our own layout."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.datasets.item import Item

__all__ = [
    "MANIFEST",
    "first_existing",
    "manifest_items",
    "number",
    "read_manifest",
    "read_rows",
    "read_traces",
]

MANIFEST = "manifest.csv"

_SAMPLE = re.compile(r"sample_(\d+)ms")


def first_existing(folder: Path, candidates: tuple[str, ...]) -> Path | None:
    """Return the first of the paths below `folder` that exists; archives unpack differently."""
    return next((folder / path for path in candidates if (folder / path).exists()), None)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a table with a header; names in lower case, names and values without outer blanks.

    Surplus fields of ragged lines are left out, missing ones are empty. Bytes that are not UTF-8
    become the replacement character: they occur in titles only.

    Raises
    ------
    InputError
        The file cannot be read or has no header.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
            reader = csv.DictReader(lines, restval="", skipinitialspace=True)
            header = reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
            rows = [{name: row[name].strip() for name in header} for row in reader]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if not header:
        raise InputError(f"{path}: empty")
    return rows


def number(row: dict[str, str], column: str, path: Path) -> float:
    """Return one cell as a finite number; the error names file, column and cell."""
    if column not in row:
        raise InputError(f"{path}: no column {column}; it has {', '.join(row)}")
    try:
        value = float(row[column])
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"{path}: column {column} has {row[column]!r}, not a number")
    return value


def read_traces(valence: Path, arousal: Path) -> dict[int, np.ndarray]:
    """Read two wide tables of ratings over time, as MediaEval, DEAM and EmoMusic have them.

    One row per song: ``song_id`` and columns ``sample_15000ms``, ``sample_15500ms``...; cells past
    the end of a song are empty. Instants that only one of the tables knows are left out.

    Returns
    -------
    dict
        Per song a float64 array of shape (n, 3): time [s], valence, arousal as in the file.
    """
    sides = []
    for path in (valence, arousal):
        songs: dict[int, dict[float, float]] = {}
        for row in read_rows(path):
            samples = songs.setdefault(int(number(row, "song_id", path)), {})
            for column, cell in row.items():
                match = _SAMPLE.fullmatch(column)
                if match and cell:
                    samples[int(match[1]) / 1000] = number(row, column, path)
        sides.append(songs)
    traces = {}
    for song in sides[0].keys() & sides[1].keys():
        at = sorted(sides[0][song].keys() & sides[1][song].keys())
        if at:
            traces[song] = np.array([[t, sides[0][song][t], sides[1][song][t]] for t in at])
    return traces


def read_manifest(folder: Path) -> list[dict[str, str]]:
    """Read ``manifest.csv``, which has at least the columns ``path`` and ``split``."""
    manifest = folder / MANIFEST
    rows = read_rows(manifest)
    if not rows or "split" not in rows[0] or "path" not in rows[0]:
        raise InputError(f"{manifest}: needs the columns path and split and at least one row")
    return rows


def manifest_items(dataset: str, folder: Path) -> Iterator[Item]:
    """Read a set of recordings in our own layout.

    ``manifest.csv`` has ``path`` and ``split`` and, where known, ``name`` (the file's stem
    otherwise), ``group`` (the name otherwise), ``valence`` and ``arousal`` in [-1, 1], and
    ``moods`` separated by ``|``.
    """
    manifest = folder / MANIFEST
    for row in read_manifest(folder):
        name = row.get("name") or Path(row["path"]).stem
        rated = bool(row.get("valence"))
        yield Item(
            dataset=dataset,
            name=name,
            split=row["split"],
            group=row.get("group") or name,
            folder=folder,
            path=row["path"],
            valence=number(row, "valence", manifest) if rated else None,
            arousal=number(row, "arousal", manifest) if rated else None,
            moods=tuple(row["moods"].split("|")) if row.get("moods") else None,
        )
