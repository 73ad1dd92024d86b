"""The tune goes by step, what is below it keeps to the chord: what else costs while writing."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.tokens import Token
from engine.generators.muser.vocabulary import PITCHES

__all__ = ["Line"]

_BELOW: Final = 4
"""Notes further below the tune belong to the accompaniment [semitones]."""
_STEP: Final = 2
_LEAP: Final = 0.9
_COST: Final = 0.45
"""What a leap costs, and each semitone of it beyond a third [nats]."""
_MOST: Final = 3.5
_BESIDE: Final = 2.0
"""What a note beside the chord costs in the accompaniment [nats]."""
_FAVOUR: Final = 1.2
"""What every note near the tune gains: else there would be cheaper ones below [nats]."""
_AGAIN: Final = 0.4
"""What the same note again costs [nats]."""


class Line:
    """Follows the highest notes while the notes of a beat are decided.

    Parameters
    ----------
    tune : float or None
        Pitch of the tune's last note, counted as `PITCHES` is; None if there is no tune.
    beside : float32 array, shape (n_pitches,)
        How much each pitch is beside the chord, from 0.
    weight : float
        0 (nothing costs) .. 1.
    again : float
        What the same note again costs on top [nats].
    """

    def __init__(
        self, tune: float | None, beside: NDArray[np.float32], weight: float, again: float = 0.0
    ) -> None:
        self._tune = tune
        self._weight = weight
        self._again = _AGAIN + again
        self._beside = np.float32(_BESIDE * weight) * beside
        self._top: Token | None = None

    def cost(self, onset: int) -> NDArray[np.float32]:
        """Return what each pitch of the table costs as the next note, float32, shape (n,)."""
        if self._top is not None and self._top.onset != onset:
            self._settle()
        if self._tune is None:
            return self._beside
        away = np.array(PITCHES, np.float32) - np.float32(self._tune)
        far = np.abs(away) - _STEP
        leap = np.where(far > 0.5, np.minimum(_LEAP + _COST * (far - 1.0), _MOST), 0.0)
        leap[np.abs(away) < 0.5] = self._again
        leap = self._weight * (leap - _FAVOUR)
        return np.where(away < -_BELOW, self._beside, leap).astype(np.float32)

    def wrote(self, note: Token) -> None:
        """Take in a note that was written; onsets ascend, and pitches at an onset."""
        if self._top is not None and self._top.onset != note.onset:
            self._settle()
        self._top = note

    def _settle(self) -> None:
        assert self._top is not None
        pitch = PITCHES[self._top.pitch]
        if self._tune is None or pitch >= self._tune - _BELOW - 5:
            self._tune = float(pitch)
        self._top = None
