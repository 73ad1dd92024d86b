"""Sequences for training, from prepared clips: other tempi and metres, changes, spoiled sound.

Everything is done on frames: a clip played at another speed is its frames read at that speed, its
pitch kept; a bar of another length is a bar with beats left out or heard twice.

Beats here have places in frames, shape (n, 2): place, number.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from engine.beat.frontend import N_BANDS

__all__ = ["RECUTS", "TimeMap", "bars_of", "draw_bend", "other_metre", "spoil"]

RECUTS: Final = {
    3: ((0, 1, 2), (0, 1, 3), (0, 2, 3)),
    5: ((0, 1, 2, 3, 3), (0, 1, 2, 3, 1), (0, 1, 2, 2, 3), (0, 1, 0, 2, 3)),
    6: ((0, 1, 2, 3, 2, 3), (0, 1, 2, 3, 0, 3)),
    7: ((0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4, 5, 7), (0, 1, 2, 4, 5, 6, 7)),
}
"""Which beats of a bar of four (of two bars for 7) make a bar of so many."""

_BEFORE = 1  # frames of the attack before a beat, cut with it


class TimeMap(NamedTuple):
    """Time bent piece by piece: ``knots`` come to be at ``bent``."""

    knots: np.ndarray
    bent: np.ndarray

    def to(self, times: ArrayLike) -> np.ndarray:
        """Return where times come to be."""
        return np.asarray(np.interp(np.asarray(times), self.knots, self.bent))

    def back(self, times: ArrayLike) -> np.ndarray:
        """Return where they were."""
        return np.asarray(np.interp(np.asarray(times), self.bent, self.knots))


def draw_bend(end: float, rng: np.random.Generator, changing: bool = False) -> TimeMap:
    """Draw a map of time: steady, another tempo, a ramp, a leap, or a drift.

    Parameters
    ----------
    changing : bool
        Leave out those that are steady.
    """
    knots = np.linspace(0.0, end, 9)
    kind = rng.integers(2, 5) if changing else rng.integers(5)
    rate = np.full(8, rng.uniform(0.85, 1.2))
    if kind == 2:
        rate *= np.linspace(1.0, rng.uniform(0.7, 1.4), 8)
    elif kind == 3:
        rate[rng.integers(2, 7) :] *= rng.uniform(0.72, 1.38)
    elif kind == 4:
        rate *= np.exp(np.cumsum(rng.normal(0.0, 0.05, 8)))
    return TimeMap(knots, np.concatenate(([0.0], np.cumsum(np.diff(knots) * rate))))


def bars_of(numbers: np.ndarray, length: int = 4) -> np.ndarray:
    """Return the first beat of each whole bar of ``length``, the next bar's first beat known."""
    wanted = np.append(np.arange(1, length + 1), 1)
    if len(numbers) < len(wanted):
        return np.zeros(0, int)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, len(wanted))
    return np.flatnonzero((windows == wanted).all(1))


def other_metre(beats: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw another metre for bars of four beats.

    Returns
    -------
    frames : int array
        Which frames to read; empty where there are no two bars of four.
    beats : array, shape (m, 2)
        Places among them, and numbers.
    """
    bars = bars_of(beats[:, 1])
    metre = int(rng.choice((3, 5, 6, 7), p=(0.15, 0.4, 0.1, 0.35)))
    cut = RECUTS[metre][rng.integers(len(RECUTS[metre]))]
    if max(cut) > 3:
        pairs: list[int] = []
        for bar in bars[np.isin(bars + 4, bars)]:
            if not pairs or bar >= pairs[-1] + 8:
                pairs.append(int(bar))
        bars = np.array(pairs, int)
    frames: list[np.ndarray] = []
    rows: list[tuple[float, int]] = []
    count = 0
    for bar in bars:
        for number, beat in enumerate(cut, 1):
            begin = round(beats[bar + beat, 0]) - _BEFORE
            end = round(beats[bar + beat + 1, 0]) - _BEFORE
            frames.append(np.arange(begin, end).clip(0))
            rows.append((count + beats[bar + beat, 0] - begin, number))
            count += end - begin
    if not frames:
        return np.zeros(0, int), np.zeros((0, 2))
    return np.concatenate(frames), np.array(rows)


def spoil(
    levels: np.ndarray, other: np.ndarray, rng: np.random.Generator, much: float
) -> np.ndarray:
    """Change level and colour; add noise, another piece, a drop-out, each now and then."""
    n = len(levels)
    curve = np.interp(np.arange(N_BANDS), np.linspace(0, N_BANDS - 1, 6), rng.normal(0, 3.0, 6))
    gain_db = rng.uniform(-24.0, 6.0) if rng.random() < 0.5 else 0.0
    if rng.random() < 0.7 * much:
        levels = levels * 10.0 ** ((curve + gain_db) / 20.0)
    level = levels.mean() + 1e-6
    if rng.random() < 0.2 * much:
        span = int(rng.integers(100, 400))
        begin = int(rng.integers(max(1, n - span)))
        levels = levels.copy()
        levels[begin : begin + span] *= 10.0 ** (-rng.uniform(20, 80) / 20.0)
    if rng.random() < 0.15 * much:
        part = np.resize(other, (n, N_BANDS))
        levels = levels + part * level / (part.mean() + 1e-6) * 10.0 ** (-rng.uniform(8, 20) / 20.0)
    if rng.random() < 0.4 * much:
        colour = 10.0 ** (rng.normal(0, 6.0) * np.linspace(1, -1, N_BANDS) / 20.0)
        noise = np.abs(rng.normal(0, 1, (n, N_BANDS))) * colour
        levels = levels + noise * level * 10.0 ** (-rng.uniform(10, 40) / 20.0)
    return np.asarray(levels, np.float32)
