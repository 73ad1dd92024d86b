"""The plan of a piece: where a bar's figures come from, what is a section's own, how it breathes.

A phrase is four bars: statement (out of the phrase before), variation, contrast, cadence. Phrases
that share material (`engine.music.form`) bring their figures back; the cadence is made anew.
Loudness rises and falls with the phrase, and from bar to bar as hands do.
"""

from dataclasses import dataclass
from math import exp, log, pi, sin
from typing import Final

from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, PHRASES_PER_SECTION, locate

__all__ = [
    "MEMORY_BARS",
    "Source",
    "chord_stays",
    "groove",
    "loudness_arc",
    "source_of",
    "style_of",
]

MEMORY_BARS: Final = 64
"""So many bars are remembered: four sections."""

_WITHIN: Final = ((4, 0.9), (1, 1.4), (2, 1.15), (0, 0.0))
"""Bars back and faithfulness for each bar of a phrase with new material."""
_AGAIN: Final = (1.5, 1.4, 1.2, 0.5)
"""Faithfulness of each bar of a phrase whose material was heard before."""
_GROOVE: Final = 0.06
"""Deviation of the onsets of a beat in the bar from their mean [log], kept with the material."""
_FINER: Final = 0.33
_EVEN: Final = 0.1
"""Log onsets on top, at equal notes: a steady grid has gaps that hands would fill."""
_LONGER: Final = 0.6
_HIGHER: Final = 2.5
"""Deviation between sections: log onsets at equal notes, log2 of lengths, semitones."""
_STAYS: Final = 0.35
"""Chance that the chord of a bar's first half stays for the second."""
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


def style_of(beat: int, beats_per_bar: int, draws: Draws) -> dict[str, float]:
    """Return what a section of the piece adds to the numbers wanted of the elements.

    Players differ where the emotion leaves it open: few full chords or many single notes, dry or
    with much pedal, high or low.
    """
    section = beat // (beats_per_bar * BARS_PER_PHRASE * PHRASES_PER_SECTION)
    finer = _EVEN + _FINER * draws.normal("style", section, 0)
    return {
        "rhythm": finer,
        "texture": -finer / log(2.0),
        "duration": _LONGER * draws.normal("style", section, 1),
        "pitch": _HIGHER * draws.normal("style", section, 2),
    }


def groove(beat: int, beats_per_bar: int, draws: Draws) -> float:
    """Return the factor on the onsets of a beat: bars of one material have their own pattern."""
    here = locate(beat, beats_per_bar, draws)
    return exp(_GROOVE * draws.normal("groove", here.material, here.beat_in_bar) - _GROOVE**2 / 2)


def chord_stays(beat: int, beats_per_bar: int, draws: Draws) -> bool:
    """Return whether the chord does not change in this beat, the first of a half bar."""
    here = locate(beat, beats_per_bar, draws)
    number = draws.uniform("harmony", here.material, here.bar_in_phrase)
    return here.second_half and not here.last_bar and number < _STAYS


def loudness_arc(onset: float, beats_per_bar: int, draws: Draws) -> float:
    """Return what the phrase adds to the velocity at a moment [beats], 0 on average."""
    bar, share = divmod(onset / beats_per_bar, 1.0)
    first, second = (draws.normal("arc", int(bar) + step) for step in (0, 1))
    through = onset / (BARS_PER_PHRASE * beats_per_bar) % 1.0
    arc = sin(pi * through) - 2.0 / pi
    return 2.0 * _ARC * arc + _DRIFT * (first + (second - first) * share)
