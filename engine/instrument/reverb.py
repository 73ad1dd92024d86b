"""A room: eight delay lines that feed each other.

References
----------
Jot & Chaigne (1991), Digital delay networks for designing artificial reverberators, AES 90.
"""

from typing import Final

import numpy as np

from engine.audio.ring import FloatArray

__all__ = ["Reverb"]

_DELAYS_S: Final = (0.0297, 0.0341, 0.0377, 0.0411, 0.0453, 0.0491, 0.0537, 0.0593)
_DECAY_S: Final = 1.7
_DAMPING: Final = 0.3  # of the highest tones, each time round
_LEVEL: Final = 0.2


class Reverb:
    """Takes mono blocks, returns stereo ones.

    Parameters
    ----------
    sample_rate : int
        [Hz]
    """

    def __init__(self, sample_rate: int) -> None:
        lengths = np.round(np.array(_DELAYS_S) * sample_rate).astype(np.int64)
        self.longest_block = int(lengths.min())
        """More than this at once is refused [samples]."""
        signs = np.array([[1.0]])
        for _ in range(3):  # Hadamard's matrix keeps the energy
            signs = np.block([[signs, signs], [signs, -signs]])
        self._mix = (signs / np.sqrt(8.0)).astype(np.float32)
        gains = 10.0 ** (-3.0 * lengths / sample_rate / _DECAY_S)
        self._mix *= gains[None, :].astype(np.float32)
        self._lengths = lengths[:, None]
        self._rows = np.arange(8)[:, None]
        self._size = int(lengths.max()) + self.longest_block
        self._lines = np.zeros((8, self._size), np.float32)
        self._last = np.zeros((8, 1), np.float32)
        self._at = 0
        self._out = np.array([[1, 0] * 4, [0, 1] * 4], np.float32) * np.float32(_LEVEL)
        self._loud_blocks = 0

    def clear(self) -> None:
        """Fall silent."""
        self._lines[:] = 0.0
        self._last[:] = 0.0

    def process(self, block: FloatArray) -> FloatArray | None:
        """Return what the room adds to a block, shape (2, n); None while it is silent."""
        n = len(block)
        if block.any():
            self._loud_blocks = int(2.0 * _DECAY_S / _DELAYS_S[0])
        if not self._loud_blocks:
            return None
        self._loud_blocks -= 1
        places = np.arange(self._at, self._at + n)
        heard = self._lines[self._rows, (places - self._lengths) % self._size]
        before = np.concatenate([self._last, heard[:, :-1]], axis=1)
        self._last = heard[:, -1:]
        damped = heard + np.float32(_DAMPING) * (before - heard)
        self._lines[:, places % self._size] = self._mix @ damped + block
        self._at = (self._at + n) % self._size
        room: FloatArray = self._out @ heard
        return room
