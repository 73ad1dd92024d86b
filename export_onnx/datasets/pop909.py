"""POP909: 909 Chinese pop songs as piano arrangements with chords and keys, no emotion labels.

Layout: ``manifest.csv`` with ``path, split, song_id`` and the song folders ``NNN/`` of the
distribution (``NNN.mid``, ``chord_midi.txt``, ``key_audio.txt``), loose or in ``pop909.zip``.

References
----------
Wang et al.: POP909: a pop-song dataset for music arrangement generation. ISMIR 2020.
https://github.com/music-x-lab/POP909-Dataset
"""

from collections.abc import Iterator
from pathlib import Path

from export_onnx.datasets.item import Item, read_member
from export_onnx.datasets.labels import chord_index, key_index, read_spans
from export_onnx.datasets.tables import read_manifest

__all__ = ["read_pop909"]

_ARCHIVE = "pop909.zip"


def read_pop909(folder: Path) -> Iterator[Item]:
    """Read the songs; the split is by song."""
    for row in read_manifest(folder):
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
