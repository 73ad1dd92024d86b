"""Where the ticks of a jittery clock should have been.

Clock ticks arrive late by a varying amount, get lost and come twice. A straight line (tick
number → time) through the last few beats averages the jitter away; a stretch that bends, as in
a ritardando, is described by a parabola and followed along its tangent; a stretch that does
not fit at all is forgotten from its old end.
"""

import math
from collections import deque
from itertools import pairwise

from engine.sync.fit import Line, fit_line, fit_parabola
from engine.sync.gap import Gap, is_doubtful

__all__ = ["SLOWEST_TICK_S", "TickGrid"]

SLOWEST_TICK_S = 0.25
"""Ticks further apart than this are no clock (10 quarter notes per minute)."""

_FASTEST_TICK_S = 0.005  # 500 quarter notes per minute
_WINDOW = 96  # ticks: four quarter notes
_FEWEST = 6  # ticks that make a line worth trusting
_BENDS_FROM = 12  # ticks; a parabola through fewer would follow the jitter

_NOISE_START_S = 1e-3
_NOISE_FLOOR_S = 2.5e-4  # below, rounding to samples or milliseconds counts as a bend
_NOISE_MEMORY = 64  # ticks
_OUTLIER = 9.0  # times the variance known: the most one tick may add to it
_STRAY = 3.5  # times the noise: the newest ticks have left the line
_BEND = 6.0  # standard errors of the curvature

_DOUBLE = 0.3  # of a period: what comes sooner than that after its predecessor is its double

_GAP = 6.0  # periods: no chunk is as long, ticks were lost

_AGREEING = 5  # intervals that must agree before lost ticks are believed to be a slower tempo
_JUDGED = 32  # ticks by which a chunked source is recognised
_SAME_STEP = 0.12  # intervals so nearly equal are one tempo,
_OTHER_STEP = 0.2  # and this far from the period, another one


class TickGrid:
    """Numbers ticks and predicts them. No clock of its own, no thread.

    Ticks are numbered by the time they come at, not merely counted: one that comes a period
    late is the next but one, one that comes at once is a double. Where the source is so coarse
    that time cannot decide (jitter above an eighth of a tick), each tick counts as one. After a gap
    the next few ticks tell: where they stand in the old row, ticks were lost; where they do not,
    the source stood still for a moment (an xrun of a workstation), and none was. Where it is known
    that none can be lost, they are counted.

    Parameters
    ----------
    period_s : float
        Distance of ticks until two have come [s].
    """

    def __init__(self, period_s: float) -> None:
        self.line = Line(-1, -math.inf, period_s)
        """Where ticks are; replaced as a whole, so another thread may read it."""
        self.noise_s = _NOISE_START_S
        """Jitter of the source, root mean square, as far as it is known [s]."""
        self.last_index = -1
        self.last_time_s = -math.inf
        self._points: deque[tuple[int, float]] = deque(maxlen=_WINDOW)
        self._raw: deque[tuple[int, float]] = deque(maxlen=_JUDGED)
        self._prior_s = 0.0
        self._counted = 0
        self._rephase = False
        self._gap: Gap | None = None  # not yet judged

    @property
    def settled(self) -> bool:
        """Whether the line rests on enough ticks to be relied on."""
        return len(self._points) >= _BENDS_FROM

    def rephase(self) -> None:
        """Let the next tick begin a new row; the distance of ticks stays as an expectation."""
        self._rephase = True

    def restart(self) -> None:
        """Forget when ticks came; the next one is numbered on from the last."""
        self._points.clear()
        self._raw.clear()
        self._gap = None
        self._prior_s = 0.0

    def shift(self, by_s: float) -> None:
        """Have all ticks so far be later by so much [s]: whoever timed them was wrong."""
        if not by_s:
            return
        self.line = self.line.shifted(by_s)
        self.last_time_s += by_s
        for row in (self._points, self._raw):
            moved = [(index, time_s + by_s) for index, time_s in row]
            row.clear()
            row.extend(moved)
        if self._gap is not None:
            self._gap.shift(by_s)

    def keep_numbers(self) -> None:
        """Hold no gap open any more: somebody goes by the numbers of ticks behind it."""
        self._gap = None

    def tick(self, time_s: float, *, sure: bool = False) -> int | None:
        """Take a tick; return its number, or None if it was one too many.

        Parameters
        ----------
        time_s : float
            When it came [s].
        sure : bool
            No tick can have been lost between the last one and this.
        """
        time_s = max(time_s, self.last_time_s)
        if self._rephase or not self._points:
            index = self._begin_row(time_s)
        elif self._changes_step(time_s):
            index = self._recount(_AGREEING, time_s)
        elif self._first_was_late(time_s):
            index = self._recount(3, time_s)
            self._points.popleft()
        elif self._is_chunked(time_s):
            index = self._recount(_JUDGED, time_s)
        else:
            index = self._number(time_s, sure)
        self._raw.append((max(index, self.last_index), time_s))
        self.last_time_s = time_s
        if index <= self.last_index and self._points:
            return None
        self.last_index = index
        self._measure_noise(index, time_s)
        self._points.append((index, time_s))
        if self._gap is None:  # until it is judged, the row before is the better guess
            self._draw_line()
        return index

    def _begin_row(self, time_s: float) -> int:
        """Start with this tick, unless it stands where the old row would have it."""
        self._rephase = False
        period_s = self.line.period_s
        if self._points:
            steps = self.line.number_at(time_s) - self.last_index
            off_s = abs(steps - round(steps)) * period_s
            if steps > 0.5 and off_s < max(0.1 * period_s, 3.0 * self.noise_s):
                self.keep_numbers()
                self._raw.clear()  # who asked gives this tick its place: no recount behind it
                return self.last_index + round(steps)
            self._prior_s = period_s
        self._points.clear()
        self._raw.clear()
        self._gap = None
        return self.last_index + 1

    def _changes_step(self, time_s: float) -> bool:
        """Tell whether the last intervals agree with each other, but not with the line."""
        if len(self._raw) < _AGREEING:
            return False
        times = [when for _, when in list(self._raw)[-_AGREEING:]] + [time_s]
        steps = [b - a for a, b in pairwise(times)]
        period_s = self.line.period_s
        ratio = sum(steps[-3:]) / (3.0 * period_s)
        if ratio < 1.5 or abs(ratio - round(ratio)) > 0.1:
            steps = steps[-3:]  # not what losing ticks looks like: three will do
        mean = sum(steps) / len(steps)
        if not _FASTEST_TICK_S <= mean <= SLOWEST_TICK_S:
            return False
        spread = max(steps) - min(steps)
        even = spread < _SAME_STEP * mean + 4.0 * self.noise_s and min(steps) > 0.5 * mean
        other = abs(mean - period_s) > max(_OTHER_STEP * period_s, 2.0 * self.noise_s)
        return even and other

    def _first_was_late(self, time_s: float) -> bool:
        """Tell at a row's fourth tick whether the second was taken for a double wrongly.

        A double leaves the third its distance from the first, a late first from the second.
        """
        if len(self._raw) != 3 or not self._raw[0][0] == self._raw[1][0] < self._raw[2][0]:
            return False
        first_s, second_s, third_s = (when for _, when in self._raw)
        period_s = self.line.period_s

        def off_s(begin_s: float, end_s: float) -> float:
            return abs(end_s - begin_s - period_s)

        apart = second_s - first_s > 0.1 * period_s
        nearer = off_s(second_s, third_s) < off_s(first_s, third_s)
        return apart and nearer and off_s(third_s, time_s) < 0.25 * period_s

    def _is_chunked(self, time_s: float) -> bool:
        """Tell whether so many ticks seem lost (or double) that counting explains them better.

        So it is when a system delivers ticks in chunks about as long as a tick.
        """
        if len(self._raw) < _JUDGED:
            return False
        slips = self.last_index - self._raw[0][0] - (_JUDGED - 1)
        if abs(slips) <= _JUDGED // 4:
            return False
        counted = fit_line([(n, when) for n, (_, when) in enumerate(self._raw)], 0.0)
        spread = math.sqrt(sum(r * r for r in counted.residuals) / _JUDGED)
        # Chunks longer than a tick make doubles, and more unrest.
        return spread < (0.25 if slips > 0 else 0.5) * counted.period_s

    def _recount(self, count: int, time_s: float) -> int:
        """Take the latest ticks as one step each, whatever was made of them; number this one."""
        kept = list(self._raw)[-count:]
        first = kept[0][0]
        self._points.clear()
        self._raw.clear()
        self._gap = None
        self._prior_s = 0.0
        for index, (_, when) in enumerate(kept, first):
            self._raw.append((index, when))
            self._measure_noise(index, when)
            self._points.append((index, when))
        self.last_index = first + count - 1
        return first + count

    def _number(self, time_s: float, sure: bool) -> int:
        """Return the number of a tick by its time, as the row and its gaps have it."""
        index = self.last_index + self._steps(time_s)
        gap = self._gap
        if gap is None:
            if self.settled and is_doubtful(index - self.last_index - 1, sure):
                self._gap = Gap(self.line, self.last_index, sure)
                self._gap.take(index, time_s, sure)
            return index
        fresh = index > self.last_index
        if not gap.take(index if fresh else None, time_s, sure):
            return index
        self._gap = None
        shifts = gap.judge(self.noise_s)
        if shifts[-1]:
            self._close_gap(gap, shifts)
        return index - shifts[-1]

    def _close_gap(self, gap: Gap, shifts: list[int]) -> None:
        """Renumber the ticks behind a gap, without the one that is just coming."""
        after = [
            (index - shift, when)
            for (index, when), shift in zip(gap.after[:-1], shifts[:-1], strict=True)
        ]
        self._points.clear()
        self._points.extend(after)
        self._raw.clear()
        self._raw.extend(after)
        self._prior_s = gap.line.period_s
        self.last_index = after[-1][0]

    def _steps(self, time_s: float) -> int:
        """Return how many ticks on from the last this one is; 0 for a double."""
        if len(self._points) == 1 and not self._prior_s:  # nothing known to judge by
            return int(time_s - self.last_time_s > 0.5 * _FASTEST_TICK_S)
        steps = self.line.number_at(time_s) - self.last_index
        if steps < _DOUBLE:
            return 0
        if len(self._points) < 3:
            # At the beginning of a row, another tempo is likelier than a lost tick.
            if abs(steps - 1.0) > 0.25:
                self._prior_s = 0.0
            return 1
        if 8.0 * self.noise_s > self.line.period_s and steps < _GAP:
            return 1
        return max(1, self._whole(steps, time_s))

    def _whole(self, steps: float, time_s: float) -> int:
        """Round to whole ticks by the line, or by the gap since the last if that is clearer.

        After a small leap of the tempo every gap is a little too long or short, and the line falls
        behind by their sum before it bends.
        """
        gap = (time_s - self.last_time_s) / self.line.period_s
        clearer = abs(gap - round(gap)) < abs(steps - round(steps))
        return round(gap if clearer else steps)

    def _measure_noise(self, index: int, time_s: float) -> None:
        """Second differences know jitter from tempo: white noise has 6 times its variance."""
        if len(self._points) < 2:
            return
        (n0, t0), (n1, t1) = self._points[-2], self._points[-1]
        if n1 - n0 != 1 or index - n1 != 1:
            return
        bend = time_s - 2.0 * t1 + t0
        self._counted += 1
        share = 1.0 / min(self._counted + 6, _NOISE_MEMORY)
        variance = self.noise_s**2
        # A leap of the tempo bends once, jitter every time: no single bend counts for much.
        variance += share * (min(bend * bend / 6.0, _OUTLIER * variance) - variance)
        self.noise_s = max(math.sqrt(variance), _NOISE_FLOOR_S)

    def _draw_line(self) -> None:
        index, time_s = self._points[-1]
        if len(self._points) == 1:
            self.line = Line(index, time_s, self._prior_s or self.line.period_s)
            return
        while True:
            fit = fit_line(self._points, self._prior_s)
            count = len(self._points)
            stray = fit.astray_s > _STRAY * self.noise_s
            if count >= _BENDS_FROM:
                bent = fit_parabola(self._points)
                error = self.noise_s * math.sqrt(180.0 / count**5)
                if abs(bent.curvature_s) > _BEND * error or stray:
                    fit = bent
                    stray = fit.astray_s > _STRAY * self.noise_s
            if not stray or count <= _FEWEST:
                break
            self._prior_s = 0.0
            for _ in range((count + 3) // 4):
                self._points.popleft()
        period_s = min(max(fit.period_s, _FASTEST_TICK_S), SLOWEST_TICK_S)
        self.line = Line(index, time_s + fit.offset_s, period_s)
