"""Emotify: 400 one-minute recordings, with the emotions that listeners ticked as felt (GEMS-9).

Layout: ``manifest.csv`` with ``path, split, artist``, a column per emotion with the share of
listeners who ticked it, and ``valence_proxy`` and ``arousal_proxy``, weighted sums of the shares
brought to -1..1; the recordings in ``audio/``.

References
----------
Aljanaki, Wiering, Veltkamp: Studying emotion induced by music through a crowdsourcing game.
Information Processing & Management 52(1), 2016.
"""

from collections.abc import Iterator
from pathlib import Path

from export_onnx.datasets.item import Item
from export_onnx.datasets.tables import MANIFEST, number, read_manifest
from export_onnx.tracker.config import TAGS

__all__ = ["read_emotify"]


def read_emotify(folder: Path) -> Iterator[Item]:
    """Read the recordings; the split is by artist."""
    manifest = folder / MANIFEST
    for row in read_manifest(folder):
        yield Item(
            dataset="emotify",
            name=Path(row["path"]).stem,
            split=row["split"],
            group=row["artist"],
            folder=folder,
            path=row["path"],
            valence=number(row, "valence_proxy", manifest),
            arousal=number(row, "arousal_proxy", manifest),
            tags=tuple(number(row, tag, manifest) for tag in TAGS),
        )
