"""PMEmo: choruses of 794 pop songs, 767 of them with ratings of the whole and twice a second.

Layout as distributed (the folder ``PMEmo2019`` or its contents)::

    metadata.csv                         musicId, fileName, title, artist, album, ...
    annotations/static_annotations.csv   musicId, Arousal(mean), Valence(mean)
    annotations/static_annotations_std.csv
    annotations/dynamic_annotations.csv  musicId, frameTime, Arousal(mean), Valence(mean)
    chorus/<fileName>

All ratings are on 0..1, the deviations too; they become 2x - 1 and 2x. The first 15 seconds have
no dynamic ratings; ``frameTime`` [s] counts from the start of the clip.

References
----------
Zhang, Zhang, Li, Yang, Sun: The PMEmo dataset for music emotion recognition. ICMR 2018.
https://github.com/HuiZhangDB/PMEmo
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.datasets.ratings import Rating
from export_onnx.datasets.split import main_artist, split_of
from export_onnx.datasets.tables import (
    MANIFEST,
    manifest_items,
    number,
    read_rows,
)

__all__ = ["lacks_pmemo", "read_pmemo"]

_METADATA = "metadata.csv"
_STATIC = "annotations/static_annotations.csv"
_DEVIATIONS = "annotations/static_annotations_std.csv"
_DYNAMIC = "annotations/dynamic_annotations.csv"
_NEEDED = (_METADATA, _STATIC, _DEVIATIONS, _DYNAMIC, "chorus")


def _root(folder: Path) -> Path:
    packed = folder / "PMEmo2019"
    return packed if packed.is_dir() else folder


def lacks_pmemo(folder: Path) -> str:
    """Return what of PMEmo is missing in `folder`."""
    if (folder / MANIFEST).is_file():
        return ""
    return ", ".join(name for name in _NEEDED if not (_root(folder) / name).exists())


def _pairs(path: Path, measure: str) -> dict[str, tuple[float, float]]:
    return {
        row["musicid"]: (
            number(row, f"valence({measure})", path),
            number(row, f"arousal({measure})", path),
        )
        for row in read_rows(path)
    }


def _traces(path: Path) -> dict[str, np.ndarray]:
    points: dict[str, list[tuple[float, float, float]]] = {}
    for row in read_rows(path):
        time_s = number(row, "frametime", path)
        valence, arousal = number(row, "valence(mean)", path), number(row, "arousal(mean)", path)
        point = (time_s, 2 * valence - 1, 2 * arousal - 1)
        points.setdefault(row["musicid"], []).append(point)
    return {song: np.array(sorted(series)) for song, series in points.items()}


def read_pmemo(folder: Path) -> Iterator[Item]:
    """Read the rated choruses whose audio is there; split by first-named artist."""
    if (folder / MANIFEST).is_file():
        yield from manifest_items("pmemo", folder)
        return
    missing = lacks_pmemo(folder)
    if missing:
        raise InputError(f"{folder}: lacks {missing}")
    root = _root(folder)
    songs = {row["musicid"]: row for row in read_rows(root / _METADATA)}
    deviations = _pairs(root / _DEVIATIONS, "std")
    traces = _traces(root / _DYNAMIC)
    for song, means in _pairs(root / _STATIC, "mean").items():
        about = songs.get(song, {})
        path = about.get("filename") or f"{song}.mp3"
        if not (root / "chorus" / path).is_file():
            continue
        if song not in deviations:
            raise InputError(f"{root / _DEVIATIONS}: no row for musicId {song}")
        rating = Rating.from_range(0.0, 1.0, means, deviations[song])
        group = main_artist(about.get("artist", "")) or f"song {song}"
        yield Item(
            dataset="pmemo",
            name=song,
            split=split_of("pmemo", group),
            group=group,
            folder=root / "chorus",
            path=path,
            valence=rating.valence,
            arousal=rating.arousal,
            spread=(rating.valence_sd, rating.arousal_sd),
            curve=traces.get(song),
        )
