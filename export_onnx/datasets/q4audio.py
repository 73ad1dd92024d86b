"""4Q audio emotion set: half-minute clips of commercial recordings, one quadrant each.

Mood words of listeners and three annotators agree on the quadrant. Our own layout: ``manifest.csv``
with ``path, split, name, group`` (the artist) and ``quadrant``; recordings in ``audio/``. No
licence is stated: research only, nothing of it may be passed on.

References
----------
Panda, Malheiro, Paiva: Novel audio features for music emotion recognition. IEEE Transactions on
Affective Computing 11(4), 2020.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets.item import Item
from export_onnx.datasets.tables import MANIFEST, read_manifest

__all__ = ["lacks_q4audio", "read_q4audio"]

_CORNERS = {"Q1": (1, 1), "Q2": (-1, 1), "Q3": (-1, -1), "Q4": (1, -1)}
_LEVEL = 0.6  # where EMOPIA's clips are placed, too


def lacks_q4audio(folder: Path) -> str:
    """Return what of the set is missing in `folder`."""
    return "" if (folder / MANIFEST).is_file() else MANIFEST


def read_q4audio(folder: Path) -> Iterator[Item]:
    """Read the clips; the split is by artist."""
    for row in read_manifest(folder):
        if row["quadrant"] not in _CORNERS:
            raise InputError(f"{folder / MANIFEST}: quadrant {row['quadrant']!r}, not Q1..Q4")
        valence, arousal = _CORNERS[row["quadrant"]]
        yield Item(
            dataset="q4audio",
            name=row["name"],
            split=row["split"],
            group=row["group"],
            folder=folder,
            path=row["path"],
            quadrant=list(_CORNERS).index(row["quadrant"]),
            valence=valence * _LEVEL,
            arousal=arousal * _LEVEL,
        )
