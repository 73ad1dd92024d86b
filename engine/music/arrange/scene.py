"""What the arranger looks at in one beat, and how the music of a phrase is made."""

from dataclasses import dataclass
from math import exp
from typing import Final

from engine.music.arrange.metre import Unit, units
from engine.music.chords import Chord
from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, Position
from engine.music.keys import Key

__all__ = ["STYLES", "Scene", "Style", "choose_style"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a phrase is accompanied.

    Attributes
    ----------
    groove : str
        Rhythm of the chords, a name of `engine.music.arrange.groove.GROOVES`.
    figure : str
        How chords are broken, a name of `engine.music.arrange.comping.FIGURES`.
    bass : str
        A name of `engine.music.arrange.bass.BASSES`.
    drums : str
        A name of `engine.music.arrange.drums.KITS`.
    weight, arousal, valence : float
        Logarithm of its weight: constant, and per unit of the emotion.
    triple : float
        Added in bars of three.
    """

    groove: str
    figure: str
    bass: str
    drums: str
    weight: float
    arousal: float = 0.0
    valence: float = 0.0
    triple: float = 0.0


STYLES: Final[dict[str, Style]] = {
    "hymn": Style("ballad", "held", "long", "soft", 0.0, -2.4, -0.2),
    "arpeggio": Style("straight", "broken", "long", "soft", 1.1, -0.6),
    "nocturne": Style("tresillo", "broken", "long", "soft", 0.2, -1.0, -0.4, 0.4),
    "alberti": Style("eighths", "alberti", "root", "pop", 0.2, 0.2, 0.6),
    "rocking": Style("straight", "rocking", "root", "pop", 0.3, 0.2),
    "pairs": Style("lilt", "pairs", "root", "soft", 0.2, -0.3, 0.2, 0.6),
    "waltz": Style("waltz", "oompah", "root", "waltz", -2.5, 0.3, 0.4, 4.0),
    "comp": Style("charleston", "block", "walking", "swing", -0.2, 0.8, 0.3, -0.3),
    "push": Style("push", "block", "dotted", "pop", -0.2, 0.9, 0.1, -0.3),
    "clave": Style("clave", "block", "tresillo", "pop", -0.6, 1.0, 0.5, -0.5),
    "backbeat": Style("backbeat", "block", "eighths", "rock", -0.6, 0.9, 0.2),
    "offbeat": Style("offbeat", "block", "root", "pop", -1.4, 0.9, 0.9),
    "pulse": Style("eighths", "block", "eighths", "rock", -0.5, 1.5, -0.3),
    "drive": Style("sixteenths", "broken", "eighths", "rock", -0.8, 1.4),
    "gallop": Style("gallop", "rocking", "dotted", "rock", -1.3, 1.6, -0.7),
}
"""Name → style. Calm music holds and breaks its chords, lively music strikes them."""


def choose_style(
    position: Position, valence: float, arousal: float, draws: Draws, section: int = 0
) -> str:
    """Return the style of the phrase; material that comes back has its style again.

    The same point among other weights: a small change of the emotion mostly keeps the style.
    ``section`` counts what divides the music besides its form: cuts of a picture.
    """
    triple = position.beats_per_bar % 3 == 0
    weights = [
        exp(
            style.weight
            + style.arousal * arousal
            + style.valence * valence
            + (style.triple if triple else 0.0)
        )
        for style in STYLES.values()
    ]
    return tuple(STYLES)[draws.pick(weights, "style", position.material // 2, section)]


@dataclass(frozen=True, slots=True)
class Scene:
    """One beat to be filled.

    Attributes
    ----------
    position : Position
        Place in the form.
    beat_s : float
        Length of the beat [s].
    chord : Chord or None
        What sounds; None for no chord.
    changed : bool
        Whether the chord is new in this beat.
    begins : bool
        Whether a slot begins here: a stretch of one chord, half a bar or a short bar.
    until : int
        Beat up to which the chord is to last.
    sure : int
        Beat up to which it surely does: a performer may turn to another before.
    joined : bool
        Whether somebody plays along, to be supported without gaps.
    following : Chord or None
        The chord after that, once it is known.
    key : Key
        Key of the phrase.
    style : str
        A name of `STYLES`.
    density : float
        Note onsets per beat wanted of all parts together.
    arousal : float
        For the choice of means, in [-1, 1].
    chord_centre, bass_centre : float
        Middle of the registers [MIDI pitch].
    compound : bool
        Whether units of three pulses are felt as 6/8.
    strong : bool
        Whether the beat is to be struck hard: the picture was cut.
    closes : bool
        Whether the beat leads into a cut, as the end of a phrase leads into the next.
    draws : Draws
        Source of chance.
    """

    position: Position
    beat_s: float
    chord: Chord | None
    changed: bool
    begins: bool
    until: int
    sure: int
    joined: bool
    following: Chord | None
    key: Key
    style: str
    density: float
    arousal: float
    chord_centre: float
    bass_centre: float
    compound: bool
    strong: bool
    closes: bool
    draws: Draws

    @property
    def unit(self) -> Unit:
        """The unit of the bar that the beat lies in, or the first of those it holds."""
        return self.units_here[0]

    @property
    def units_here(self) -> tuple[Unit, ...]:
        """The units that the beat shares, in order."""
        beat = self.position.beat_in_bar
        bar = units(self.position.beats_per_bar, self.beat_s)
        return tuple(unit for unit in bar if unit.start < beat + 1 and unit.end > beat)

    def place(self, unit: Unit) -> int:
        """Return the number of a unit in the phrase's material: bars three and four vary it."""
        bar = units(self.position.beats_per_bar, self.beat_s)
        bars = self.position.material * BARS_PER_PHRASE + self.position.bar_in_phrase
        return bars * len(bar) + bar.index(unit)

    def cells(self, unit: Unit, cells: tuple[int, ...]) -> list[tuple[int, int, float]]:
        """Return those of a unit's cells that lie in this beat.

        Each as its index among ``cells``, the cell, and its position in the beat, [0, 1).
        """
        beat = self.position.beat_in_bar
        found = [(index, cell, unit.at(cell) - beat) for index, cell in enumerate(cells)]
        return [item for item in found if -1e-9 <= item[2] < 1.0 - 1e-9]

    @property
    def ends_phrase(self) -> bool:
        """Whether fills are played: before a cut, in the second half of a phrase's last bar."""
        position = self.position
        late = position.beat_in_bar * 2 >= position.beats_per_bar
        return self.closes or (position.last_bar and late and position.beats_per_bar > 1)
