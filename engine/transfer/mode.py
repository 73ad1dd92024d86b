"""The element pitch: scale degrees move between major and minor in the key that is found."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.music.keys import Key
from engine.music.profile import key_correlations
from engine.transfer.notes import Chroma, Sounded

__all__ = ["Degrees", "KeySpan", "degrees", "find_keys", "remap"]

_BLOCK_S: Final = 4.0
_REACH_S: Final = 8.0
"""The key is found every block from what sounds this far around it [s]."""
_MOST_BLOCKS: Final = 10_000
"""Blocks are longer in a piece of more than half a day."""
_STAY: Final = 0.35
"""Correlation a new key must gain to be believed: keys change rarely."""

_ALTERED: Final = ((3, 4, 0.2), (8, 9, 0.45), (10, 11, 0.7))
"""Minor step, major step, and how far the mode must have moved for it to follow: the third
says most about the mode, the seventh least."""

_AROUND_S: Final = 0.3
_RING_S: Final = 3.0
"""What sounds within this of a note is its harmony; a note has died away after that [s]."""


@dataclass(frozen=True, slots=True)
class KeySpan:
    """The key that holds from ``start_s`` to the next span."""

    start_s: float
    key: Key


@dataclass(frozen=True, slots=True)
class Degrees:
    """Semitones by which each step above the tonic is moved, and the tonic."""

    tonic: int
    moves: tuple[int, ...]
    keeps_leading_tone: bool

    def pitch_of(self, pitch: int, sounding: NDArray[np.float64]) -> int:
        """Return the new pitch; `sounding` is the chroma around the note, shape (12,).

        Going to minor, the leading tone stays where the dominant sounds, as minor keys have it.
        """
        step = (pitch - self.tonic) % 12
        if step == 11 and self.keeps_leading_tone and self._is_dominant(sounding):
            return pitch
        moved = pitch + self.moves[step]
        return moved if 0 <= moved <= 127 else pitch

    def _is_dominant(self, sounding: NDArray[np.float64]) -> bool:
        above = np.roll(sounding, -self.tonic)
        return bool(above[7] + above[2] > above[0] + above[4] + above[3])


def find_keys(notes: Sequence[Sounded]) -> list[KeySpan]:
    """Return the keys of a piece in order: the best course through local correlations."""
    pitched = [note for note in notes if not note.drums]
    begin = min(note.onset_s for note in pitched)
    end = max(note.end_s for note in pitched)
    block_s = max(_BLOCK_S, (end - begin) / _MOST_BLOCKS)
    starts = np.arange(begin, max(end, begin + 0.1), block_s)
    heard = Chroma(pitched)
    scores = np.array(
        [key_correlations(heard.between(at - _REACH_S, at + block_s + _REACH_S)) for at in starts]
    )
    total = scores[0].copy()
    back = []
    for row in scores[1:]:
        change = int(total.argmax())
        came = np.where(total >= total[change] - _STAY, np.arange(24), change)
        total = np.maximum(total, total[change] - _STAY) + row
        back.append(came)
    course = [int(total.argmax())]
    for came in reversed(back):
        course.append(int(came[course[-1]]))
    course.reverse()
    spans: list[KeySpan] = []
    for at, index in zip(starts, course, strict=True):
        key = Key(index % 12, "maj" if index < 12 else "min")
        if not spans or spans[-1].key != key:
            spans.append(KeySpan(float(at) if spans else float("-inf"), key))
    return spans


def degrees(key: Key, mode: float) -> Degrees:
    """Return how the steps of a key move when its mode goes to minor (-1) or major (+1)."""
    moves = [0] * 12
    for minor, major, least in _ALTERED:
        if key.mode == "maj" and mode <= -least:
            moves[major] = -1
        elif key.mode == "min" and mode >= least:
            moves[minor] = 1
    return Degrees(key.tonic, tuple(moves), key.mode == "maj")


def remap(notes: Sequence[Sounded], spans: Sequence[KeySpan], mode: float) -> list[Sounded]:
    """Return the notes with their mode moved; drums stay."""
    tables = [degrees(span.key, mode) for span in spans]
    starts = [span.start_s for span in spans]
    heard = Chroma([replace(note, length_s=min(note.length_s, _RING_S)) for note in notes])
    around: dict[float, NDArray[np.float64]] = {}  # onset -> chroma
    changed = []
    for note in notes:
        table = tables[bisect_right(starts, note.onset_s) - 1]
        if note.drums or not any(table.moves):
            changed.append(note)
            continue
        at_s = note.onset_s
        if at_s not in around:
            around[at_s] = heard.between(at_s - _AROUND_S, at_s + _AROUND_S)
        changed.append(replace(note, pitch=table.pitch_of(note.pitch, around[at_s])))
    return changed
