"""A section's own way of playing, where the emotion leaves it open.

Players differ: few full chords or many single notes, loud and sparse or soft and busy, dry or with
much pedal, literal or varied, strict or loose. Two clips of one emotion are so as different as
EMOPIA's are, and what is traded is traded such that the emotion stays: loudness for onsets, onsets
for notes at once.
"""

from dataclasses import dataclass
from math import exp, log
from typing import Final

from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, PHRASES_PER_SECTION

__all__ = ["Style", "style_of"]

_LOUDER: Final = 1.5
_PER_VELOCITY: Final = 0.022
"""Log onsets that weigh as much as one step of velocity: deviations of arousal in EMOPIA."""
_EVEN: Final = 0.2
_FINER: Final = 0.22
_SPARSEST: Final = -0.1
"""Log onsets at equal notes: mean (hands would fill gaps that a grid leaves), deviation, least."""
_LONGER: Final = 0.4
_HIGHER: Final = 1.5
_STAYS: Final = (0.3, 0.9)
_REPEATS: Final = 0.35
_AGAIN: Final = 1.0
_LOOSE: Final = 0.45
_LEADS_S: Final = 0.0025


@dataclass(frozen=True, slots=True)
class Style:
    """Traits of a section.

    Attributes
    ----------
    numbers : dict of str to float
        Element → what is added to its wanted number; of ``rhythm`` the logarithm.
    stays : float
        Chance that the chord of a bar's first half stays for the second.
    repeats : float
        Factor on how faithfully figures come back.
    again : float
        What the tune's note again costs more, or less, than usual [nats].
    loose : float
        Factor on how far hands stray from the grid and the notes of a chord from each other.
    leads_s : float
        How much earlier the top note of a chord comes [s].
    """

    numbers: dict[str, float]
    stays: float
    repeats: float
    again: float
    loose: float
    leads_s: float


def style_of(beat: int, beats_per_bar: int, draws: Draws) -> Style:
    """Return the style of the section that a beat lies in."""
    section = beat // (beats_per_bar * BARS_PER_PHRASE * PHRASES_PER_SECTION)

    def trait(number: int) -> float:
        return min(max(draws.normal("style", section, number), -2.0), 2.0)

    finer = max(_EVEN + _FINER * trait(0), _SPARSEST)
    louder = _LOUDER * trait(3)
    low, high = _STAYS
    return Style(
        numbers={
            "rhythm": finer - _PER_VELOCITY * louder,
            "texture": -finer / log(2.0),
            "duration": _LONGER * trait(1),
            "pitch": _HIGHER * trait(2),
            "velocity": louder,
        },
        stays=low + (high - low) * draws.uniform("stays", section),
        repeats=exp(_REPEATS * trait(4)),
        again=_AGAIN * trait(5),
        loose=exp(_LOOSE * trait(6)),
        leads_s=_LEADS_S * trait(7),
    )
