"""Slots of the live engine: the stretches of beats that have one chord each.

Half a bar where that is two beats or more; a bar of two or three beats is one slot, bars of five
and seven are 3 + 2 and 4 + 3, as the arranger feels them.
"""

from dataclasses import dataclass
from functools import lru_cache

from engine.generators.amt.conditioning import slots_per_bar
from engine.music.form import half_bar

__all__ = ["Slot", "slot_at"]

_LONGEST_WHOLE = 3
"""Bars up to this many beats have one slot."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of one chord.

    Attributes
    ----------
    index : int
        Counted from the start of the music.
    start, end : int
        First beat, and first beat after it.
    in_bar : int
        0 first, 1 second half of the bar, as the chord model counts: two short bars are one to it.
    per_bar : int
        2, or 1 in triple metre.
    """

    index: int
    start: int
    end: int
    in_bar: int
    per_bar: int


@lru_cache(maxsize=4096)
def slot_at(beat: int, beats_per_bar: int) -> Slot:
    """Return the slot that a beat (>= 0) lies in when bars have so many beats (>= 1)."""
    bar, beat_in_bar = divmod(beat, beats_per_bar)
    start = bar * beats_per_bar
    per_bar = slots_per_bar(beats_per_bar)
    if beats_per_bar <= _LONGEST_WHOLE:
        in_bar = bar % 2 if per_bar == 2 else 0
        return Slot(bar, start, start + beats_per_bar, in_bar, per_bar)
    half = half_bar(beats_per_bar)
    second = beat_in_bar >= half
    return Slot(
        index=2 * bar + int(second),
        start=start + (half if second else 0),
        end=start + (beats_per_bar if second else half),
        in_bar=int(second),
        per_bar=2,
    )
