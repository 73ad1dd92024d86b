"""Emotion curves from CSV files: ``beat, valence, arousal``, linear in between."""

import csv
from pathlib import Path

from engine.config import check_range
from engine.errors import InputError

__all__ = ["COLUMNS", "read_curve"]

COLUMNS = ("beat", "valence", "arousal")
_MOST_POINTS = 100_000


def read_curve(path: Path) -> tuple[tuple[float, float, float], ...]:
    """Return the points (beat, valence, arousal) of a curve file, by ascending beat.

    Raises
    ------
    InputError
        The file is missing or not such a table; the message names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None or not set(COLUMNS) <= {n.strip() for n in rows.fieldnames}:
                raise InputError(f"curve {path} must have the columns {', '.join(COLUMNS)}")
            rows.fieldnames = [name.strip() for name in rows.fieldnames]
            points: list[tuple[float, float, float]] = []
            for row in rows:
                where = f"curve {path}, line {rows.line_num}"
                try:
                    beat, valence, arousal = (float(row[name]) for name in COLUMNS)
                except (TypeError, ValueError):
                    raise InputError(f"{where}: {', '.join(COLUMNS)} must be numbers") from None
                check_range(f"{where}: beat", beat, 0.0, 1e7)
                check_range(f"{where}: valence", valence, -1.0, 1.0)
                check_range(f"{where}: arousal", arousal, -1.0, 1.0)
                if points and beat <= points[-1][0]:
                    raise InputError(
                        f"{where}: beats must ascend; {beat:g} after {points[-1][0]:g}"
                    )
                if len(points) == _MOST_POINTS:
                    raise InputError(f"curve {path} may have at most {_MOST_POINTS} points")
                points.append((beat, valence, arousal))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"curve {path} cannot be read: {error}") from error
    if not points:
        raise InputError(f"curve {path} has no points")
    return tuple(points)
