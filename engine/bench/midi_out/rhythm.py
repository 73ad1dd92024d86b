"""The rhythm that all programs play, and how a receiver identifies its notes.

Note number n has a pitch and velocity of its own, so that a receiver knows which one it was.
"""

from typing import NamedTuple

__all__ = ["MOST_NOTES", "Rhythm", "name_of", "number_of"]

_PITCHES = 96
_LOWEST = 16
_VELOCITIES = 127
MOST_NOTES = _PITCHES * _VELOCITIES
"""More could not be told apart."""


class Rhythm(NamedTuple):
    """``notes`` notes, one every ``step_s``, from ``start_s`` on `time.perf_counter`.

    Each lasts half a step.
    """

    start_s: float
    step_s: float
    notes: int

    def on_s(self, number: int) -> float:
        """Return when a note begins [s]."""
        return self.start_s + number * self.step_s


def name_of(number: int) -> tuple[int, int]:
    """Return pitch and velocity of a note; neighbours differ in pitch."""
    return _LOWEST + number % _PITCHES, 1 + number // _PITCHES


def number_of(pitch: int, velocity: int) -> int:
    """Return which note it is."""
    return (velocity - 1) * _PITCHES + pitch - _LOWEST
