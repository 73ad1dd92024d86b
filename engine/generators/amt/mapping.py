"""From emotion and cues to what the arranger is asked for.

The chords themselves come from the model. Three speeds: loudness and articulation when a note is
handed over, density, register and pattern at the next beat, chord at the next half bar; key, mode
and style wait for the phrase.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from engine.events import Role
from engine.generators.protocol import NO_CUES, MusicalContext
from engine.generators.shared.mood_map import LOUDNESS, Plane
from engine.music.draws import Draws
from engine.music.keys import Key

__all__ = [
    "ARTICULATION",
    "USUAL",
    "Knobs",
    "Level",
    "Wanted",
    "phrase_key",
    "section_arousal",
    "usual_level",
    "wanted",
]

_ONSETS_PER_S: Final = Plane(3.0, arousal=1.8, cubic=0.3, low=0.7, high=6.0)
"""Note onsets per second of all parts; transcribed pop piano has 4.4/5.3/3.3/3.1 in Q1..Q4, of
which our lead takes one to two more."""
_CHORD_CENTRE: Final = Plane(60.5, valence=3.5)
_BASS_CENTRE: Final = Plane(38.0, valence=1.5, arousal=-1.5)
ARTICULATION: Final[dict[Role, Plane]] = {
    "lead": Plane(0.86, arousal=-0.14, low=0.3, high=1.0),
    "chords": Plane(0.9, arousal=-0.2, low=0.3, high=1.0),
    "bass": Plane(0.88, arousal=-0.2, low=0.3, high=1.0),
}
"""Sounding share of the written length: legato is calm, staccato excited (Juslin 2000). Pad and
drums are as long as written."""
_MOST_ONSETS: Final = 12.0
"""Per beat."""
_REGISTER: Final = 12.0
"""Semitones that the setting ``register`` of 1 moves the chords; the bass stays where it is."""
_FREEDOM: Final = 0.7
"""How much of the network's deviation from the mapping is taken over; the emotion has the rest."""
_MOST_FACTOR: Final = 1.5
_MOST_OFFSET: Final = 0.25
_MODE_SLOPE: Final = 1.2
"""Share of the phrases in the other mode per unit of valence against the given one."""
_VELOCITY: Final = (25.0, 90.0)
"""Velocity of loudness 0, and how much 1 adds."""
_OFFSET: Final = 30.0
"""Velocity that `engine.music.arrange.performance.Touch.loudness` of 1 adds."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """The engine's own settings, see `engine.generators.shared.settings.SETTINGS`."""

    temperature: float = 1.0
    guidance: float = 1.5
    density: float = 0.0
    register: float = 0.0
    swing: float = 0.0
    humanise: float = 1.0
    compound: float = 0.0

    def changed(self, settings: Mapping[str, float]) -> "Knobs":
        """Return the knobs with those settings that are ours."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return Knobs(**{name: settings.get(name, value) for name, value in values.items()})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a beat is to be like.

    Attributes
    ----------
    density : float
        Note onsets per beat of all parts.
    chord_centre, bass_centre : float
        Middle of the registers [MIDI pitch].
    loudness : float
        Mean velocity / 127.
    offset : float
        What cues or slot add to the loudness of the emotion, -1..1.
    """

    density: float
    chord_centre: float
    bass_centre: float
    loudness: float
    offset: float


@dataclass(frozen=True, slots=True)
class Level:
    """How a slot deviates from what the emotion suggests.

    ``density`` is a factor, ``loudness`` an offset, -1..1.
    """

    density: float = 1.0
    loudness: float = 0.0


USUAL: Final = Level()
"""No deviation."""


def usual_level(context: MusicalContext, density: float, loudness: float) -> Level:
    """Return how a density [onsets per beat] and loudness (0..1) deviate from the emotion's."""
    usual = wanted(replace(context, cues=NO_CUES), Knobs(), USUAL)
    factor = (max(density, 0.05) / max(usual.density, 0.05)) ** _FREEDOM
    offset = _FREEDOM * 127.0 * (loudness - usual.loudness) / _OFFSET
    return Level(
        min(max(factor, 1.0 / _MOST_FACTOR), _MOST_FACTOR),
        min(max(offset, -_MOST_OFFSET), _MOST_OFFSET),
    )


def wanted(context: MusicalContext, knobs: Knobs, level: Level) -> Wanted:
    """Return what a beat is to be like: as the cues say, else as emotion and slot suggest."""
    valence = min(max(context.valence, -1.0), 1.0)
    arousal = min(max(context.arousal, -1.0), 1.0)
    cues = context.cues
    density = level.density * _ONSETS_PER_S(valence, arousal) * 60.0 / context.tempo_bpm
    if cues.onset_density is not None:
        density = cues.onset_density
    density *= 2.0**knobs.density
    velocity = LOUDNESS(valence, arousal)
    offset = level.loudness
    if cues.loudness is not None:
        low, span = _VELOCITY
        offset = min(max((low + span * cues.loudness - velocity) / _OFFSET, -1.0), 1.0)
    velocity += _OFFSET * offset
    return Wanted(
        density=min(max(density, 0.0), _MOST_ONSETS),
        chord_centre=_CHORD_CENTRE(valence, arousal) + _REGISTER * knobs.register,
        bass_centre=_BASS_CENTRE(valence, arousal),
        loudness=min(max(velocity / 127.0, 0.0), 1.0),
        offset=offset,
    )


def section_arousal(context: MusicalContext) -> float:
    """Return how lively the music of a section is to be made, -1..1."""
    energy = context.cues.section_energy
    if energy is None:
        return context.arousal
    return 0.5 * context.arousal + energy - 0.5


def phrase_key(key: Key, valence: float, lock: str, phrase: int, draws: Draws) -> Key:
    """Return the key of a phrase: the mode leans the way of the valence.

    A neutral target keeps the given mode; against it, the share of phrases in the other mode
    grows evenly with the distance.

    Parameters
    ----------
    key : Key
        Given by the user or the tracker.
    valence : float
        Target.
    lock : {'tonic', 'scale'}
        What the other mode shares with it: the tonic, or all notes (the relative key).
    phrase : int
        Number of the phrase.
    draws : Draws
        Source of chance.
    """
    other = key.parallel if lock == "tonic" else key.relative
    against = -valence if key.mode == "maj" else valence
    share = min(max(_MODE_SLOPE * against, 0.0), 1.0)
    return other if draws.even("mode", phrase) < share else key
