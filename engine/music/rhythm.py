"""Rhythm cells: how a given number of onsets may lie within one beat."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

__all__ = ["CELLS", "MAX_ONSETS", "TICKS", "Cell", "cells", "grid_limit"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Onsets within a beat.

    Attributes
    ----------
    onsets : tuple of float
        Positions in [0, 1) of the beat, ascending.
    weight : float
        How usual the cell is among those with as many onsets.
    offbeat : bool
        Whether it leaves out the beat itself.
    triplet : bool
        Whether it divides the beat by three.
    """

    onsets: tuple[float, ...]
    weight: float
    offbeat: bool = False
    triplet: bool = False


_THIRD: Final = 1.0 / 3.0

CELLS: Final[dict[int, tuple[Cell, ...]]] = {
    0: (Cell((), 1.0),),
    1: (
        Cell((0.0,), 1.0),
        Cell((0.5,), 0.5, offbeat=True),
        Cell((0.75,), 0.12, offbeat=True),
    ),
    2: (
        Cell((0.0, 0.5), 1.0),
        Cell((0.0, 0.75), 0.35),
        Cell((0.0, 0.25), 0.1),
        Cell((0.5, 0.75), 0.25, offbeat=True),
        Cell((0.25, 0.5), 0.08, offbeat=True),
        Cell((0.25, 0.75), 0.12, offbeat=True),
        Cell((0.0, 2 * _THIRD), 0.12, triplet=True),
    ),
    3: (
        Cell((0.0, 0.5, 0.75), 1.0),
        Cell((0.0, 0.25, 0.5), 0.6),
        Cell((0.0, 0.25, 0.75), 0.25),
        Cell((0.25, 0.5, 0.75), 0.3, offbeat=True),
        Cell((0.0, _THIRD, 2 * _THIRD), 0.35, triplet=True),
    ),
    4: (Cell((0.0, 0.25, 0.5, 0.75), 1.0),),
    5: (
        Cell((0.0, 0.25, 0.5, 0.625, 0.75), 1.0),
        Cell((0.0, 0.125, 0.25, 0.5, 0.75), 0.6),
        Cell((0.0, 0.25, 0.5, 0.75, 0.875), 0.6),
    ),
    6: (
        Cell((0.0, 0.25, 0.5, 0.625, 0.75, 0.875), 1.0),
        Cell(tuple(index / 6 for index in range(6)), 0.8, triplet=True),
    ),
    7: (Cell((0.0, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875), 1.0),),
    8: (Cell(tuple(index / 8 for index in range(8)), 1.0),),
}
"""Number of onsets → cells."""

MAX_ONSETS: Final = max(CELLS)

_FASTEST_S: Final = 0.085
"""Shortest time between onsets of one part [seconds], about what a good pianist plays."""


def grid_limit(tempo_bpm: float) -> int:
    """Return how many onsets fit one beat of this tempo (1, 2, 4 or 8)."""
    beat_s = 60.0 / tempo_bpm
    limit = 1
    while limit < MAX_ONSETS and beat_s / (2 * limit) >= _FASTEST_S:
        limit *= 2
    return limit


@lru_cache(maxsize=64)
def cells(count: int, limit: int, triplets: bool) -> tuple[Cell, ...]:
    """Return the cells of ``count`` onsets no finer than ``limit`` onsets per beat."""
    finest = 1.0 / limit
    return tuple(
        cell
        for cell in CELLS[min(count, limit)]
        if (triplets or not cell.triplet)
        and all(
            following - onset >= finest - 1e-9 for onset, following in pairwise((*cell.onsets, 1.0))
        )
    )


TICKS: Final = 12
"""Grid steps per quarter note."""
