"""The words of every table: what stands beside the figures, on screen and in the docs.

A table is asked for by its name: ``<!-- figures: NAME -->`` in a page of the docs, see
``docs/figures.py``. Its part is what ``stimmung bench PART`` measures.
"""

from typing import Final

from engine.bench.table import Table
from engine.bench.tables.costs import COSTS, RATIOS
from engine.bench.tables.midi import MIDI
from engine.bench.tables.quality import QUALITY
from engine.bench.tables.scaling import SCALING
from engine.bench.tables.sync import SYNC

__all__ = ["TABLES"]

TABLES: Final[tuple[Table, ...]] = (RATIOS, *COSTS, *MIDI, *SYNC, *SCALING, *QUALITY)
"""All tables, in the order of a report."""
