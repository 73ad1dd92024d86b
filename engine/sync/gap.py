"""Breaks in a row of ticks: some were lost on their way, or their source stood still.

The next few ticks tell. Where nothing can have been lost, they are simply counted. Elsewhere their
place decides: on the old row, ticks were lost; off it, the source stood still for a moment, as a
workstation does over an xrun.
"""

from engine.sync.fit import Line, robust_line

__all__ = ["Gap", "is_doubtful"]

_WEIGHED = 8  # ticks behind a gap by which it is judged
_OFF_ROW = 0.04  # of a period, or five times the noise: so far off the old row they are
_NOISES = 5.0
_LONGEST_DOUBT = 24  # ticks: over longer gaps the row is no longer known well enough


def is_doubtful(lost: int, sure: bool) -> bool:
    """Tell whether so many ticks that seem lost may never have been sent."""
    return lost >= 1 and (sure or lost < _LONGEST_DOUBT)


class Gap:
    """Collects the ticks behind a break, the first of them among them.

    Parameters
    ----------
    line : Line
        The row before.
    number : int
        Of its last tick.
    sure : bool
        No tick can have been lost in the break.

    Attributes
    ----------
    after : list of (int, float)
        Ticks behind it: number if some were lost, and time [s].
    """

    def __init__(self, line: Line, number: int, sure: bool) -> None:
        self.line = line
        self.after: list[tuple[int, float]] = []
        self._number = number
        self._sure = sure
        self._came = 0
        self._missing: list[int] = []  # numbers for which no tick had come, by tick behind

    def take(self, index: int | None, time_s: float, sure: bool) -> bool:
        """Take a tick, numbered unless it is a double; tell whether it is time to judge."""
        self._sure &= sure
        self._came += 1
        if index is None:
            return False
        self.after.append((index, time_s))
        self._missing.append(index - self._number - self._came)
        return len(self.after) >= _WEIGHED

    def shift(self, by_s: float) -> None:
        """Have all ticks be later by so much [s]."""
        self.line = self.line.shifted(by_s)
        self.after = [(index, time_s + by_s) for index, time_s in self.after]

    def judge(self, noise_s: float) -> list[int]:
        """Return by how much each number behind is too high.

        Parameters
        ----------
        noise_s : float
            Jitter of the clock, root mean square [s].
        """
        if self._sure:
            return self._uncalled()
        row = robust_line(self.after)  # the first of them is often late itself
        if not self._is_off(row, noise_s):
            return [0] * len(self.after)
        places = [round(row.number_at(time_s)) for _, time_s in self.after]
        return [
            index - (self._number + 1 + place - places[0])
            for (index, _), place in zip(self.after, places, strict=True)
        ]

    def _uncalled(self) -> list[int]:
        """Count numbers that no tick came for, those of a late bundle taken as there."""
        least = self._missing[-1]
        shifts = []
        for missing in reversed(self._missing):
            least = min(least, missing)
            shifts.append(max(0, least))
        return shifts[::-1]

    def _is_off(self, row: Line, noise_s: float) -> bool:
        """Tell whether a row is not the old one gone on."""
        period_s = 0.5 * (self.line.period_s + row.period_s)  # a ramp goes on meanwhile
        off = (row.time_s - self.line.time_at(self._number)) / period_s
        return abs(off - round(off)) > max(_OFF_ROW, _NOISES * noise_s / period_s)
