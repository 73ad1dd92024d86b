"""Where in the beat, and how fast: a probability for every tempo and phase, followed in time.

A forward filter over a bar pointer's states: at each tempo the phase advances with time, the
tempo may change on the beat. States within the first sixteenth of a beat expect the network to hear
one, the others expect it not to.

References
----------
F. Krebs, S. Böck, G. Widmer, "An Efficient State-Space Model for Joint Tempo and Meter Tracking",
ISMIR 2015.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEP_RATE", "FilterConfig", "PulseFilter", "Reading"]

STEP_RATE: Final = 100
"""Steps of the filter a second [Hz]."""

_NEAR_ROWS = 3
_NEAR_PHASE = 0.15
_PLACED_TEMPO, _PLACED_PHASE = 0.05, 0.08


@dataclass(frozen=True)
class FilterConfig:
    """What the filter expects.

    Attributes
    ----------
    slowest_bpm, fastest_bpm : float
        Range of tempi.
    steadiness : float
        Of the tempo from beat to beat: exp(-steadiness * relative change).
    beat_part : int
        The beat itself is this fraction of its length.
    floor : float
        Least likelihood: how wrong the network may be.
    leak : float
        Chance a second that everything starts afresh.
    tempo_trust : float
        Exponent on the network's opinion of the tempo, per step.
    """

    slowest_bpm: float = 50.0
    fastest_bpm: float = 215.0
    steadiness: float = 150.0
    beat_part: int = 16
    floor: float = 1e-3
    leak: float = 0.0
    tempo_trust: float = 0.05


class Reading(NamedTuple):
    """The likeliest tempo and phase.

    `phase` is in beats since the last one, 0..1; `sure` the probability of its surroundings.
    """

    period_s: float
    phase: float
    sure: float


class PulseFilter:
    """The filter; memory is taken once, at the beginning."""

    def __init__(self, config: FilterConfig | None = None) -> None:
        self.config = cfg = FilterConfig() if config is None else config
        shortest = round(60.0 * STEP_RATE / cfg.fastest_bpm)
        longest = round(60.0 * STEP_RATE / cfg.slowest_bpm)
        self.periods = np.arange(shortest, longest + 1)
        ends = np.cumsum(self.periods)
        self._first, self._last = ends - self.periods, ends - 1
        self._period = np.repeat(self.periods, self.periods).astype(np.float64)
        self._row = np.repeat(np.arange(len(self.periods)), self.periods)
        self._phase = np.concatenate([np.arange(n) / n for n in self.periods])
        self._on_beat = self._phase < 1.0 / cfg.beat_part
        ratio = self.periods[None, :] / self.periods[:, None]
        change = np.exp(-cfg.steadiness * np.abs(ratio - 1.0))
        self._change: NDArray[np.float64] = change / change.sum(1, keepdims=True)
        self._within = self._change
        self._fresh = np.repeat(1.0 / self.periods, self.periods)
        self._fresh /= self._fresh.sum()
        self._now = self._fresh.copy()
        self._next = np.empty_like(self._now)

    def reset(self) -> None:
        """Forget everything heard."""
        self._now[:] = self._fresh

    def allow(self, shortest_s: float, longest_s: float) -> None:
        """Keep the period within a range; one that no state has takes the nearest."""
        periods = self.periods / STEP_RATE
        allowed = (periods >= shortest_s) & (periods <= longest_s)
        if not allowed.any():
            allowed[np.abs(periods - 0.5 * (shortest_s + longest_s)).argmin()] = True
        # A period that is not allowed leads to the allowed ones near it.
        within = self._change * allowed + 1e-12 * allowed
        self._within = within / within.sum(1, keepdims=True)
        kept = self._now * allowed[self._row]
        if kept.sum() < 1e-9:
            kept = self._fresh * allowed[self._row]
        self._now = kept / kept.sum()

    def place(self, period_s: float, phase: float) -> None:
        """Be near a tempo and phase."""
        tempo = np.log(self._period / STEP_RATE / period_s) / _PLACED_TEMPO
        off = ((self._phase - phase + 0.5) % 1.0 - 0.5) / _PLACED_PHASE
        self._now = self._fresh * np.exp(-0.5 * (tempo**2 + off**2)) + 1e-30
        self._now /= self._now.sum()

    def step(self, beat: float, tempo: NDArray[np.float64] | None = None) -> None:
        """Go on by one step, in which the network heard a beat with this probability.

        Parameters
        ----------
        beat : float
            0..1.
        tempo : array, shape (len(periods),), optional
            Relative likelihood of each period.
        """
        cfg, now, new = self.config, self._now, self._next
        new[1:] = now[:-1]
        new[self._first] = now[self._last] @ self._within
        beat = min(max(beat, 1e-6), 1.0 - 1e-6)
        rest = cfg.beat_part - 1
        new *= np.where(
            self._on_beat, max(beat, cfg.floor), max((1.0 - beat) / rest, cfg.floor / rest)
        )
        if tempo is not None:
            new *= tempo[self._row]
        new /= new.sum()
        if cfg.leak:
            share = cfg.leak / STEP_RATE
            new *= 1.0 - share
            new += share * self._fresh
        self._now, self._next = new, now

    def coast(self) -> None:
        """Go on by one step without listening."""
        now, new = self._now, self._next
        new[1:] = now[:-1]
        new[self._first] = now[self._last]
        self._now, self._next = new, now

    def read(self) -> Reading:
        """Return the likeliest tempo and phase, each the mean round the mode."""
        mode = int(self._now.argmax())
        row = int(self._row[mode])
        low = int(self._first[max(row - _NEAR_ROWS, 0)])
        high = int(self._last[min(row + _NEAR_ROWS, len(self.periods) - 1)]) + 1
        off = (self._phase[low:high] - self._phase[mode] + 0.5) % 1.0 - 0.5
        near = self._now[low:high] * (np.abs(off) < _NEAR_PHASE)
        total = float(near.sum())
        period = float(near @ self._period[low:high]) / total
        phase = (float(self._phase[mode]) + float(near @ off) / total) % 1.0
        return Reading(period / STEP_RATE, phase, total)
