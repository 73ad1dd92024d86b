"""The plan of a piece: where a bar's figures come from, when chords stay, how it breathes.

A phrase is four bars: statement (out of the phrase before), variation, contrast, cadence. Phrases
that share material (`engine.music.form`) bring their figures back; the cadence is made anew.
Loudness rises and falls with the phrase, and from bar to bar as hands do.
"""

from dataclasses import dataclass
from math import exp, pi, sin
from typing import Final

from engine.generators.muser.model import FORMS
from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, PHRASES_PER_SECTION, locate

__all__ = [
    "MEMORY_BARS",
    "Source",
    "brightness",
    "chord_stays",
    "groove",
    "loudness_arc",
    "source_of",
]

MEMORY_BARS: Final = 64
"""So many bars are remembered: four sections."""

_WITHIN: Final = ((4, 0.9), (1, 1.4), (2, 1.15), (0, 0.0))
"""Bars back and faithfulness for each bar of a phrase with new material."""
_AGAIN: Final = (1.5, 1.4, 1.2, 0.5)
"""Faithfulness of each bar of a phrase whose material was heard before."""
_LITERAL: Final = 1.4
"""Faithfulness from which a bar repeats another."""
_GROOVE: Final = 0.06
"""Deviation of the onsets of a beat in the bar from their mean [log], kept with the material."""
_ARC: Final = 3.0
"""How much louder the middle of a phrase is than its ends, half the range [velocity]."""
_DRIFT: Final = 3.5
"""Deviation of the loudness from bar to bar [velocity]."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the figures of a beat come from.

    Attributes
    ----------
    back : int
        Beats back; 0 for new ones.
    faith : float
        How strongly they are favoured: factor on the recurrence that is set.
    chords : bool
        Whether the chords come back too.
    """

    back: int
    faith: float
    chords: bool = True

    @property
    def form(self) -> tuple[int, int]:
        """As the decoder is told it: index into `model.FORMS`, and beats back."""
        if not self.back:
            return FORMS.index("new"), 0
        return FORMS.index("literal" if self.faith >= _LITERAL else "varied"), self.back


def source_of(beat: int, beats_per_bar: int, draws: Draws) -> Source:
    """Return where the figures of a beat come from."""
    here = locate(beat, beats_per_bar, draws)
    phrase_beats = BARS_PER_PHRASE * beats_per_bar
    for back in range(phrase_beats, MEMORY_BARS * beats_per_bar, phrase_beats):
        if back > beat:
            break
        if locate(beat - back, beats_per_bar, draws).material == here.material:
            return Source(back, _AGAIN[here.bar_in_phrase])
    bars, faith = _WITHIN[here.bar_in_phrase]
    return Source(bars * beats_per_bar, faith, chords=False)


def brightness(beat: int, beats_per_bar: int, draws: Draws) -> float:
    """Return from which share of major on the phrase is in major, 0..1.

    The phrases of a section divide 0..1 evenly among them, in an order of their own: at a share of
    one half, two of four are in major.
    """
    phrase = beat // (beats_per_bar * BARS_PER_PHRASE)
    section, place = divmod(phrase, PHRASES_PER_SECTION)
    order = sorted(
        range(PHRASES_PER_SECTION), key=lambda one: draws.uniform("brightness", section, one)
    )
    return (order.index(place) + 0.5) / PHRASES_PER_SECTION


def groove(beat: int, beats_per_bar: int, draws: Draws) -> float:
    """Return the factor on the onsets of a beat: bars of one material have their own pattern."""
    here = locate(beat, beats_per_bar, draws)
    return exp(_GROOVE * draws.normal("groove", here.material, here.beat_in_bar) - _GROOVE**2 / 2)


def chord_stays(beat: int, beats_per_bar: int, draws: Draws, chance: float) -> bool:
    """Return whether the chord does not change in this beat, the first of a half bar."""
    here = locate(beat, beats_per_bar, draws)
    number = draws.uniform("harmony", here.material, here.bar_in_phrase)
    return here.second_half and not here.last_bar and number < chance


def loudness_arc(onset: float, beats_per_bar: int, draws: Draws) -> float:
    """Return what the phrase adds to the velocity at a moment [beats], 0 on average."""
    bar, share = divmod(onset / beats_per_bar, 1.0)
    first, second = (draws.normal("arc", int(bar) + step) for step in (0, 1))
    through = onset / (BARS_PER_PHRASE * beats_per_bar) % 1.0
    arc = sin(pi * through) - 2.0 / pi
    return 2.0 * _ARC * arc + _DRIFT * (first + (second - first) * share)
