"""What may come next in a beat: masks that leave no illegal event to be drawn.

Notes of a beat ascend by onset, then by pitch. Nothing lies outside the piano, nor is struck faster
than fingers, or held in greater number; in a locked scale nothing lies outside it, and where the
performer's chord is known, the bass and the beat itself agree with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.tokens import Token
from engine.generators.muser.vocabulary import (
    DURATIONS,
    END_TICK,
    PITCHES,
)
from engine.music.rhythm import TICKS

__all__ = ["MOST_EVENTS", "Grammar", "PitchRules", "event_limit"]

MOST_EVENTS: Final = 24
"""Notes a beat may have at most, however slow it is."""

_NOTES_PER_S: Final = 24.0
_SHORTEST_S: Final = 0.05
_LONGEST_S: Final = 10.0
_NEAREST_S: Final = 0.04
"""Two onsets are together or at least so far apart [s]."""
_MOST_TOGETHER: Final = 8
_MOST_SOUNDING: Final = 12
_LOWEST, _HIGHEST = 21, 108
_BASS_BELOW: Final = 52
"""Below this pitch a note is heard as the chord's foundation."""

Mask = NDArray[np.bool_]


def event_limit(beat_s: float) -> int:
    """Return how many notes a beat of so many seconds may have, 4..`MOST_EVENTS`."""
    return min(max(round(_NOTES_PER_S * beat_s), 4), MOST_EVENTS)


@dataclass(frozen=True, slots=True)
class PitchRules:
    """Which pitch classes a beat may use.

    Attributes
    ----------
    allowed : frozenset of int
        Pitch classes that may sound at all.
    usual : frozenset of int
        Those that need no courage.
    chord : frozenset of int
        Notes of the performer's chord, which the bass and the beat itself keep to; empty if
        nobody plays one.
    foreign : frozenset of int
        Those by which the other mode would be known.
    own, firm : frozenset of int
        Notes of the beat's chord, which chords prefer, and its root and fifth, which the bass
        prefers; empty without a chord.
    """

    allowed: frozenset[int]
    usual: frozenset[int]
    chord: frozenset[int] = frozenset()
    foreign: frozenset[int] = frozenset()
    own: frozenset[int] = frozenset()
    firm: frozenset[int] = frozenset()


@dataclass(slots=True)
class Grammar:
    """Masks for one beat, fed with the notes as they are decided.

    Parameters
    ----------
    beat : int
        Its number [quarter notes].
    beat_s : float
        Its length [s].
    shift : int
        Semitones that pitches of the table are moved up by.
    rules : PitchRules
        Absolute pitch classes.
    sounding : sequence of float
        Where the notes of earlier beats end [beats].
    silence : bool
        Whether the beat may stay empty.
    struck : bool
        Whether its first note falls on the beat itself.
    rubs : sequence of float
        How much each pitch class rubs with what somebody plays (`engine.music.listen.Hearing`).
    """

    beat: int
    beat_s: float
    shift: int
    rules: PitchRules
    sounding: Sequence[float] = ()
    silence: bool = True
    struck: bool = False
    rubs: Sequence[float] = (0.0,) * 12
    notes: list[Token] = field(default_factory=list)

    def onsets(self) -> Mask:
        """Return which onsets may follow, shape (13,); the last one ends the beat."""
        mask = np.zeros(END_TICK + 1, np.bool_)
        mask[END_TICK] = bool(self.notes) or (self.silence and not self.struck)
        if len(self.notes) >= event_limit(self.beat_s):
            mask[END_TICK] = True
            return mask
        nearest = max(1, int(np.ceil(_NEAREST_S * TICKS / self.beat_s)))
        last = self.notes[-1].onset if self.notes else -nearest
        ticks = range(1) if self.struck and not self.notes else range(last + nearest, TICKS)
        for tick in ticks:
            mask[tick] = self._sounding_at(tick) < _MOST_SOUNDING
        if self.notes:
            together = sum(note.onset == last for note in self.notes)
            free = together < _MOST_TOGETHER and self._sounding_at(last) < _MOST_SOUNDING
            mask[last] = free and bool(self.pitches(last).any())
        if not mask.any():  # all that may sound sounds already
            mask[END_TICK] = True
        return mask

    def pitches(self, onset: int) -> Mask:
        """Return which pitches of the table may sound at an onset, shape (n_pitches,)."""
        absolute = np.array(PITCHES) + self.shift
        mask = (absolute >= _LOWEST) & (absolute <= _HIGHEST)
        mask &= _members(absolute, self.rules.allowed)
        if self.rules.chord:
            bound = (absolute < _BASS_BELOW) | (onset == 0)
            mask &= ~bound | _members(absolute, self.rules.chord)
        here = [note.pitch for note in self.notes if note.onset == onset]
        if here:
            mask[: max(here) + 1] = False
        return mask

    def unusual(self) -> Mask:
        """Return which pitches of the table need courage, shape (n_pitches,)."""
        return ~_members(np.array(PITCHES) + self.shift, self.rules.usual)

    def foreign(self) -> Mask:
        """Return which pitches of the table belong to the other mode, shape (n_pitches,)."""
        return _members(np.array(PITCHES) + self.shift, self.rules.foreign)

    def rubbing(self) -> NDArray[np.float32]:
        """Return how much each pitch rubs with what somebody plays, float32, (n_pitches,)."""
        classes = (np.array(PITCHES) + self.shift) % 12
        costs: NDArray[np.float32] = np.array(self.rubs, np.float32)[classes]
        return costs

    def beside_chord(self) -> NDArray[np.float32]:
        """Return 1 for each pitch that is not of the beat's chord, float32, (n_pitches,).

        In the bass only its root and fifth are. 2 where a performer plays the chord.
        """
        absolute = np.array(PITCHES) + self.shift
        own = self.rules.own or frozenset(range(12))
        firm = self.rules.firm or own
        inside = np.where(absolute < _BASS_BELOW, _members(absolute, firm), _members(absolute, own))
        return np.where(inside, 0.0, 2.0 if self.rules.chord or any(self.rubs) else 1.0).astype(
            np.float32
        )

    def durations(self) -> Mask:
        """Return which lengths are neither too short nor too long, shape (n_durations,)."""
        seconds = np.array(DURATIONS) * self.beat_s / TICKS
        mask = (seconds >= _SHORTEST_S) & (seconds <= _LONGEST_S)
        return mask if mask.any() else seconds == seconds.max()

    def _sounding_at(self, tick: int) -> int:
        at = self.beat + tick / TICKS
        own = sum(note.onset * 1.0 + DURATIONS[note.duration] > tick for note in self.notes)
        return own + sum(end > at + 1e-6 for end in self.sounding)


def _members(absolute: NDArray[np.int64], classes: frozenset[int]) -> Mask:
    table = np.zeros(12, np.bool_)
    table[list(classes)] = True
    found: Mask = table[absolute % 12]
    return found
