"""What a performer plays: their chord, from the notes of a keyboard, and what goes with it.

Each pitch class keeps a weight that fades; the chord whose notes cover most of it, with least
left outside, is heard. What is too thin or too mixed to be a chord is none: a tune alone mostly is.
The weights still say which chords, keys and notes agree with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.events import NoteEvent
from engine.music.chords import QUALITIES, Chord
from engine.music.keys import Key

__all__ = ["Hearing", "hear"]

_FADE: Final = (1.0, 0.6, 0.25, 0.08)
"""Share of a weight that is left after a beat with so many other pitch classes: a whole new
chord replaces the old one, single notes add to it."""
_MEMORY_BEATS: Final = 4
"""A chord counts for so long after the last note [beats]."""
_BASS_WEIGHT: Final = 0.35
"""Extra share of the lowest note, which mostly is the root."""
_LEAST_COVER: Final = 0.8
"""Share of the weight that must lie within the chord."""
_HEARD: Final = ("maj", "min", "7", "min7", "maj7", "sus4", "dim", "hdim7", "dim7", "aug", "sus2")
"""Qualities told apart, the likelier first; sixths have the notes of sevenths on another root."""
_DOUBT: Final = 0.012
"""Cost per place down that list."""
_MISSING: Final = 0.12
"""Cost of each chord note that is hardly heard."""
_FAINT: Final = 0.04
"""Share of the weight below which a note is hardly heard."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What has been heard.

    Attributes
    ----------
    weights : tuple of float
        Of the pitch classes from C up.
    bass : int
        Lowest pitch of the last notes, 0 if none.
    chord : Chord or None
        What they make.
    beat : int
        Beat of the last notes.
    """

    weights: tuple[float, ...] = (0.0,) * 12
    bass: int = 0
    chord: Chord | None = None
    beat: int = -1

    @property
    def silent(self) -> bool:
        """Whether nothing was heard of late."""
        return not any(self.weights)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of each pitch class in what was heard, shape (12,); zeros if nothing was."""
        weights = np.array(self.weights)
        found: NDArray[np.float64] = weights / max(weights.sum(), 1e-9)
        return found

    @property
    def rubs(self) -> NDArray[np.float64]:
        """How much a note of each pitch class rubs with what was heard, shape (12,), 0..1."""
        shares = self.shares
        return np.roll(shares, 1) + np.roll(shares, -1)

    def agreement(self, chords: Sequence[Chord | None]) -> NDArray[np.float64]:
        """Return how well chords go with what was heard, shape (n_chords,), in [-1, 1].

        The share of what was heard that is in the chord, less the share that rubs with it.
        """
        shares = self.shares
        table = np.zeros((len(chords), 12))
        for row, chord in zip(table, chords, strict=True):
            row[list(chord.pitch_classes if chord else ())] = 1.0
        beside = np.maximum(np.roll(table, 1, axis=1), np.roll(table, -1, axis=1)) * (1.0 - table)
        agreed: NDArray[np.float64] = (table - beside) @ shares
        return agreed

    def settled(self, wanted: Key, given: Key) -> Key:
        """Return the key to play in: the one given, unless only the one wanted holds the notes."""
        if self.silent:
            return wanted
        shares = self.shares
        outside = [1.0 - shares[list(key.pitch_classes)].sum() for key in (given, wanted)]
        return wanted if outside[1] < outside[0] - _FAINT else given


def hear(hearing: Hearing, notes: Sequence[NoteEvent], beat: int) -> Hearing:
    """Take in the notes played up to a beat."""
    if not notes:
        if beat - hearing.beat > _MEMORY_BEATS:
            return Hearing()
        return hearing
    new = len({note.pitch % 12 for note in notes})
    fade = _FADE[min(new, len(_FADE) - 1)]
    weights = [weight * fade for weight in hearing.weights]
    for note in notes:
        # Long notes count more, but even a short one was meant.
        weights[note.pitch % 12] += 0.3 + min(note.duration, 2.0)
    bass = min(note.pitch for note in notes)
    heard = replace(hearing, weights=tuple(weights), bass=bass, beat=beat)
    return replace(heard, chord=_best(heard))


@lru_cache(maxsize=1)
def _candidates() -> tuple[tuple[Chord, float], ...]:
    return tuple(
        (Chord(root, quality), _DOUBT * place)
        for place, quality in enumerate(_HEARD)
        for root in range(12)
    )


def _best(hearing: Hearing) -> Chord | None:
    """Return the chord that fits, or None."""
    total = sum(hearing.weights)
    shares = [weight / total for weight in hearing.weights]
    best, best_score = None, 0.0
    for chord, doubt in _candidates():
        members = chord.pitch_classes
        cover = sum(shares[member] for member in members)
        present = [member for member in members if shares[member] >= _FAINT]
        third = (chord.root + QUALITIES[chord.quality][1]) % 12
        if cover < _LEAST_COVER or len(present) < 2 or third not in present:
            continue
        score = cover - _MISSING * (len(members) - len(present)) - doubt
        score += _BASS_WEIGHT * (hearing.bass % 12 == chord.root)
        if len(present) < 3:
            score -= 2 * _MISSING
        if score > best_score:
            best, best_score = chord, score
    return best
