"""MTG-Jamendo, mood/theme part: full tracks with tags chosen by their uploaders.

Layout as distributed: the repository and, from its download script, the audio::

    data/splits/split-0/autotagging_moodtheme-{train,validation,test}.tsv
    audio/<last two digits>/<id>.mp3     (or the same folders directly here; ``<id>.low.mp3``
                                          for the low-quality release)

The tables have ``TRACK_ID ARTIST_ID ALBUM_ID PATH DURATION TAGS`` separated by tabs, and one more
field per further tag; a tag reads ``mood/theme---happy``. Split 0 has no artist on two sides and
is used as it is; it has 56 of the 59 words, those with enough tracks in all its parts.

A missing word means "not chosen", not "not so": score the words by ranking, per word.

References
----------
Bogdanov, Won, Tovstogan, Porter, Serra: The MTG-Jamendo dataset for automatic music tagging. ICML
ML4MD workshop 2019. https://github.com/MTG/mtg-jamendo-dataset
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.datasets.tables import MANIFEST, first_existing, manifest_items

__all__ = ["MOODS", "lacks_jamendo", "read_jamendo"]

# The words of the distributed splits (data/tags/moodtheme_split.txt), in its order.
MOODS = (
    "action", "adventure", "advertising", "background", "ballad", "calm", "children", "christmas",
    "commercial", "cool", "corporate", "dark", "deep", "documentary", "drama", "dramatic", "dream",
    "emotional", "energetic", "epic", "fast", "film", "fun", "funny", "game", "groovy", "happy",
    "heavy", "holiday", "hopeful", "inspiring", "love", "meditative", "melancholic", "melodic",
    "motivational", "movie", "nature", "party", "positive", "powerful", "relaxing", "retro",
    "romantic", "sad", "sexy", "slow", "soft", "soundscape", "space", "sport", "summer", "trailer",
    "travel", "upbeat", "uplifting",
)  # fmt: skip

_KNOWN = frozenset(MOODS)
_PREFIX = "mood/theme---"
_SPLITS = ("data/splits/split-0", "mtg-jamendo-dataset/data/splits/split-0", "splits/split-0")
_PARTS = {"train": "train", "validation": "val", "test": "test"}
_AUDIO = ("audio", "autotagging_moodtheme/audio", "raw_30s/audio", ".")
_HEADER = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]


def _table(part: str) -> str:
    return f"autotagging_moodtheme-{part}.tsv"


def lacks_jamendo(folder: Path) -> str:
    """Return what of the mood/theme part is missing in `folder`."""
    if (folder / MANIFEST).is_file():
        return ""
    splits = first_existing(folder, _SPLITS)
    missing = [
        f"{_SPLITS[0]}/{_table(part)}"
        for part in _PARTS
        if splits is None or not (splits / _table(part)).is_file()
    ]
    if _audio(folder) is None:
        missing.append("audio/NN/ID.mp3")
    return ", ".join(missing)


def _audio(folder: Path) -> Path | None:
    """Folder with the sub-folders 00..99."""
    for place in _AUDIO:
        if any((folder / place / f"{number:02d}").is_dir() for number in range(100)):
            return folder / place
    return None


def _rows(path: Path) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Track, artist, path and words of every line."""
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if next(reader, None) != _HEADER:
                raise InputError(f"{path}: must begin with the columns {' '.join(_HEADER)}")
            for row in reader:
                moods = tuple(tag.removeprefix(_PREFIX) for tag in row[5:])
                unknown = [mood for mood in moods if mood not in _KNOWN]
                if unknown:
                    raise InputError(f"{path}: {row[0]} has the tag {unknown[0]}, not of split 0")
                yield row[0], row[1], row[3], moods
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def read_jamendo(folder: Path) -> Iterator[Item]:
    """Read the tracks whose audio is there, in the set's own split 0."""
    if (folder / MANIFEST).is_file():
        yield from manifest_items("mtg_jamendo", folder)
        return
    splits, audio = first_existing(folder, _SPLITS), _audio(folder)
    if splits is None or audio is None:
        raise InputError(f"{folder}: lacks {lacks_jamendo(folder)}")
    for part, split in _PARTS.items():
        for track, artist, path, moods in _rows(splits / _table(part)):
            low = str(Path(path).with_suffix(".low.mp3"))
            present = next((name for name in (path, low) if (audio / name).is_file()), None)
            if present is None:
                continue
            yield Item(
                dataset="mtg_jamendo",
                name=track,
                split=split,
                group=artist,
                folder=audio,
                path=present,
                moods=moods,
            )
