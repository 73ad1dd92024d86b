"""The immediate lane: loudness and length of a note follow the target after it was written.

`neutral` takes off a note what the emotion it was written for gave it, `shape` puts on what the
emotion of the moment gives; with the same emotion nothing changes. How much that is, is read off
rated piano music (`engine.transfer.levels`).
"""

from dataclasses import replace
from math import exp
from typing import Final

from engine.events import NoteEvent
from engine.music.loudness import carry_velocity
from engine.transfer.levels import Levels, wanted_levels

__all__ = ["REACH", "neutral", "shape", "typical_levels"]

REACH: Final = 0.75
"""How far a full target goes on the scale of `wanted_levels`, where 0.6 is typical of a quadrant:
the model's own full targets are the most extreme music there is."""
_NEUTRAL_VELOCITY: Final = 64.0
_LENGTH_SHARE: Final = 0.6
"""Part of the difference in note length that is articulation; the rest is slower music."""
_SHORTEST: Final = 0.05
"""Shortest note [beats]."""


def typical_levels(valence: float, arousal: float) -> Levels:
    """Return the levels of played music at a target in [-1, 1]²."""
    return wanted_levels(REACH * valence, REACH * arousal)


def _articulation(valence: float, arousal: float) -> float:
    level = typical_levels(valence, arousal).log_length - typical_levels(0.0, 0.0).log_length
    return exp(_LENGTH_SHARE * level)


def neutral(note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
    """Return a note written for an emotion as it would be for none."""
    loudness = typical_levels(valence, arousal).velocity
    return replace(
        note,
        velocity=carry_velocity(note.velocity, loudness, _NEUTRAL_VELOCITY),
        duration=note.duration / _articulation(valence, arousal),
    )


def shape(note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
    """Return a neutral note with loudness and articulation for this target."""
    valence = min(max(valence, -1.0), 1.0)
    arousal = min(max(arousal, -1.0), 1.0)
    loudness = typical_levels(valence, arousal).velocity
    return replace(
        note,
        velocity=carry_velocity(note.velocity, _NEUTRAL_VELOCITY, loudness),
        duration=max(note.duration * _articulation(valence, arousal), _SHORTEST),
    )
