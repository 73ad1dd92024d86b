"""DEAM: 1,802 Creative Commons songs rated for valence and arousal, whole and twice a second.

Layout as distributed (three archives, unpacked side by side or into folders of their own)::

    annotations/annotations averaged per song/
        song_level/static_annotations_averaged_songs_1_2000.csv
        song_level/static_annotations_averaged_songs_2000_2058.csv
        dynamic (per second annotations)/arousal.csv, valence.csv
    MEMD_audio/<song_id>.mp3
    metadata/metadata_2013.csv, metadata_2014.csv, metadata_2015.csv

The static files have ``song_id, valence_mean, valence_std, arousal_mean, arousal_std`` (and in the
second file the raters' minima and maxima) on the nine-point scale; the dynamic ones have a row per
song with columns ``sample_15000ms`` and so on, on -1..1; song ids 1..1000 come from MediaEval 2013
(EmoMusic), 1001..2000 from 2014, from 2001 full songs of 2015.

Known defect: in the static file **valence and arousal of the ids up to 1000 are exchanged**. The
dynamic files and EmoMusic's own tables agree with each other and contradict it (`correct_swap`).

References
----------
Aljanaki, Yang, Soleymani: Developing a benchmark for emotional analysis of music. PLOS ONE 12(3),
2017. https://cvml.unige.ch/databases/DEAM/
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from engine.errors import InputError
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

__all__ = [
    "LAST_SWAPPED",
    "MEDIAEVAL",
    "correct_swap",
    "lacks_deam",
    "read_deam",
    "read_static",
]

# Salt of the split that DEAM and EmoMusic share.
MEDIAEVAL = "mediaeval"
LAST_SWAPPED = 1000

_FEWEST = 30
_AVERAGED = "annotations/annotations averaged per song"
_ANNOTATIONS = (_AVERAGED, f"DEAM_Annotations/{_AVERAGED}")
_STATIC = "song_level/static_annotations_averaged_songs_1_2000.csv"
_STATIC_2015 = "song_level/static_annotations_averaged_songs_2000_2058.csv"
_DYNAMIC = "dynamic (per second annotations)"
_AUDIO = ("MEMD_audio", "DEAM_audio/MEMD_audio")
_METADATA = ("metadata", "metadata/metadata")
_YEARS = ("metadata_2013.csv", "metadata_2014.csv", "metadata_2015.csv")


def _metadata(folder: Path) -> Path | None:
    found = first_existing(folder, tuple(f"{place}/{_YEARS[0]}" for place in _METADATA))
    return None if found is None else found.parent


def lacks_deam(folder: Path) -> str:
    """Return what of DEAM is missing in `folder`."""
    if (folder / MANIFEST).is_file():
        return ""
    missing = []
    annotations = first_existing(folder, _ANNOTATIONS)
    if annotations is None:
        missing.append(_AVERAGED)
    else:
        files = (_STATIC, f"{_DYNAMIC}/valence.csv", f"{_DYNAMIC}/arousal.csv")
        missing += [file for file in files if not (annotations / file).is_file()]
    if first_existing(folder, _AUDIO) is None:
        missing.append(_AUDIO[0])
    metadata = _metadata(folder)
    years = _YEARS if metadata is None else [y for y in _YEARS if not (metadata / y).is_file()]
    missing += [f"metadata/{year}" for year in years]
    return ", ".join(missing)


def read_static(path: Path) -> dict[int, Rating]:
    """Read one static file, axes as they stand in it."""
    ratings = {}
    for row in read_rows(path):
        means = (number(row, "valence_mean", path), number(row, "arousal_mean", path))
        deviations = (number(row, "valence_std", path), number(row, "arousal_std", path))
        song = int(number(row, "song_id", path))
        ratings[song] = Rating.from_range(1.0, 9.0, means, deviations)
    return ratings


def _agreement(ratings: Mapping[int, Rating], traces: Mapping[int, np.ndarray]) -> float:
    """Sum of the correlations of both axes with the means of the traces."""
    songs = sorted(ratings.keys() & traces.keys())
    means = np.array([traces[song][:, 1:].mean(0) for song in songs])
    static = np.array([[ratings[song].valence, ratings[song].arousal] for song in songs])
    return float(sum(np.corrcoef(static[:, axis], means[:, axis])[0, 1] for axis in (0, 1)))


def correct_swap(
    ratings: Mapping[int, Rating], traces: Mapping[int, np.ndarray]
) -> dict[int, Rating]:
    """Exchange the axes of the ids up to 1000 back.

    Not done where the traces of these songs (at least 30) agree better with the ratings as they
    are, as they would in a repaired release.
    """
    early = {song: rating for song, rating in ratings.items() if song <= LAST_SWAPPED}
    right = {song: rating.swapped() for song, rating in early.items()}
    if len(early.keys() & traces.keys()) >= _FEWEST and (
        _agreement(early, traces) > _agreement(right, traces)
    ):
        right = early
    return {**ratings, **right}


def _artists(folder: Path) -> dict[int, str]:
    artists = {}
    for year in _YEARS:
        for row in read_rows(folder / year):
            # The last rows of the files are notes and blanks, not songs.
            song = row.get("song_id", row.get("id", ""))
            if "artist" not in row:
                raise InputError(f"{folder / year}: no column artist; it has {', '.join(row)}")
            if song.isdigit():
                artists[int(song)] = main_artist(row["artist"])
    return artists


def read_deam(folder: Path) -> Iterator[Item]:
    """Read the songs whose audio is there; the split is by artist and EmoMusic shares it."""
    if (folder / MANIFEST).is_file():
        yield from manifest_items("deam", folder)
        return
    annotations, audio = first_existing(folder, _ANNOTATIONS), first_existing(folder, _AUDIO)
    metadata = _metadata(folder)
    if annotations is None or audio is None or metadata is None:
        raise InputError(f"{folder}: lacks {lacks_deam(folder)}")
    traces = read_traces(
        annotations / _DYNAMIC / "valence.csv", annotations / _DYNAMIC / "arousal.csv"
    )
    released = read_static(annotations / _STATIC)
    if (annotations / _STATIC_2015).is_file():
        released |= read_static(annotations / _STATIC_2015)
    artists = _artists(metadata)
    for song, rating in sorted(correct_swap(released, traces).items()):
        if not (audio / f"{song}.mp3").is_file():
            continue
        group = artists.get(song) or f"song {song}"
        yield Item(
            dataset="deam",
            name=str(song),
            split=split_of(MEDIAEVAL, group),
            group=group,
            folder=audio,
            path=f"{song}.mp3",
            valence=rating.valence,
            arousal=rating.arousal,
            spread=(rating.valence_sd, rating.arousal_sd),
            curve=traces.get(song),
        )
