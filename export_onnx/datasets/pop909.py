"""POP909: 909 Chinese pop songs as piano arrangements with chords and keys, no emotion labels.

Layout as distributed: the song folders ``POP909/NNN/`` (or ``NNN/`` directly here) with
``NNN.mid``, ``chord_midi.txt``, ``key_audio.txt``. Ours: ``manifest.csv`` with ``path, split,
song_id`` and the same song folders, loose or in ``pop909.zip``.

References
----------
Wang et al.: POP909: a pop-song dataset for music arrangement generation. ISMIR 2020.
https://github.com/music-x-lab/POP909-Dataset
"""

from collections.abc import Iterator
from pathlib import Path

from export_onnx.datasets.item import Item, read_member
from export_onnx.datasets.labels import chord_index, key_index, read_spans
from export_onnx.datasets.split import listed_split
from export_onnx.datasets.tables import MANIFEST, read_manifest

__all__ = ["lacks_pop909", "read_pop909"]

_ARCHIVE = "pop909.zip"
_SONGS = ("POP909", ".")
_SONG = "[0-9][0-9][0-9]"


def _songs(folder: Path) -> list[Path]:
    """MIDI files of the distributed layout; versions of the same song have other names."""
    for place in _SONGS:
        found = [path for path in (folder / place).glob(f"{_SONG}/{_SONG}.mid")]
        if found:
            return sorted(path for path in found if path.stem == path.parent.name)
    return []


def lacks_pop909(folder: Path) -> str:
    """Return what of POP909 is missing in `folder`."""
    there = (folder / MANIFEST).is_file() or _songs(folder)
    return "" if there else f"POP909/001/001.mid and so on (or {MANIFEST})"


def read_pop909(folder: Path) -> Iterator[Item]:
    """Read the songs; the split is by song."""
    if (folder / MANIFEST).is_file():
        rows = read_manifest(folder)
    else:
        rows = [
            {
                "path": str(path.relative_to(folder)),
                "song_id": path.stem,
                "split": listed_split("pop909", path.stem),
            }
            for path in _songs(folder)
        ]
    for row in rows:
        stem = row["path"].rsplit("/", 1)[0]
        chords = read_member(folder, _ARCHIVE, f"{stem}/chord_midi.txt").decode()
        keys = read_member(folder, _ARCHIVE, f"{stem}/key_audio.txt").decode()
        yield Item(
            dataset="pop909",
            name=row["song_id"],
            split=row["split"],
            group=row["song_id"],
            folder=folder,
            path=row["path"],
            archive=_ARCHIVE,
            chords=read_spans(chords, chord_index),
            keys=read_spans(keys, key_index),
        )
