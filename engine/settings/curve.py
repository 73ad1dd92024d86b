"""Emotion curves from CSV files: ``beat, valence, arousal``, linear in between.

Curves for films may count in seconds instead: ``time_s, valence, arousal``.
"""

import csv
from pathlib import Path

from engine.choices import check_range
from engine.errors import InputError

__all__ = ["COLUMNS", "Points", "read_curve", "read_film_curve"]

COLUMNS = ("beat", "valence", "arousal")
_MOST_POINTS = 100_000

Points = tuple[tuple[float, float, float], ...]
"""Position, valence and arousal of each point, by ascending position."""


def read_curve(path: Path) -> Points:
    """Return the points (beat, valence, arousal) of a curve file, by ascending beat.

    Raises
    ------
    InputError
        The file is missing or not such a table; the message names the line.
    """
    return _read(path, ("beat",))[1]


def read_film_curve(path: Path) -> tuple[str, Points]:
    """Return ``"beat"`` or ``"time_s"``, whichever column there is, and the points.

    Raises
    ------
    InputError
        As `read_curve`.
    """
    return _read(path, ("time_s", "beat"))


def _read(path: Path, positions: tuple[str, ...]) -> tuple[str, Points]:
    """Return the first of the position columns that the table has, and its points."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            names = [name.strip() for name in rows.fieldnames or ()]
            position = next((name for name in positions if name in names), None)
            if position is None or not set(COLUMNS[1:]) <= set(names):
                wanted = ", ".join((" or ".join(positions), *COLUMNS[1:]))
                raise InputError(f"curve {path} must have the columns {wanted}")
            rows.fieldnames = names
            points: list[tuple[float, float, float]] = []
            for row in rows:
                where = f"curve {path}, line {rows.line_num}"
                try:
                    columns = (position, *COLUMNS[1:])
                    at, valence, arousal = (float(row[name]) for name in columns)
                except (TypeError, ValueError):
                    raise InputError(f"{where}: {', '.join(columns)} must be numbers") from None
                check_range(f"{where}: {position}", at, 0.0, 1e7)
                check_range(f"{where}: valence", valence, -1.0, 1.0)
                check_range(f"{where}: arousal", arousal, -1.0, 1.0)
                if points and at <= points[-1][0]:
                    unit = "beats" if position == "beat" else "times"
                    raise InputError(f"{where}: {unit} must ascend; {at:g} after {points[-1][0]:g}")
                if len(points) == _MOST_POINTS:
                    raise InputError(f"curve {path} may have at most {_MOST_POINTS} points")
                points.append((at, valence, arousal))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"curve {path} cannot be read: {error}") from error
    if not points:
        raise InputError(f"curve {path} has no points")
    return position, tuple(points)
