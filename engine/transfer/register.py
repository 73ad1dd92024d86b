"""The element register: bands of the texture move by octaves, so that harmony stays."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.transfer.notes import CHORD_S, Sounded

__all__ = ["Octaves", "choose_octaves", "move"]

_LOWEST, _HIGHEST = 21, 108
"""The piano."""
_BANDS: Final = (0.0, 0.15, 0.3, 0.45, 0.6)
"""Shares of the accompaniment that may form the low band."""
_OCTAVES: Final = (-12, 0, 12)
_STAY: Final = 0.04
"""Cost per semitone of moving everything by one: nothing moves for nothing."""
_MELODY_STAYS: Final = 2.0
"""How much dearer it is to move the melody."""


@dataclass(frozen=True, slots=True)
class Octaves:
    """Semitones (multiples of 12) by which each band moves.

    Attributes
    ----------
    split : int
        Accompanying notes below this pitch form the low band.
    low, middle, melody : int
        Moves of the low band, of the rest of the accompaniment, and of the melody.
    """

    split: int = 0
    low: int = 0
    middle: int = 0
    melody: int = 0

    def pitch_of(self, pitch: int, ceiling: int | None) -> int:
        """Return the new pitch; a move beyond the piano or up to the melody is not made.

        Parameters
        ----------
        ceiling : int or None
            The melody's note of the moment before its own move; None for a note of the melody.
        """
        if ceiling is None:
            move = self.melody
        else:
            move = self.low if pitch < self.split else self.middle
            if move > 0 and pitch + move >= ceiling + self.melody:
                return pitch
        return pitch + move if _LOWEST <= pitch + move <= _HIGHEST else pitch


def choose_octaves(
    melody: Sequence[int], accompaniment: Sequence[int], pitch: float, spread: float
) -> Octaves:
    """Return the moves that bring the pitches' mean and deviation nearest to what is wanted.

    Bands stay in order: no accompaniment is carried above the melody as a whole.
    """
    tune, rest = np.array(melody, np.float64), np.array(accompaniment, np.float64)
    total = tune.size + rest.size
    if total == 0:
        return Octaves()
    best, least = Octaves(), float("inf")
    for share in _BANDS if rest.size else _BANDS[:1]:
        split = int(np.quantile(rest, share)) if rest.size and share else 0
        lows = rest < split
        for low, middle, top in product(_OCTAVES if split else (0,), _OCTAVES, _OCTAVES):
            if low > middle or middle > top:
                if not _in_order(rest[lows] + low, rest[~lows] + middle, tune + top):
                    continue
            moved = np.concatenate([tune + top, rest[lows] + low, rest[~lows] + middle])
            if moved.min() < _LOWEST or moved.max() > _HIGHEST:
                continue
            effort = float(abs(low) * lows.sum()) + abs(middle) * int((~lows).sum())
            effort += _MELODY_STAYS * abs(top) * tune.size
            cost = abs(moved.mean() - pitch) + abs(moved.std() - spread) + _STAY * effort / total
            if cost < least - 1e-9:
                best, least = Octaves(split, low, middle, top), float(cost)
    return best


def _in_order(*bands: NDArray[np.float64]) -> bool:
    means = [float(band.mean()) for band in bands if band.size]
    return all(lower <= higher for lower, higher in zip(means, means[1:], strict=False))


def move(notes: Sequence[Sounded], melody: frozenset[int], octaves: Octaves) -> list[Sounded]:
    """Return the notes in their new octaves; drums stay."""
    tune = sorted((note.onset_s, note.pitch) for note in notes if note.number in melody)
    starts = [onset_s for onset_s, _ in tune]
    ringing: dict[tuple[int, int], float] = {}  # channel, pitch -> end [s]
    moved = []
    for note in sorted(notes, key=lambda note: note.onset_s):
        if note.drums:
            moved.append(note)
            continue
        ceiling = None
        if note.number not in melody:
            latest = bisect_right(starts, note.onset_s + CHORD_S) - 1
            ceiling = tune[max(latest, 0)][1]
        pitch = octaves.pitch_of(note.pitch, ceiling)
        # Where another note still rings, moving there would cut it off.
        taken = ringing.get((note.channel, pitch), 0.0) > note.onset_s
        pitch = note.pitch if taken and ceiling is not None else pitch
        ringing[note.channel, pitch] = note.end_s
        moved.append(replace(note, pitch=pitch))
    return moved
