"""What MusER's decoder remembers of the beats before: keys and values of its attention."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

__all__ = ["DecoderState"]

_ROOM: Final = 32
"""Events of the memory that are left free for a beat; a denser one leaves out its rest."""


@dataclass(frozen=True, eq=False)
class DecoderState:
    """What the decoder remembers. States between beats share what they have in common.

    Attributes
    ----------
    recurrent : float32 array, shape (1, 1, H)
    past : tuple of float32 arrays, shape (blocks, 2, heads, n_events, size)
        Keys and values of the beats before; never written to.
    memory : float32 array, shape (blocks, 2, heads, M, size), or None
        The last events in order, while a beat is open.
    known, count : int
        Events in ``memory`` when the beat was opened, and now.
    """

    recurrent: np.ndarray
    past: tuple[np.ndarray, ...] = ()
    memory: np.ndarray | None = None
    known: int = 0
    count: int = 0

    def opened(self, shape: tuple[int, ...]) -> "DecoderState":
        """Return the state as a beat begins; the last part of the memory is left free for it."""
        memory, place = np.zeros(shape, np.float32), 0
        if self.past:
            before = np.concatenate(self.past, axis=-2)[..., -(shape[-2] - _ROOM) :, :]
            place = before.shape[-2]
            memory[..., :place, :] = before
        return replace(self, memory=memory, known=place, count=place)

    def closed(self) -> "DecoderState":
        """Return the state as a beat ends."""
        if self.memory is None:
            return self
        past = (*self.past, self.memory[..., self.known : self.count, :].copy())
        spare = sum(beat.shape[-2] for beat in past) - self.memory.shape[-2]
        while spare >= past[0].shape[-2]:
            spare, past = spare - past[0].shape[-2], past[1:]
        return DecoderState(self.recurrent, past)
