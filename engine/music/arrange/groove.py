"""Rhythms that thin out and fill up: cells of a unit in the order in which they are played.

A part that wants so many onsets takes that many cells from the front of the order. So each
groove exists in every density, and a change of density adds or leaves out notes without
changing the others: the groove goes on.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from engine.music.arrange.metre import Unit, finest_step
from engine.music.draws import Draws

__all__ = ["GROOVES", "Groove", "emphasis", "onsets"]


@dataclass(frozen=True, slots=True)
class Groove:
    """Cells in the order in which they are played; those left out follow, on the beat first.

    Attributes
    ----------
    four : tuple of int
        In units of four pulses, cells 0..15; units of two use those below 8.
    three : tuple of int
        In units of three pulses, cells 0..11.
    compound : tuple of int
        In units of three pulses felt as two dotted ones (6/8), cells 0..11.
    """

    four: tuple[int, ...]
    three: tuple[int, ...]
    compound: tuple[int, ...]


GROOVES: Final[dict[str, Groove]] = {
    "straight": Groove((0, 8, 4, 12, 2, 10, 6, 14), (0, 4, 8, 2, 6, 10), (0, 6, 4, 10, 2, 8)),
    "ballad": Groove((0, 8, 12, 4, 14, 6, 10, 2), (0, 8, 4, 10, 6, 2), (0, 6, 10, 4, 8, 2)),
    "eighths": Groove((0, 4, 8, 12, 6, 14, 10, 2), (0, 4, 8, 6, 10, 2), (0, 6, 2, 8, 4, 10)),
    "tresillo": Groove((0, 6, 12, 3, 9, 14, 8, 11), (0, 6, 3, 9, 4, 10), (0, 6, 3, 9, 4, 10)),
    "charleston": Groove((0, 6, 8, 14, 4, 12, 11, 3), (0, 6, 8, 4, 11, 3), (0, 4, 6, 10, 8, 2)),
    "push": Groove((0, 10, 6, 4, 14, 12, 7, 3), (0, 6, 10, 4, 7, 2), (0, 8, 6, 2, 10, 4)),
    "clave": Groove((0, 6, 12, 3, 10, 8, 14, 15), (0, 3, 6, 10, 8, 11), (0, 6, 4, 10, 8, 3)),
    "backbeat": Groove((4, 12, 0, 8, 14, 6, 10, 15), (4, 8, 0, 10, 6, 11), (4, 10, 0, 6, 2, 8)),
    "offbeat": Groove((2, 10, 6, 14, 0, 8, 7, 15), (2, 6, 10, 0, 11, 8), (4, 10, 2, 8, 0, 6)),
    "sixteenths": Groove((0, 3, 8, 11, 6, 14, 4, 12), (0, 3, 8, 6, 11, 4), (0, 6, 3, 9, 4, 10)),
    "gallop": Groove((0, 8, 2, 3, 10, 11, 4, 12), (0, 4, 6, 8, 7, 2), (0, 6, 4, 5, 10, 11)),
    "waltz": Groove((0, 4, 8, 12, 6, 14, 2, 10), (0, 4, 8, 10, 6, 2), (0, 4, 6, 10, 2, 8)),
    "lilt": Groove((0, 6, 8, 14, 3, 11, 4, 12), (0, 6, 8, 3, 11, 4), (0, 4, 6, 10, 3, 9)),
}
"""Name → groove."""

_VARIED: Final = 0.3
"""Chance that a unit swaps the last cell it takes for the next one in the order."""


@lru_cache(maxsize=1024)
def _order(groove: str, pulses: int, compound: bool, step: int) -> tuple[int, ...]:
    """Return all cells of a unit that may be played, in the order in which they are taken."""
    kind = GROOVES[groove]
    first = kind.four if pulses != 3 else kind.compound if compound else kind.three
    cells = range(4 * pulses)
    beats = (0, 6) if compound and pulses == 3 else range(0, 4 * pulses, 4)
    rest = sorted(
        cells,
        key=lambda cell: (cell not in beats, cell % 2, cell % 4 if cell % 4 != 3 else 0, cell),
    )
    whole = dict.fromkeys([cell for cell in first if cell in cells] + rest)
    return tuple(cell for cell in whole if cell % step == 0)


def emphasis(groove: str, unit: Unit, cell: int, *, compound: bool = False) -> float:
    """Return how much a cell belongs to a groove, 1 its first .. -1 its last.

    Played as accents, it keeps the groove recognisable where every cell is filled.
    """
    order = _order(groove, unit.pulses, compound, 1)
    return 1.0 - 2.0 * order.index(cell) / (len(order) - 1)


def onsets(
    groove: str,
    unit: Unit,
    beat_s: float,
    density: float,
    draws: Draws,
    part: str,
    place: int,
    *,
    compound: bool = False,
    variety: float = 1.0,
) -> tuple[int, ...]:
    """Return the cells of a unit that are played, ascending.

    Parameters
    ----------
    groove : str
        A name of `GROOVES`.
    unit : Unit
        Where.
    beat_s : float
        Length of a beat [s].
    density : float
        Onsets wanted per beat, >= 0; the fraction is made up by chance.
    draws : Draws
        Source of chance.
    part : str
        Whose rhythm: each part has its own chances.
    place : int
        Number of the unit in the music; the same place gives the same rhythm, and over places
        in a row the density is just what is wanted.
    compound : bool
        Whether units of three are felt as 6/8.
    variety : float
        How much units of one groove differ, 0..1.
    """
    order = _order(groove, unit.pulses, compound, finest_step(unit, beat_s))
    wanted = density * unit.pulses * unit.pulse
    count = min(int(wanted + draws.even(part, place)), len(order))
    taken = list(order[:count])
    # The first cells are the groove itself: only what comes on top varies.
    if 2 <= count < len(order) and draws.uniform(part, place) < _VARIED * variety:
        taken[-1] = order[count]
    return tuple(sorted(taken))
