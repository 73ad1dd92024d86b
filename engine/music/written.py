"""Notes as written, and what every performance does with them."""

from dataclasses import dataclass, replace
from math import pi, sin
from typing import Final

from engine.events import NoteEvent, Role
from engine.music.form import BARS_PER_PHRASE, Position

__all__ = [
    "CHANNELS",
    "NEUTRAL_VELOCITY",
    "Written",
    "metric_accent",
    "phrase_arch",
    "played",
    "shaped",
]

CHANNELS: Final[dict[Role, int]] = {"lead": 0, "chords": 1, "bass": 2, "pad": 3, "drums": 9}
"""Where each part plays, from 0."""
NEUTRAL_VELOCITY: Final = 64
"""Velocity of a plain note as written; `shaped` makes it loud or soft."""
_SOFTEST, _LOUDEST = 20, 120
_SHORTEST: Final = 0.05
"""Shortest note [beats]."""
_LAST: Final = 0.999
"""Latest onset within a beat [beats]."""


@dataclass(frozen=True, slots=True)
class Written:
    """A note as written: exact position, no expression.

    Attributes
    ----------
    at : float
        Position in the beat, [0, 1).
    length : float
        Written length [beats].
    pitch : int
        MIDI pitch.
    accent : float
        Extra velocity.
    order : int
        Place within a struck chord from the bottom, for rolling it.
    """

    at: float
    length: float
    pitch: int
    accent: float = 0.0
    order: int = 0


def metric_accent(at: float, *, opens_bar: bool, opens_half: bool) -> float:
    """Return the velocity that the metre adds at a position in the beat, [0, 1)."""
    if at < 1e-9:
        return 6.0 if opens_bar else 3.0 if opens_half else 0.5
    return -2.5 if abs(at - 0.5) < 1e-9 else -4.0


def phrase_arch(position: Position) -> float:
    """Return how near the middle of the phrase a beat is, -0.5..0.5."""
    bars = position.bar_in_phrase + position.beat_in_bar / position.beats_per_bar
    return sin(pi * bars / BARS_PER_PHRASE) - 0.5


def played(note: Written, role: Role, beat: int, onset: float, accent: float) -> NoteEvent:
    """Return a note as it is played: `onset` in its beat, louder by `accent`, ended as written."""
    onset = min(max(onset, 0.0), _LAST)
    return NoteEvent(
        note_id=0,
        onset=beat + onset,
        duration=max(note.length - (onset - note.at), _SHORTEST),
        pitch=note.pitch,
        velocity=min(max(round(NEUTRAL_VELOCITY + accent), 1), 127),
        channel=CHANNELS[role],
        role=role,
    )


def shaped(
    note: NoteEvent, *, loudness: float, contrast: float, articulation: float | None
) -> NoteEvent:
    """Return a played note with a loudness and a factor on its length.

    Parameters
    ----------
    loudness : float
        Velocity of a plain note.
    contrast : float
        Factor on the accents.
    articulation : float or None
        Factor on the length; None leaves it.
    """
    velocity = round(loudness + (note.velocity - NEUTRAL_VELOCITY) * contrast)
    duration = note.duration
    if articulation is not None:
        duration = max(duration * articulation, _SHORTEST)
    return replace(note, velocity=min(max(velocity, _SOFTEST), _LOUDEST), duration=duration)
