"""The ladder of modes from dark to bright, with the chords each of them offers.

Weights say how often a chord is used where its function is asked for. Functions: ``T``
rest, ``S`` departure, ``D`` pull back to rest.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from engine.music.chords import QUALITIES, Chord
from engine.music.keys import SCALES

__all__ = [
    "COLOURS",
    "LADDER",
    "Degree",
    "Function",
    "Mode",
    "chord_scale",
    "lasting_notes",
    "mode_tonic",
]

Function = Literal["T", "S", "D"]


@dataclass(frozen=True, slots=True)
class Degree:
    """A chord of a mode: semitones above the tonic, plain quality, function, weight."""

    offset: int
    quality: str
    function: Function
    weight: float


@dataclass(frozen=True, slots=True)
class Mode:
    """A scale of ``SCALES`` and its chords; the first is the tonic chord.

    ``rotation`` is how many semitones its tonic lies above that of the major key with the
    same notes.
    """

    scale: str
    rotation: int
    degrees: tuple[Degree, ...]


LADDER: Final[tuple[Mode, ...]] = (
    Mode(
        "phrygian",
        4,
        (
            Degree(0, "min", "T", 1.0),
            Degree(8, "maj", "T", 0.35),
            Degree(1, "maj", "S", 0.7),
            Degree(5, "min", "S", 1.0),
            Degree(10, "min", "D", 0.6),
            Degree(7, "maj", "D", 0.5),
            Degree(11, "dim", "D", 0.6),
        ),
    ),
    Mode(
        "aeolian",
        9,
        (
            Degree(0, "min", "T", 1.0),
            Degree(8, "maj", "T", 0.6),
            Degree(3, "maj", "T", 0.15),
            Degree(5, "min", "S", 1.0),
            Degree(2, "dim", "S", 0.35),
            Degree(8, "maj", "S", 0.35),
            Degree(7, "maj", "D", 0.9),
            Degree(7, "min", "D", 0.6),
            Degree(10, "maj", "D", 0.2),
        ),
    ),
    Mode(
        "dorian",
        2,
        (
            Degree(0, "min", "T", 1.0),
            Degree(3, "maj", "T", 0.35),
            Degree(5, "maj", "S", 0.9),
            Degree(2, "min", "S", 0.5),
            Degree(7, "min", "D", 0.8),
            Degree(10, "maj", "D", 0.7),
        ),
    ),
    Mode(
        "mixolydian",
        7,
        (
            Degree(0, "maj", "T", 1.0),
            Degree(9, "min", "T", 0.4),
            Degree(5, "maj", "S", 1.0),
            Degree(2, "min", "S", 0.4),
            Degree(10, "maj", "D", 0.9),
            Degree(7, "min", "D", 0.6),
        ),
    ),
    Mode(
        "ionian",
        0,
        (
            Degree(0, "maj", "T", 1.0),
            Degree(9, "min", "T", 0.5),
            Degree(4, "min", "T", 0.15),
            Degree(5, "maj", "S", 1.3),
            Degree(2, "min", "S", 0.6),
            Degree(7, "maj", "D", 1.0),
            Degree(11, "dim", "D", 0.06),
        ),
    ),
    Mode(
        "lydian",
        5,
        (
            Degree(0, "maj", "T", 1.0),
            Degree(9, "min", "T", 0.3),
            Degree(2, "maj", "S", 0.8),
            Degree(9, "min", "S", 0.6),
            Degree(7, "maj", "D", 1.0),
        ),
    ),
)
"""Place on the ladder → mode."""

COLOURS: Final[dict[str, tuple[str, ...]]] = {
    "maj": ("add9", "maj6", "maj7", "maj9", "7", "9", "7b9", "aug"),
    "min": ("min7", "minadd9", "min6", "min9", "minmaj7"),
    "dim": ("hdim7", "dim7"),
}
"""Plain quality → enrichments; those outside the scale are left out when one is chosen."""


def mode_tonic(key_tonic: int, key_mode: str, mode: Mode, lock: str) -> int:
    """Return the tonic [pitch class] of a mode in a key.

    Under the lock ``'tonic'`` it is the key's own; under ``'scale'`` it is the note on which
    the mode has exactly the key's notes (C major: D dorian, A aeolian …).
    """
    if lock == "tonic":
        return key_tonic
    major = key_tonic if key_mode == "maj" else (key_tonic + 3) % 12
    return (major + mode.rotation) % 12


@lru_cache(maxsize=128)
def lasting_notes(tonic: int, place: int) -> frozenset[int]:
    """Return the pitch classes a mode shares with its neighbours on the ladder."""
    modes = LADDER[max(0, place - 1) : place + 2]
    shared = set.intersection(*(set(SCALES[mode.scale]) for mode in modes))
    return frozenset((tonic + step) % 12 for step in shared)


@lru_cache(maxsize=4096)
def chord_scale(tonic: int, place: int, chord: Chord) -> frozenset[int]:
    """Return the pitch classes a melody may use over a chord.

    The mode's scale, where notes foreign to it that the chord brings (the leading note of a
    minor key's dominant) push out their neighbours.
    """
    steps = set(SCALES[LADDER[place].scale])
    lowered = 4 in steps  # foreign notes in major modes are mostly lowered, in minor raised
    for member in QUALITIES[chord.quality]:
        foreign = (chord.root + member - tonic) % 12
        if foreign not in steps:
            below, above = (foreign - 1) % 12, (foreign + 1) % 12
            first, second = (above, below) if lowered else (below, above)
            steps.discard(second if first in (0, 7) else first)
            steps.add(foreign)
    members = {(pitch_class - tonic) % 12 for pitch_class in chord.pitch_classes}
    return frozenset((tonic + step) % 12 for step in steps | members)
