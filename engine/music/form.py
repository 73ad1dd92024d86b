"""Where a beat lies: half bar, bar, phrase, section, and which material belongs there.

Phrases are four bars; two make a period whose first half asks (half cadence) and second
answers (full cadence); four make a section whose letters say which phrases share material.
"""

from dataclasses import dataclass
from typing import Final

from engine.music.draws import Draws

__all__ = ["BARS_PER_PHRASE", "PHRASES_PER_SECTION", "Position", "half_bar", "locate"]

BARS_PER_PHRASE: Final = 4
PHRASES_PER_SECTION: Final = 4

_FORMS: Final = ((0, 1, 0, 2), (0, 0, 1, 0), (0, 1, 2, 1), (0, 0, 1, 2))
"""Letters of a section's phrases: ABAC, AABA, ABCB, AABC."""
_RECALL: Final = 0.4
"""Chance that a section takes up the material of an earlier one."""


@dataclass(frozen=True, slots=True)
class Position:
    """Place of one beat in the form.

    Attributes
    ----------
    beat, bar : int
        Counted from the start.
    beat_in_bar, beats_per_bar, half : int
        ``half`` is the beat in the bar where its second half starts (0 if it has none).
    slot : int
        Number of the half bar, counted from the start: ``2 · bar`` or ``2 · bar + 1``.
    starts_slot : bool
        Whether a half bar starts here.
    slot_end, bar_end : int
        First beat after the half bar, after the bar.
    phrase, bar_in_phrase : int
        Four-bar phrase counted from the start, bar within it.
    closing : bool
        Whether the phrase is the answering half of a period.
    material : int
        Phrases with equal ``material`` share harmony and motif.
    """

    beat: int
    bar: int
    beat_in_bar: int
    beats_per_bar: int
    half: int
    slot: int
    starts_slot: bool
    slot_end: int
    bar_end: int
    phrase: int
    bar_in_phrase: int
    closing: bool
    material: int

    @property
    def second_half(self) -> bool:
        """Whether the beat lies in the second half of its bar."""
        return self.slot % 2 == 1

    @property
    def last_bar(self) -> bool:
        """Whether the bar ends its phrase."""
        return self.bar_in_phrase == BARS_PER_PHRASE - 1


def half_bar(beats_per_bar: int) -> int:
    """Return the beat at which the second half of a bar starts; 0 if it has none.

    The first half is the longer one: 3 is 2 + 1, 5 is 3 + 2, 7 is 4 + 3.
    """
    return 0 if beats_per_bar < 2 else (beats_per_bar + 1) // 2


def _material(section: int, letter: int, draws: Draws) -> int:
    """Return the number of the material; a section may recall the one two before it."""
    while section >= 2 and draws.uniform("recall", section, letter) < _RECALL:
        section -= 2
    return section * 8 + letter


def locate(beat: int, beats_per_bar: int, draws: Draws) -> Position:
    """Return where a beat (>= 0) lies when bars have so many beats (>= 1)."""
    bar, beat_in_bar = divmod(beat, beats_per_bar)
    half = half_bar(beats_per_bar)
    second = half > 0 and beat_in_bar >= half
    phrase, bar_in_phrase = divmod(bar, BARS_PER_PHRASE)
    section, index = divmod(phrase, PHRASES_PER_SECTION)
    form = _FORMS[int(draws.uniform("form", section) * len(_FORMS))]
    start = bar * beats_per_bar
    return Position(
        beat=beat,
        bar=bar,
        beat_in_bar=beat_in_bar,
        beats_per_bar=beats_per_bar,
        half=half,
        slot=2 * bar + int(second),
        starts_slot=beat_in_bar in (0, half),
        slot_end=start + (half if half and not second else beats_per_bar),
        bar_end=start + beats_per_bar,
        phrase=phrase,
        bar_in_phrase=bar_in_phrase,
        closing=phrase % 2 == 1,
        material=_material(section, form[index], draws),
    )
