"""EMOPIA: 1,078 piano clips as MIDI, each with one emotion quadrant.

Layout: ``manifest.csv`` with ``path, clip, song, split, quadrant, duration_s, key_est`` beside
``midi.zip`` or the unpacked ``midi/``. One annotator chose Q1..Q4 per clip; for the networks that
predict valence and arousal the quadrant's corner stands at +-EMOPIA_LEVEL.

References
----------
Hung et al.: EMOPIA: a multi-modal pop piano dataset for emotion recognition and emotion-based
music generation. ISMIR 2021. https://annahung31.github.io/EMOPIA/
"""

from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.datasets.labels import Span, key_index
from export_onnx.datasets.tables import MANIFEST, number, read_manifest
from export_onnx.tracker.config import EMOPIA_LEVEL, QUADRANTS

__all__ = ["read_emopia"]

_SIGNS = ((1, 1), (-1, 1), (-1, -1), (1, -1))


def read_emopia(folder: Path) -> Iterator[Item]:
    """Read the clips; the split is by song."""
    manifest = folder / MANIFEST
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
