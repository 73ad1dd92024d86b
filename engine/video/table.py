"""Tables of features: what ``--features`` writes, and what a calibration is taken from."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from engine.errors import InputError
from engine.files import write_output
from engine.video.state import FEATURE_COLUMNS, VideoState

__all__ = ["read_features", "write_features"]


def write_features(path: Path, states: Iterable[VideoState]) -> None:
    """Write one row per analysis frame.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(FEATURE_COLUMNS)
    for state in states:
        values = state.to_json().values()
        table.writerow("" if value is None else round(value, 4) for value in values)
    write_output(path, text.getvalue().encode())


def read_features(path: Path) -> list[VideoState]:
    """Return the rows of a table.

    Raises
    ------
    InputError
        The file is missing or no such table; the message names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not set(FEATURE_COLUMNS) <= set(rows.fieldnames or ()):
                raise InputError(
                    f"features {path} must have the columns {', '.join(FEATURE_COLUMNS)}"
                )
            states = []
            for row in rows:
                try:
                    numbers = {
                        name: float(row[name]) for name in FEATURE_COLUMNS if name != "cut_s"
                    }
                    cut_s = float(row["cut_s"]) if row["cut_s"] else None
                except (TypeError, ValueError):
                    raise InputError(
                        f"features {path}, line {rows.line_num}: all columns must be numbers"
                    ) from None
                states.append(VideoState(**numbers, cut_s=cut_s))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"features {path} cannot be read: {error}") from error
    return states
