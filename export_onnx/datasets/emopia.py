"""EMOPIA: 1,078 piano clips as MIDI, each with one emotion quadrant.

Layout as distributed (the folder ``EMOPIA_1.0`` or its contents)::

    midis/Q<quadrant>_<song>_<number>.mid     song: the id of the video it comes from

Ours: ``manifest.csv`` with ``path, clip, song, split, quadrant, duration_s, key_est`` beside
``midi.zip`` or the unpacked ``midi/``.

One annotator chose Q1..Q4 per clip; for the networks that predict valence and arousal the
quadrant's corner stands at +-EMOPIA_LEVEL.

References
----------
Hung et al.: EMOPIA: a multi-modal pop piano dataset for emotion recognition and emotion-based
music generation. ISMIR 2021. https://annahung31.github.io/EMOPIA/
"""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.emotion.model import QUADRANTS
from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.datasets.labels import EMOPIA_LEVEL, Span, key_index
from export_onnx.datasets.split import listed_split
from export_onnx.datasets.tables import (
    MANIFEST,
    first_existing,
    number,
    read_manifest,
)

__all__ = ["lacks_emopia", "read_emopia"]

_SIGNS = ((1, 1), (-1, 1), (-1, -1), (1, -1))
_CLIPS = ("midis", "EMOPIA_1.0/midis")
_NAME = re.compile(r"Q([1-4])_(.+)_\d+")


def lacks_emopia(folder: Path) -> str:
    """Return what of EMOPIA is missing in `folder`."""
    there = (folder / MANIFEST).is_file() or first_existing(folder, _CLIPS)
    return "" if there else f"{_CLIPS[0]}/ (or {MANIFEST})"


def _distributed(clips: Path) -> Iterator[Item]:
    for path in sorted(clips.glob("*.mid")):
        match = _NAME.fullmatch(path.stem)
        if match is None:
            raise InputError(f"{path}: not named Q<1..4>_<song>_<number>.mid")
        quadrant, song = int(match[1]) - 1, match[2]
        valence, arousal = _SIGNS[quadrant]
        yield Item(
            dataset="emopia",
            name=path.stem,
            split=listed_split("emopia", song),
            group=song,
            folder=clips,
            path=path.name,
            quadrant=quadrant,
            valence=valence * EMOPIA_LEVEL,
            arousal=arousal * EMOPIA_LEVEL,
        )


def read_emopia(folder: Path) -> Iterator[Item]:
    """Read the clips; the split is by song."""
    manifest = folder / MANIFEST
    clips = first_existing(folder, _CLIPS)
    if not manifest.is_file() and clips is not None:
        yield from _distributed(clips)
        return
    for row in read_manifest(folder):
        if row["quadrant"] not in QUADRANTS:
            raise InputError(f"{manifest}: quadrant {row['quadrant']!r}, not one of Q1..Q4")
        quadrant = QUADRANTS.index(row["quadrant"])
        valence, arousal = _SIGNS[quadrant]
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
            keys=(Span(0.0, number(row, "duration_s", manifest), key),) if key >= 0 else (),
        )
