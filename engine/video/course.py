"""The course of a film's mood, known as a whole: what music written for it should follow."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.video.mood import Calibration, proxy
from engine.video.semantic import SHARE, Meaning
from engine.video.state import ANALYSIS_FPS, VideoState

__all__ = ["SHORTEST_S", "Course", "Moment", "course_of"]

SHORTEST_S = 1.0
"""Shortest film that music can be written for [s]."""

_WINDOW_S = 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Mood and movement at one time: valence, arousal in [-1, 1]; motion in [0, 1]."""

    valence: float
    arousal: float
    motion: float


@dataclass(frozen=True, slots=True)
class Course:
    """Mood and movement of a film.

    Attributes
    ----------
    cuts_s : tuple of float
        Hard cuts [s].
    end_s : float
        Length of the film [s].
    values : ndarray
        Valence, arousal and motion of each analysis frame before any smoothing, float64,
        shape (n, 3), ten a second from 0 s.
    meanings : tuple of Meaning
        What CLIP read, about once a second; empty without it. Already part of ``values``.
    override : tuple of (float, float, float)
        Points (time in s, valence, arousal), ascending, that replace the film's own mood,
        linear in between; empty if it is followed.
    """

    cuts_s: tuple[float, ...]
    end_s: float
    values: NDArray[np.float64]
    meanings: tuple[Meaning, ...] = ()
    override: tuple[tuple[float, float, float], ...] = ()

    def at(self, time_s: float, from_s: float, to_s: float) -> Moment:
        """Return the moment, averaged over the second around it but not across a section's ends.

        Parameters
        ----------
        time_s : float
            Time in the film [s].
        from_s, to_s : float
            The section it lies in [s]: what is seen beyond a cut does not count.
        """
        valence, arousal, motion = self.mean(
            max(from_s, time_s - _WINDOW_S / 2), min(to_s, time_s + _WINDOW_S / 2)
        )
        if self.override:
            times, valences, arousals = zip(*self.override, strict=True)
            valence = float(np.interp(time_s, times, valences))
            arousal = float(np.interp(time_s, times, arousals))
        return Moment(valence, arousal, motion)

    def mean(self, from_s: float, to_s: float) -> tuple[float, float, float]:
        """Return mean valence, arousal and motion of what is seen between two times."""
        count = len(self.values)
        first = min(max(0, round(from_s * ANALYSIS_FPS)), count - 1)
        last = min(max(first + 1, round(to_s * ANALYSIS_FPS)), count)
        valence, arousal, motion = self.values[first:last].mean(0)
        return float(valence), float(arousal), float(motion)

    def embedding(self, time_s: float) -> tuple[float, ...]:
        """Return the embedding of what is seen at a time [s]; empty without CLIP."""
        meaning = _latest(self.meanings, time_s)
        return () if meaning is None else meaning.embedding

    def mood(self) -> tuple[float, float]:
        """Return mean valence and arousal of what is to be played over the whole film."""
        if self.override:
            times, valences, arousals = zip(*self.override, strict=True)
            grid = np.linspace(0.0, self.end_s, 200)
            return (
                float(np.interp(grid, times, valences).mean()),
                float(np.interp(grid, times, arousals).mean()),
            )
        valence, arousal, _ = self.values.mean(0)
        return float(valence), float(arousal)


def course_of(
    states: Sequence[VideoState],
    end_s: float,
    calibration: Calibration | None = None,
    meanings: Sequence[Meaning] = (),
) -> Course:
    """Return the course of a film from its states.

    Raises
    ------
    InputError
        The film is shorter than one second.
    """
    if not end_s >= SHORTEST_S:
        raise InputError(f"film of {end_s:.2f} s: music needs at least {SHORTEST_S:g} s")
    neutral = calibration or Calibration()
    values = [
        (
            *proxy(
                neutral,
                brightness=state.brightness,
                saturation=state.saturation,
                warmth=state.warmth,
                motion=state.motion,
                cut_rate=state.cut_rate,
            ),
            state.motion,
        )
        for state in states
    ]
    cuts = tuple(state.cut_s for state in states if state.cut_s is not None)
    table = np.array(values, np.float64)
    for row, state in zip(table, states, strict=True):
        meaning = _latest(meanings, state.time_s)
        if meaning is not None:
            row[:2] += SHARE * (np.array((meaning.valence, meaning.arousal)) - row[:2])
    return Course(cuts, end_s, table, tuple(meanings))


def _latest(meanings: Sequence[Meaning], time_s: float) -> Meaning | None:
    """Return the last reading not after a time [s], or None."""
    after = bisect_right(meanings, time_s, key=lambda meaning: meaning.time_s)
    return meanings[after - 1] if after else None
