"""How a bar is felt: units of pulses, cells between them, accents, swing.

Patterns are written for units of two, three and four pulses, each pulse of four cells; every
metre is a chain of them (5 = 3 + 2, 7 = 4 + 3). Where beats are very long, a pulse is half a beat
or a quarter, so that slow tempi are played in double time, as players do.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

__all__ = ["CELLS_PER_PULSE", "Unit", "finest_step", "swung", "units"]

CELLS_PER_PULSE: Final = 4

_LONG_PULSE_S: Final = 1.1
"""A longer pulse [seconds] is divided: nobody taps slower than about one a second."""
_SHORTEST_S: Final = 0.085
"""Shortest time between onsets of one part [seconds], about what a good pianist plays."""
_CHAIN: Final[dict[int, tuple[int, ...]]] = {
    1: (1,),
    2: (2,),
    3: (3,),
    4: (4,),
    5: (3, 2),
    6: (3, 3),
    7: (4, 3),
}
"""Beats of a bar → its units."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of the bar that patterns are written for.

    Attributes
    ----------
    start : float
        First beat, from the bar line.
    pulses : int
        1, 2, 3 or 4.
    pulse : float
        Length of a pulse [beats].
    """

    start: float
    pulses: int
    pulse: float

    @property
    def end(self) -> float:
        """First beat after it, from the bar line."""
        return self.start + self.pulses * self.pulse

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return self.pulses * CELLS_PER_PULSE

    def at(self, cell: int) -> float:
        """Return where a cell starts, from the bar line [beats]."""
        return self.start + cell * self.pulse / CELLS_PER_PULSE


@lru_cache(maxsize=64)
def _chain(beats_per_bar: int) -> tuple[int, ...]:
    """Return the units of a bar in beats; bars beyond seven are cut into fours."""
    if beats_per_bar in _CHAIN:
        return _CHAIN[beats_per_bar]
    return (4, *_chain(beats_per_bar - 4))


@lru_cache(maxsize=256)
def units(beats_per_bar: int, beat_s: float) -> tuple[Unit, ...]:
    """Return the units of a bar of so many beats, each so long [s]."""
    pulses = 1
    while pulses < 8 and beat_s / pulses > _LONG_PULSE_S:
        pulses *= 2
    found = []
    start = 0.0
    for length in _chain(beats_per_bar):
        left = length * pulses
        while left:
            size = left if left <= 4 else 4
            found.append(Unit(start, size, 1.0 / pulses))
            start += size / pulses
            left -= size
    return tuple(found)


def finest_step(unit: Unit, beat_s: float) -> int:
    """Return every how many cells a part may play: 1 where all are far enough apart."""
    step = 1
    while step < CELLS_PER_PULSE and step * unit.pulse * beat_s / CELLS_PER_PULSE < _SHORTEST_S:
        step *= 2
    return step


def swung(at: float, pulse: float, swing: float) -> float:
    """Return where a position [beats] is played.

    The middle of a pulse moves from a half (``swing`` 0) to two thirds (1), and everything in
    the pulse with it.
    """
    whole, part = divmod(at / pulse, 1.0)
    middle = 0.5 + swing / 6.0
    warped = part * middle / 0.5 if part < 0.5 else middle + (part - 0.5) * (1.0 - middle) / 0.5
    return (whole + warped) * pulse
