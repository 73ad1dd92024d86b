"""What is left out when the machine is overloaded, one thing after the other; never the sender.

=====  ==============================================================
level  what is left out
=====  ==============================================================
0      nothing
1      the draft of what would come
2      most pictures for the window: five a second instead of thirty
3      most states of the tracker: four hops are heard at a time
=====  ==============================================================

It is judged by the share of time by which the player thread is late. One bad second adds a level,
five good ones in a row take one back.
"""

__all__ = ["MAX_LEVEL", "Overload"]

MAX_LEVEL = 3
_WINDOW_S = 1.0
_TOLERATED_S = 0.01
"""A turn this late does not count: no system wakes threads on time always."""
_TOO_MUCH, _CALM = 0.2, 0.05
_CALM_WINDOWS = 5
_WORDS = (
    "",
    "overloaded: the next bars are not drafted",
    "overloaded: no draft, and the window is updated less often",
    "overloaded: no draft, fewer window updates, and the mood is tracked less often",
)


class Overload:
    """Decides on the level; called once a turn with the time.

    Parameters
    ----------
    period_s : float
        When the next turn should follow [s].
    """

    def __init__(self, period_s: float) -> None:
        self.level = 0
        """How much is left out, 0..`MAX_LEVEL`."""
        self._period_s = period_s
        self._last_s: float | None = None
        self._late_s = 0.0
        self._window_ends_s = 0.0
        self._calm = 0

    @property
    def words(self) -> str:
        """What is left out, in one line; empty if nothing is."""
        return _WORDS[self.level]

    def turn(self, now_s: float) -> int:
        """Take note of a turn and return the level."""
        if self._last_s is None:
            self._window_ends_s = now_s + _WINDOW_S
        else:
            late_s = now_s - self._last_s - self._period_s
            if late_s > _TOLERATED_S:
                self._late_s += late_s
        self._last_s = now_s
        if now_s >= self._window_ends_s:
            # A stall makes a window longer than it should be: it counts once, whatever its length.
            window_s = now_s - self._window_ends_s + _WINDOW_S
            self._judge(self._late_s / window_s)
            self._late_s, self._window_ends_s = 0.0, now_s + _WINDOW_S
        return self.level

    def _judge(self, share: float) -> None:
        self._calm = self._calm + 1 if share < _CALM else 0
        if share > _TOO_MUCH:
            self.level = min(self.level + 1, MAX_LEVEL)
        elif self._calm >= _CALM_WINDOWS:
            self.level = max(self.level - 1, 0)
            self._calm = 0
