"""What one beat offers the parts."""

from dataclasses import dataclass
from typing import Final

from engine.generators.shared.harmony import Harmony
from engine.generators.shared.mood_map import Intent
from engine.music.draws import Draws
from engine.music.form import Position

__all__ = ["HIGHEST", "LOWEST", "BeatFrame"]

LOWEST: Final = 24
HIGHEST: Final = 105
"""Range the parts stay in; a piano has 21..108."""


@dataclass(frozen=True, slots=True)
class BeatFrame:
    """Everything a part may look at while it fills a beat.

    Attributes
    ----------
    position : Position
        Place in the form.
    harmony : Harmony
        Chord and scale of this half bar.
    changed : bool
        Whether the chord is new in this beat.
    intent : Intent
        What the target asks for.
    beat_s : float
        Length of a beat [seconds].
    limit : int
        Most onsets a part may play in a beat.
    draws : Draws
        Source of chance.
    """

    position: Position
    harmony: Harmony
    changed: bool
    intent: Intent
    beat_s: float
    limit: int
    draws: Draws
