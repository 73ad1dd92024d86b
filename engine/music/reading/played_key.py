"""Which of two keys on one tonic the notes are in: what a key signature has to say."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from engine.events import NoteEvent
from engine.music.keys import Key, parse_key
from engine.music.profile import key_correlations

__all__ = ["mode_played", "played_keys"]

_BARS: Final = 4
"""The mode is judged by so many bars at a time."""
_STAY: Final = 0.2
"""Correlation that another mode must gain over its bars to be written down."""


def mode_played(histogram: Sequence[float] | np.ndarray, key: Key) -> float:
    """Return how much better a key fits pitch classes than the key of the other mode on its tonic.

    Parameters
    ----------
    histogram : array of 12 floats
        Weight of each pitch class, from C up.
    key : Key
        The one that is asked about.
    """
    fits = key_correlations(np.asarray(histogram, np.float64))
    major, minor = float(fits[key.tonic]), float(fits[12 + key.tonic])
    return major - minor if key.mode == "maj" else minor - major


def played_keys(
    notes: Iterable[NoteEvent], asked: Sequence[tuple[float, str]], bar: float
) -> list[tuple[float, str]]:
    """Return the keys of a piece by position, their modes as they are played.

    Parameters
    ----------
    notes : iterable of NoteEvent
        Drums do not count.
    asked : sequence of (float, str)
        Positions [quarter notes], ascending, and the keys that were asked for from there on.
    bar : float
        Length of the bars [quarter notes].
    """
    pitched = [note for note in notes if note.role != "drums"]
    end = max((note.onset for note in pitched), default=0.0) + 1e-6
    width = _BARS * bar
    found: list[tuple[float, str]] = []
    for index, (start, name) in enumerate(asked):
        stop = asked[index + 1][0] if index + 1 < len(asked) else max(end, start)
        if index + 1 < len(asked) and stop <= start:
            continue
        key = parse_key(name)
        blocks = np.zeros((max(int(np.ceil((stop - start) / width)), 1), 12))
        for note in pitched:
            if start <= note.onset < stop:
                block = min(int((note.onset - start) / width), len(blocks) - 1)
                blocks[block, note.pitch % 12] += min(note.duration, 2.0 * bar)
        # The modes over the blocks: the best course, to change the mode costs something.
        gains = [mode_played(block, key) for block in blocks]
        for block, other in enumerate(_course(gains)):
            written = str(key.parallel if other else key)
            if not found or found[-1][1] != written:
                found.append((start + block * width, written))
    return found


def _course(gains: Sequence[float]) -> list[bool]:
    """Return for each block whether the other mode is played."""
    best = np.array([0.0, -_STAY])
    back = []
    for gain in gains:
        stay = best >= best[::-1] - _STAY
        back.append(np.where(stay, [0, 1], [1, 0]))
        best = np.maximum(best, best[::-1] - _STAY) + np.array([gain, -gain]) / 2.0
    state = int(best.argmax())
    course = []
    for came in reversed(back):
        course.append(bool(state))
        state = int(came[state])
    return course[::-1]
