"""From emotion and cues to what the arranger is asked for.

The chords themselves come from the model. Three speeds: loudness and articulation when a note is
handed over, density, register and pattern at the next beat, chord at the next half bar; key, mode
and style wait for the phrase.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.generators.protocol import MusicalContext
from engine.generators.rules.mapping import LOUDNESS, Plane
from engine.music.draws import Draws
from engine.music.keys import Key

__all__ = ["Knobs", "Wanted", "phrase_key", "wanted"]

_ONSETS_PER_S: Final = Plane(2.7, arousal=1.7, cubic=0.4, low=0.6, high=6.0)
"""Note onsets per second of all parts; transcribed pop piano has 4.4/5.3/3.3/3.1 in Q1..Q4, of
which our lead takes one to two more."""
_CHORD_CENTRE: Final = Plane(60.5, valence=3.5)
_BASS_CENTRE: Final = Plane(38.0, valence=1.5, arousal=-1.5)
_MOST_ONSETS: Final = 12.0
"""Per beat."""
_REGISTER: Final = 12.0
"""Semitones that the setting ``register`` of 1 moves the chords; the bass stays where it is."""
_MODE_SLOPE: Final = 1.2
"""Share of the phrases in the other mode per unit of valence against the given one."""
_VELOCITY: Final = (25.0, 90.0)
"""Velocity of loudness 0, and how much 1 adds."""
_OFFSET: Final = 30.0
"""Velocity that `engine.music.arrange.performance.Touch.loudness` of 1 adds."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """The engine's own settings, see `engine.generators.settings.SETTINGS`."""

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
        What the cues add to the loudness of the emotion, -1..1.
    """

    density: float
    chord_centre: float
    bass_centre: float
    loudness: float
    offset: float


def wanted(context: MusicalContext, knobs: Knobs) -> Wanted:
    """Return what a beat is to be like: as the cues say, else as the emotion suggests."""
    valence = min(max(context.valence, -1.0), 1.0)
    arousal = min(max(context.arousal, -1.0), 1.0)
    cues = context.cues
    density = _ONSETS_PER_S(valence, arousal) * 60.0 / context.tempo_bpm
    if cues.onset_density is not None:
        density = cues.onset_density
    density *= 2.0**knobs.density
    velocity = LOUDNESS(valence, arousal)
    offset = 0.0
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
