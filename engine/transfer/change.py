"""From a piece's levels and a wanted emotion to what is done to its notes."""

from dataclasses import dataclass
from math import exp

from engine.choices import check_range
from engine.music.loudness import carry_velocity
from engine.transfer.elements import ELEMENTS, parse_elements
from engine.transfer.levels import Levels, wanted_levels

__all__ = ["Change", "resolve"]

_SLOWEST, _FASTEST = 0.62, 1.6
"""Limits of the factor on the tempo, alone; with density selected too its square root."""
_SHORTEST, _LONGEST = 0.25, 4.0
"""Limits of the factor on note lengths."""
_SPARSEST, _DENSEST = 0.3, 3.0
"""Limits of the factors on notes and onsets per second."""


@dataclass(frozen=True, slots=True)
class Change:
    """What transfer does to a piece; neutral where an element is not selected.

    Attributes
    ----------
    velocity_from, velocity_to : float
        Mean velocity that is carried to another, 1..127.
    tempo : float
        Factor on the tempo; above 1 is faster.
    length : float
        Factor on the notes' lengths in beats.
    notes, onsets : float
        Factors on the number of notes and of onsets.
    pitch, spread : float or None
        Wanted mean and standard deviation of the pitches [semitones]; None leaves octaves alone.
    mode : float
        How far the mode goes to minor (-1) or to major (+1); 0 leaves it alone.
    harmony : float
        How far chords go to their minor (-1) or major (+1) relatives; 0 leaves them alone.
    """

    velocity_from: float = 64.0
    velocity_to: float = 64.0
    tempo: float = 1.0
    length: float = 1.0
    notes: float = 1.0
    onsets: float = 1.0
    pitch: float | None = None
    spread: float | None = None
    mode: float = 0.0
    harmony: float = 0.0

    def velocity_of(self, velocity: int) -> int:
        """Return the new velocity: monotone, 127 stays 127, the mean goes where it is wanted."""
        if self.velocity_from == self.velocity_to:
            return velocity
        return carry_velocity(velocity, self.velocity_from, self.velocity_to)


def resolve(
    source: Levels,
    valence: float,
    arousal: float,
    elements: tuple[str, ...] = ELEMENTS,
    strength: float = 1.0,
) -> Change:
    """Return the change that carries `source` towards an emotion.

    Every level goes the share `strength` of its way to where the emotion has it.

    Raises
    ------
    InputError
        A number is out of range or an element is unknown.
    """
    check_range("valence", valence, -1.0, 1.0)
    check_range("arousal", arousal, -1.0, 1.0)
    check_range("strength", strength, 0.0, 1.0)
    parse_elements(",".join(elements))
    wanted = wanted_levels(valence, arousal)

    def moved(name: str) -> float:
        way: float = getattr(wanted, name) - getattr(source, name)
        return strength * way

    values: dict[str, float] = {}
    if "velocity" in elements:
        mean = min(max(source.velocity, 2.0), 126.0)
        values["velocity_from"] = mean
        values["velocity_to"] = min(max(mean + moved("velocity"), 2.0), 126.0)
    tempo = 1.0
    if "tempo" in elements:
        shared = 0.5 if "density" in elements else 1.0
        tempo = _held(shared * moved("log_onsets"), _SLOWEST**shared, _FASTEST**shared)
        values["tempo"] = tempo
    if "density" in elements:
        values["notes"] = _held(moved("log_notes"), _SPARSEST, _DENSEST) / tempo
        values["onsets"] = _held(moved("log_onsets"), _SPARSEST, _DENSEST) / tempo
    if "duration" in elements:
        values["length"] = _held(moved("log_length"), _SHORTEST, _LONGEST) * tempo
    if "register" in elements:
        values["pitch"] = source.pitch + moved("pitch")
        values["spread"] = source.spread + moved("spread")
    if "pitch" in elements:
        values["mode"] = strength * valence
    if "chord" in elements:
        values["harmony"] = strength * valence
    return Change(**values)


def _held(log_factor: float, low: float, high: float) -> float:
    return min(max(exp(log_factor), low), high)
