"""A data set of your own to train or measure the tracker with: two functions, one table entry.

    python examples/my_data_set.py datasets --data DATA
    python examples/my_data_set.py prepare tracker --data DATA --set living_room --out runs/mine

It expects recordings and a table below ``DATA/living_room/``::

    ratings.csv     file, performer, valence, arousal    (as people rated them, 1..5)
    sound/*.wav

In the tree this file would lie in ``export_onnx/datasets/`` and the entry at its end in
`export_onnx.datasets.DATASETS`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from export_onnx.__main__ import main
from export_onnx.datasets import DATASETS
from export_onnx.datasets.item import Dataset, Item
from export_onnx.datasets.split import split_of
from export_onnx.datasets.tables import number, read_rows

NAME, TABLE = "living_room", "ratings.csv"


def lacks_living_room(folder: Path) -> str:
    """Return what is missing in a folder, in words; empty if it can be read."""
    return ", ".join(name for name in (TABLE, "sound") if not (folder / name).exists())


def read_living_room(folder: Path) -> Iterator[Item]:
    """Read the recordings; no performer is on two sides of the split."""
    table = folder / TABLE
    for row in read_rows(table):
        yield Item(
            dataset=NAME,
            name=Path(row["file"]).stem,
            split=split_of(NAME, row["performer"]),
            group=row["performer"],
            folder=folder / "sound",
            path=row["file"],
            valence=(number(row, "valence", table) - 3.0) / 2.0,  # 1..5 to -1..1
            arousal=(number(row, "arousal", table) - 3.0) / 2.0,
        )


DATASETS[NAME] = Dataset(NAME, lacks_living_room, read_living_room)

if __name__ == "__main__":
    sys.exit(main())
