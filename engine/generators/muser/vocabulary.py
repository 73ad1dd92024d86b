"""What MusER's events can say: every field a table of numbers in ascending order.

An event's index is always the rank of its value, so "more" is "louder", "longer", "higher"
everywhere: in the networks, the regulariser, the grammar and element transfer.

Musical time is a grid of ``TICKS`` ticks per quarter note, which holds sixteenths and triplets.
A beat is one quarter note; in a bar that is no whole number of quarters (5/8, 7/8) the last beat is
shorter. Pitch is kept relative to the tonic: the whole piece is moved by ``key_shift`` so that its
tonic is C, which leaves register almost as it was (-6..+5 semitones).
"""

import math
from dataclasses import dataclass
from typing import Final

from engine.music.reading.harmony import CHORD_LABELS, NO_ROOT, QUALITY_NAMES
from engine.music.rhythm import TICKS

__all__ = [
    "CODEBOOKS",
    "DURATIONS",
    "ELEMENTS",
    "END_TICK",
    "FIELDS",
    "MODES",
    "MOST_BEATS_PER_BAR",
    "PITCHES",
    "TEMPOS",
    "VELOCITIES",
    "Field",
    "chord_label",
    "duration_index",
    "key_shift",
    "pitch_index",
    "tempo_index",
    "velocity_index",
]


END_TICK: Final = TICKS
"""Onset index that says "no more notes in this beat": later than every tick."""

PITCHES: Final = tuple(range(15, 114))
"""MIDI numbers after `key_shift`: the piano's 21..108 in every key."""

DURATIONS: Final = (
    1,
    2,
    3,
    4,
    6,
    8,
    9,
    12,
    15,
    18,
    21,
    24,
    30,
    36,
    42,
    48,
    60,
    72,
    96,
    120,
    144,
    192,
)
"""Lengths [ticks], up to four bars of four."""

VELOCITIES: Final = tuple(range(1, 128, 4))
"""MIDI velocities 1, 5 … 125: no floor."""

TEMPOS: Final = tuple(round(40.0 * 2 ** (step / 12), 2) for step in range(32))
"""Tempi [quarter notes per minute], 6 % apart, 40..240."""

MODES: Final = ("min", "maj")
"""Modes from dark to bright."""


MOST_BEATS_PER_BAR: Final = 8
"""Size of the networks' table of places in the bar."""

ELEMENTS: Final = (
    "mode",
    "tempo",
    "chord",
    "rhythm",
    "texture",
    "pitch",
    "duration",
    "velocity",
)
"""Musical elements of a beat, in the order in which the prior decides them: mode of the key,
tempo, chord, onset pattern, notes per onset, register, note length, loudness."""

CODEBOOKS: Final = {
    "mode": 2,
    "tempo": 16,
    "chord": 64,
    "rhythm": 48,
    "texture": 16,
    "pitch": 64,
    "duration": 24,
    "velocity": 24,
}
"""Element → number of codes. Mode needs no learned code: 0 is minor, 1 is major."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a note event: its name, and the number each index stands for, ascending."""

    name: str
    values: tuple[float, ...]

    @property
    def size(self) -> int:
        """Number of indices."""
        return len(self.values)


FIELDS: Final = (
    Field("onset", tuple(range(TICKS + 1))),
    Field("pitch", PITCHES),
    Field("duration", DURATIONS),
    Field("velocity", VELOCITIES),
)
"""Fields of a note in the order in which they are predicted; onset ``END_TICK`` ends the beat."""

_LOG_DURATIONS = tuple(math.log(value) for value in DURATIONS)


def key_shift(tonic: int) -> int:
    """Return the semitones (-5..6) to take off a pitch so that the tonic 0..11 becomes C."""
    return (tonic + 5) % 12 - 5


def pitch_index(pitch: int, shift: int) -> int:
    """Return the index of a MIDI pitch; pitches off the table are folded by octaves."""
    relative = pitch - shift
    while relative < PITCHES[0]:
        relative += 12
    while relative > PITCHES[-1]:
        relative -= 12
    return relative - PITCHES[0]


def duration_index(ticks: float) -> int:
    """Return the index of the length nearest in proportion; below one tick counts as one."""
    wanted = math.log(max(ticks, 1.0))
    return min(range(len(DURATIONS)), key=lambda index: abs(_LOG_DURATIONS[index] - wanted))


def velocity_index(velocity: int) -> int:
    """Return the index of the nearest velocity."""
    return min(max((velocity + 1) // 4, 0), len(VELOCITIES) - 1)


def tempo_index(tempo_bpm: float) -> int:
    """Return the index of the tempo nearest in proportion."""
    step = round(12.0 * math.log2(max(tempo_bpm, 1.0) / TEMPOS[0]))
    return min(max(step, 0), len(TEMPOS) - 1)


def chord_label(root: int, quality: int) -> int:
    """Return the label of a chord: ``root * 9 + quality``, or the last one for `NO_ROOT`."""
    if root == NO_ROOT:
        return CHORD_LABELS - 1
    return root * len(QUALITY_NAMES) + quality
