"""The last minutes of tracked and target emotion, for the curves."""

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.mapping.sections import TurnWatch
from engine.snapshot import Snapshot

__all__ = ["COLUMNS", "History"]

COLUMNS: Final = (
    "time_s",
    "valence",
    "arousal",
    "valence_std",
    "arousal_std",
    "target_valence",
    "target_arousal",
)
_CAPACITY: Final = 30 * 150
_MOST_EVENTS: Final = 100


class History:
    """Rows of `COLUMNS`, one per snapshot shown; tracked values are NaN in silence.

    Preferences is fixed: twice the capacity, so that any window is one contiguous view.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._rows = np.full((2 * capacity, len(COLUMNS)), np.nan)
        self._end = 0
        self._turns = TurnWatch()
        self.events: deque[tuple[float, str]] = deque(maxlen=_MOST_EVENTS)
        """Turning points: time [s] and ``section``, ``build``, ``drop`` or ``silence``."""

    def clear(self) -> None:
        """Remove all rows."""
        self._end = 0
        self._turns = TurnWatch()
        self.events.clear()

    def add(self, look: Snapshot) -> None:
        """Append what a snapshot shows; time going backwards means a new start."""
        if self._end and look.time_s < self._rows[self._end - 1, 0]:
            self.clear()
        if self._end == len(self._rows):
            self._rows[: self._capacity] = self._rows[self._capacity :]
            self._end = self._capacity
        emotion = look.emotion
        heard = (np.nan,) * 4
        if emotion is not None and emotion.state != "silence":
            heard = (emotion.valence, emotion.arousal, emotion.valence_std, emotion.arousal_std)
        silent = emotion is None or emotion.state == "silence"
        for kind in self._turns.update(look.section, look.build, look.drop, silent):
            self.events.append((look.time_s, kind))
        self._rows[self._end] = (look.time_s, *heard, look.target_valence, look.target_arousal)
        self._end += 1

    def last(self, seconds: float) -> NDArray[np.float64]:
        """Return the rows of the last ``seconds``, shape (n, 7), oldest first; a view."""
        begin = max(0, self._end - self._capacity)
        rows = self._rows[begin : self._end]
        if not len(rows):
            return rows
        first = int(np.searchsorted(rows[:, 0], rows[-1, 0] - seconds))
        return rows[first:]
