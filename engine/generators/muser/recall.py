"""Figures that come back: the notes of an earlier bar are favoured where its material returns."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.model import CodeTable
from engine.generators.muser.state import Codes
from engine.generators.muser.tokens import Token
from engine.generators.muser.tonality import chord_of_code
from engine.generators.muser.vocabulary import ELEMENTS, END_TICK, PITCHES
from engine.music.chords import Chord
from engine.music.keys import Key

__all__ = ["Recall", "moved_pitches", "recall_of"]

_ONSET, _PITCH = 0, 1
_OTHER_MODE: Final = {"maj": {3: 4, 8: 9}, "min": {4: 3, 9: 8}}
"""Mode of the key → third and sixth of the other mode and those that stand for them."""
_FAVOUR: Final = (6.0, 8.0, 4.0, 3.0)
"""What full recurrence adds to onset, pitch, length and velocity of the note recalled [nats]."""


def moved_pitches(then: Chord | None, now: Chord | None, key: Key) -> dict[int, int]:
    """Return how far each pitch class above the tonic moves when one chord follows another.

    Notes move by steps of the scale, those beside it with the note below; down where that is
    nearer. Third and sixth of the other mode become those of the key.
    """
    scale = [(tone - key.tonic) % 12 for tone in key.pitch_classes]
    below = [max(place for place, tone in enumerate(scale) if tone <= one) for one in range(12)]
    steps = 0
    if then is not None and now is not None:
        steps = below[(now.root - key.tonic) % 12] - below[(then.root - key.tonic) % 12]
        steps = (steps + len(scale) // 2) % len(scale) - len(scale) // 2
    moved = {}
    for one, place in enumerate(below):
        octaves, to = divmod(place + steps, len(scale))
        moved[one] = scale[to] + 12 * octaves - scale[place]
    for one, own in _OTHER_MODE[key.mode].items():
        moved[one] = moved[own] + own - one
    return moved


def _moved(pitch: int, moved: Mapping[int, int]) -> int:
    return min(max(pitch + moved.get(PITCHES[pitch] % 12, 0), 0), len(PITCHES) - 1)


class Recall:
    """Follows the notes of an earlier beat while a new one is written.

    Only what the model finds likely anyway comes back: a favour is no command.

    Parameters
    ----------
    notes : sequence of Token
        Of the earlier beat, sorted; none recalls nothing.
    moved : mapping of int to int
        Pitch class above the tonic → semitones by which it has moved since (`moved_pitches`).
    recurrence : float
        0 (nothing comes back) .. 1, beyond for literal returns.
    """

    def __init__(self, notes: Sequence[Token], moved: Mapping[int, int], recurrence: float) -> None:
        self._recurrence = recurrence if notes else 0.0
        self._waiting = sorted(
            Token(note.onset, _moved(note.pitch, moved), note.duration, note.velocity)
            for note in notes
        )

    def favoured(
        self, logits: NDArray[np.float32], event: NDArray[np.int64], field: int
    ) -> NDArray[np.float32]:
        """Return the logits of a field with the note recalled made likelier.

        Parameters
        ----------
        logits : float32 array
        event : int64 array, shape (4,)
            Fields before `field` are decided.
        field : int
        """
        if not self._recurrence:
            return logits
        place = END_TICK
        if self._waiting:
            note = self._waiting[0]
            row = (note.onset, note.pitch, note.duration, note.velocity)
            if any(event[known] != row[known] for known in range(min(field, _PITCH + 1))):
                return logits
            place = row[field]
        elif field != _ONSET:
            return logits
        logits = logits.copy()
        logits[place] += np.float32(_FAVOUR[field] * self._recurrence)
        return logits

    def wrote(self, note: Token) -> None:
        """Go on behind a note that was written."""
        self._waiting = [
            other
            for other in self._waiting
            if (other.onset, other.pitch) > (note.onset, note.pitch)
        ]


def recall_of(
    recalled: tuple[Codes, Sequence[Token]] | None,
    table: CodeTable,
    chord: Chord | None,
    key: Key,
    recurrence: float,
) -> Recall:
    """Return what may come back: codes and notes of a beat, moved as the harmony has.

    ``table`` is that of the chord's codes.
    """
    if recalled is None:
        return Recall((), {}, 0.0)
    codes, notes = recalled
    then = chord_of_code(table, codes[ELEMENTS.index("chord")], key.tonic)
    return Recall(notes, moved_pitches(then, chord, key), recurrence)
