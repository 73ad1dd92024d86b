"""Memorisation: the longest run of notes that a clip shares with any training piece.

A piece is read as steps from note to note: interval [semitones], and, for the stricter of the two
figures, the gap in half octaves of the clip's median gap, so that neither key nor tempo hides a
copy.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from export_onnx.judges.notes import Notes

__all__ = ["SHORTEST", "longest_shared", "steps_of"]

SHORTEST: Final = 4
"""Runs below this many steps are not looked for: everything shares them."""

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_RHYTHM_STEPS: Final = 16


def steps_of(notes: Notes, *, rhythm: bool) -> np.ndarray:
    """Return the steps of a clip as whole numbers, uint64, shape (n - 1,)."""
    groups = notes.onset_groups()
    order = np.lexsort((notes.pitch, groups))
    steps = np.diff(notes.pitch[order]) + 128
    if rhythm:
        onsets = notes.onsets_s()
        gaps = np.diff(onsets)
        typical = float(np.median(gaps)) if gaps.size else 1.0
        classes = np.clip(np.round(2 * np.log2(gaps / typical)) + 8, 1, _RHYTHM_STEPS - 1)
        moved = np.diff(groups[order])
        gap_class = np.zeros(len(steps), np.int64)
        gap_class[moved > 0] = classes[groups[order][1:][moved > 0] - 1].astype(np.int64)
        steps = steps * _RHYTHM_STEPS + gap_class
    mixed = (steps.astype(np.uint64) + np.uint64(1)) * _MIX
    return mixed ^ (mixed >> np.uint64(31))


class _Runs:
    """Hashes of all runs of one length in a list of pieces, lengthened step by step."""

    def __init__(self, pieces: Sequence[np.ndarray], length: int) -> None:
        pieces = [piece if len(piece) else np.zeros(1, np.uint64) for piece in pieces]
        self.steps = np.concatenate(pieces)
        sizes = np.array([len(piece) for piece in pieces])
        self.piece = np.repeat(np.arange(len(pieces)), sizes)
        self._room = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(self.steps))
        self.start = np.arange(len(self.steps))
        self.hash = np.zeros(len(self.steps), np.uint64)
        self.length = 0
        for _ in range(length):
            self.lengthen()

    def lengthen(self) -> None:
        """Add one step to every run that has room for it; the others drop out."""
        self.keep(self._room[self.start] > self.length)
        self.hash = self.hash * _MULTIPLIER + self.steps[self.start + self.length]
        self.length += 1

    def keep(self, chosen: np.ndarray) -> None:
        """Go on with some of the runs only."""
        self.start, self.hash = self.start[chosen], self.hash[chosen]


def longest_shared(
    clips: Sequence[Notes], training: Sequence[Notes], *, rhythm: bool
) -> np.ndarray:
    """Return the longest run each clip shares with any training piece [steps], int64, (n,).

    Runs shorter than `SHORTEST` count as 0. Time grows with the longest run found.
    """
    mine = _Runs([steps_of(clip, rhythm=rhythm) for clip in clips], SHORTEST)
    theirs = _Runs([steps_of(piece, rhythm=rhythm) for piece in training], SHORTEST)
    longest = np.zeros(len(clips), np.int64)
    while mine.start.size and theirs.start.size:
        known = np.isin(mine.hash, theirs.hash)
        mine.keep(known)
        longest[np.unique(mine.piece[mine.start])] = mine.length
        # Only runs that begin like one of ours can go on to match it.
        theirs.keep(np.isin(theirs.hash, mine.hash))
        mine.lengthen()
        theirs.lengthen()
    return longest
