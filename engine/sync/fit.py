"""Straight and bent lines through the ticks of a clock.

References
----------
P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63, 1968.
"""

from collections.abc import Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

__all__ = ["Fit", "Line", "fit_line", "fit_parabola", "robust_line"]

_PRIOR_WEIGHT = 400.0  # of the period known before, as if from about 17 ticks
_LATEST = 5  # ticks whose median residual tells whether the line still fits


class Line(NamedTuple):
    """Tick ``number`` falls on ``time_s``, and one more tick every ``period_s``."""

    number: int
    time_s: float
    period_s: float

    def number_at(self, time_s: float) -> float:
        """Return the tick number at a time, with its fraction."""
        return self.number + (time_s - self.time_s) / self.period_s

    def time_at(self, number: float) -> float:
        """Return the time of a tick [s]."""
        return self.time_s + (number - self.number) * self.period_s

    def shifted(self, by_s: float) -> "Line":
        """Return the line with every tick later by so much [s]."""
        return self._replace(time_s=self.time_s + by_s)


class Fit(NamedTuple):
    """A line through ticks (number, time [s]), as seen from the last one."""

    offset_s: float
    """How much later than the last tick came, it should have come."""
    period_s: float
    curvature_s: float
    residuals: Sequence[float]

    @property
    def astray_s(self) -> float:
        """How far the latest ticks are off the line."""
        return abs(median(self.residuals[-_LATEST:]))


def fit_line(points: Sequence[tuple[int, float]], prior_s: float) -> Fit:
    """Fit a straight line, drawn towards a period known before where there is one."""
    index, time_s = points[-1]
    xs = [n - index for n, _ in points]
    ys = [t - time_s for _, t in points]
    count = len(points)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    sxx = sum((x - mean_x) ** 2 for x in xs)
    sxy = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    weight = _PRIOR_WEIGHT if prior_s else 0.0
    slope = (sxy + weight * prior_s) / (sxx + weight)
    offset = mean_y - slope * mean_x
    residuals = [y - offset - slope * x for x, y in zip(xs, ys, strict=True)]
    return Fit(offset, slope, 0.0, residuals)


def robust_line(points: Sequence[tuple[int, float]]) -> Line:
    """Return the line of median slope and height (Theil and Sen): two of eight ticks may stray.

    Parameters
    ----------
    points : sequence of (int, float)
        Numbers, no two alike, and times [s].
    """
    slope = median((b_s - a_s) / (b - a) for (a, a_s), (b, b_s) in combinations(points, 2))
    first = points[0][0]
    return Line(first, median(when - (n - first) * slope for n, when in points), slope)


def fit_parabola(points: Sequence[tuple[int, float]]) -> Fit:
    """Fit a parabola; offset and slope are those at the last tick."""
    index, time_s = points[-1]
    xs = [n - index for n, _ in points]
    ys = [t - time_s for _, t in points]
    count = len(points)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    us = [x - mean_x for x in xs]
    # Orthogonal polynomials: 1, u, u² - p - q u.
    s2 = sum(u * u for u in us)
    p, q = s2 / count, sum(u**3 for u in us) / s2
    vs = [u * u - p - q * u for u in us]
    slope = sum(u * (y - mean_y) for u, y in zip(us, ys, strict=True)) / s2
    bend = sum(v * y for v, y in zip(vs, ys, strict=True)) / sum(v * v for v in vs)
    residuals = [y - mean_y - slope * u - bend * v for u, v, y in zip(us, vs, ys, strict=True)]
    last_u, last_v = us[-1], vs[-1]
    offset = mean_y + slope * last_u + bend * last_v
    return Fit(offset, slope + bend * (2.0 * last_u - q), bend, residuals)
