"""Many files at once: found in folders and play lists, tracked by several workers, kept as rows."""

from engine.library.listing import find_sounds
from engine.library.progress import Store
from engine.library.rows import ROW_COLUMNS, Job, Outcome, track_file, work
from engine.library.tables import FORMATS, open_table
from engine.library.workers import outcomes

__all__ = [
    "FORMATS",
    "ROW_COLUMNS",
    "Job",
    "Outcome",
    "Store",
    "find_sounds",
    "open_table",
    "outcomes",
    "track_file",
    "work",
]
