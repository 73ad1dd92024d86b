"""EmoMusic ("1000 songs"): 744 clips of 45 s rated for valence and arousal.

Layout as distributed (``annotations.tar.gz`` and ``clips_45sec.tar.gz``)::

    songs_info.csv             song_id, file_name, Artist, Song title, ..., Mediaeval 2013 set
    static_annotations.csv     song_id, mean_arousal, std_arousal, mean_valence, std_valence (1..9)
    arousal_cont_average.csv   song_id, sample_15000ms ... sample_45000ms (-1..1), and valence
    clips_45sec/clips_45seconds/<song_id>.mp3

The tables lie beside the clips or in ``annotations/``. All 744 songs are in DEAM, with the same
recordings and ratings: where both sets are there, DEAM's split is used, and
training does not get a song twice (`export_onnx.datasets.read_items`). The set's own split (column
``Mediaeval 2013 set``) is not used: it puts artists on both sides.

References
----------
Soleymani, Caro, Schmidt, Sha, Yang: 1000 songs for emotional analysis of music. CrowdMM 2013.
https://cvml.unige.ch/databases/emoMusic/
"""

from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets.deam import MEDIAEVAL
from export_onnx.datasets.item import Item
from export_onnx.datasets.ratings import Rating
from export_onnx.datasets.split import main_artist, split_of
from export_onnx.datasets.tables import (
    MANIFEST,
    first_existing,
    manifest_items,
    number,
    read_rows,
    read_traces,
)

__all__ = ["lacks_emomusic", "read_emomusic"]

_TABLES = (
    "songs_info.csv",
    "static_annotations.csv",
    "valence_cont_average.csv",
    "arousal_cont_average.csv",
)
_INFO, _STATIC, _VALENCE, _AROUSAL = _TABLES
_PLACES = (f"annotations/{_STATIC}", _STATIC)
_AUDIO = ("clips_45sec/clips_45seconds", "clips_45seconds", "clips_45sec")


def lacks_emomusic(folder: Path) -> str:
    """Return what of EmoMusic is missing in `folder`."""
    if (folder / MANIFEST).is_file():
        return ""
    static = first_existing(folder, _PLACES)
    missing = list(_TABLES)
    if static is not None:
        missing = [name for name in _TABLES if not (static.parent / name).is_file()]
    if first_existing(folder, _AUDIO) is None:
        missing.append(_AUDIO[0])
    return ", ".join(missing)


def read_emomusic(folder: Path) -> Iterator[Item]:
    """Read the clips whose audio is there; split by artist as in DEAM."""
    if (folder / MANIFEST).is_file():
        yield from manifest_items("emomusic", folder)
        return
    static, audio = first_existing(folder, _PLACES), first_existing(folder, _AUDIO)
    if static is None or audio is None:
        raise InputError(f"{folder}: lacks {lacks_emomusic(folder)}")
    tables = static.parent
    artists = {row["song_id"]: main_artist(row["artist"]) for row in read_rows(tables / _INFO)}
    traces = read_traces(tables / _VALENCE, tables / _AROUSAL)
    for row in read_rows(static):
        means = (number(row, "mean_valence", static), number(row, "mean_arousal", static))
        deviations = (number(row, "std_valence", static), number(row, "std_arousal", static))
        rating = Rating.from_range(1.0, 9.0, means, deviations)
        song = row["song_id"]
        if not (audio / f"{song}.mp3").is_file():
            continue
        group = artists.get(song) or f"song {song}"
        yield Item(
            dataset="emomusic",
            name=song,
            split=split_of(MEDIAEVAL, group),
            group=group,
            folder=audio,
            path=f"{song}.mp3",
            valence=rating.valence,
            arousal=rating.arousal,
            spread=(rating.valence_sd, rating.arousal_sd),
            curve=traces.get(int(song)),
        )
