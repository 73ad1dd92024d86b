"""How a host's quarter notes are counted as beats, so that our bar lines are the host's.

Beats are quarter notes where a bar is a whole number of them, else eighth notes: 7/8 is a bar of
seven beats. A bar longer than we play in is divided (9/8 into three bars of three); one shorter or
of odd sixteenths is joined with the next. Only where a bar can neither be divided nor joined (11/8,
13/8, 11/4) are beats counted without bars.
"""

import math
from dataclasses import dataclass

from engine.plugin.protocol import Block

__all__ = ["BeatCount", "metre_of"]

_BARS = range(2, 8)
"""Lengths of bars that generators play in [beats]."""

_SAME = 1e-3  # quarter notes: hosts round


def metre_of(numerator: int, denominator: int) -> tuple[float, int]:
    """Return the quarter notes of a beat and the beats of a bar; 0 beats where we have no bar."""
    if denominator < 1 or numerator < 1:
        return 1.0, 0
    for bars in (1, 2, 4):  # of the host, joined
        for unit in (1.0, 0.5):
            beats = bars * 4 * numerator / denominator / unit
            for parts in range(1, 8):
                if beats / parts in _BARS:
                    return unit, int(beats / parts)
    return (0.5 if 4 * numerator % denominator else 1.0), 0


@dataclass(frozen=True, slots=True)
class BeatCount:
    """A way of counting.

    Attributes
    ----------
    unit : float
        Of a beat [quarter notes].
    bar : int
        Beats in a bar; 0 where the host's bar is none that we play in.
    phase : float
        Where the host has a bar line, from 0 up to the length of ours [quarter notes].
    origin : float
        Where beat 0 is, in the quarter notes that go on through loops.
    """

    unit: float = 1.0
    bar: int = 0
    phase: float = 0.0
    origin: float = 0.0

    def beat(self, quarter: float) -> float:
        """Return the beat at a quarter note of the host."""
        return (quarter - self.origin) / self.unit

    def quarter(self, beat: float) -> float:
        """Return the host's quarter note of a beat."""
        return self.origin + beat * self.unit

    def after(self, block: Block, anew: bool) -> "BeatCount":
        """Return how to count from a block on: as before, unless it has another metre."""
        unit, bar = metre_of(block.numerator, block.denominator)
        length = unit * bar
        phase = math.fmod(block.bar_start, length) if bar else 0.0
        apart = abs(phase - self.phase)
        same = min(apart, length - apart) < _SAME if bar else True
        if (unit, bar) == (self.unit, self.bar) and same and not anew:
            return self
        origin = math.fmod(block.bar_start + block.shift, length) if bar else 0.0
        if length - origin < _SAME:  # a bar line, rounded down
            origin = phase = 0.0
        return BeatCount(unit, bar, phase, origin)
