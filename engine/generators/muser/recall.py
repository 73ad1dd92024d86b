"""Figures that come back: the notes of an earlier bar are favoured where its material returns."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.tokens import Token
from engine.generators.muser.vocabulary import END_TICK, PITCHES

__all__ = ["Recall"]

_ONSET, _PITCH = 0, 1
_FAVOUR: Final = (6.0, 8.0, 4.0, 3.0)
"""What full recurrence adds to onset, pitch, length and velocity of the note recalled [nats]."""


class Recall:
    """Follows the notes of an earlier beat while a new one is written.

    Only what the model finds likely anyway comes back: a favour is no command.

    Parameters
    ----------
    notes : sequence of Token
        Of the earlier beat, sorted; none recalls nothing.
    shift : int
        Semitones by which the harmony has moved since.
    recurrence : float
        0 (nothing comes back) .. 1.
    """

    def __init__(self, notes: Sequence[Token], shift: int, recurrence: float) -> None:
        self._recurrence = recurrence if notes else 0.0
        last = len(PITCHES) - 1
        self._waiting = [
            Token(note.onset, min(max(note.pitch + shift, 0), last), note.duration, note.velocity)
            for note in notes
        ]

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
