"""How well the MIDI clock follower follows, in simulated time: phase, tempo, lock, ramps.

Phase is asked for 50 ms ahead, as the player asks for it, against the exact position.
"""

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

from engine.bench.core import attempt
from engine.bench.sync_jack import measure_over_jack
from engine.sync.follower import CLOCKS_PER_BEAT, ClockFollower

__all__ = ["measure_follower", "measure_sync"]

_AHEAD_S = 0.05
_STEADY_S = 60.0
_STEP_S = 1e-4  # clocks of the simulation fall on these steps
_LOCKED_TEMPO = 0.01
_LOCKED_PHASE_S = 0.002


def measure_sync(seconds: float = 25.0, starts: int = 8) -> dict[str, Any]:
    """Return the figures of simulated clocks, and as ``jack`` those over JACK."""
    jack = attempt(measure_over_jack, seconds, starts=starts)
    return {**measure_follower(), "jack": jack}


def measure_follower(seed: int = 1) -> dict[str, Any]:
    """Return figures of the follower; jitter is white, 1 ms root mean square."""
    errors = _phase_errors(_course(120.0, 0.0), _STEADY_S, 1e-3, seed)
    figures = {f"phase_120_bpm_p{share}_ms": _ms(errors, share) for share in (50, 95, 99)}
    figures["tempo_wobble_5_ms_late_percent"] = round(100.0 * _wobble(0.005), 3)
    for jitter_s in (0.0, 1e-3):
        suffix = f"{jitter_s * 1e3:.0f}_ms_jitter"
        figures[f"lock_120_bpm_{suffix}_s"] = _lock_s(120.0, jitter_s, seed)
        errors = _phase_errors(_course(60.0, 15.0), 8.0, jitter_s, seed)
        figures[f"ramp_60_180_8_s_{suffix}_p95_ms"] = _ms(errors, 95)
    return figures


def _course(first: float, slope: float) -> Callable[[float], float]:
    return lambda time_s: first + slope * time_s


def _clocks(tempo_at: Callable[[float], float], seconds: float) -> Iterator[tuple[float, float]]:
    """Yield (time [s], position [clocks]) in small steps along a course of tempo."""
    position = 0.0
    for step in range(round(seconds / _STEP_S)):
        yield step * _STEP_S, position
        position += tempo_at(step * _STEP_S) * CLOCKS_PER_BEAT / 60.0 * _STEP_S


def _phase_errors(
    tempo_at: Callable[[float], float], seconds: float, jitter_s: float, seed: int
) -> list[float]:
    """Return absolute phase errors [s], one per clock, after two beats."""
    rng = random.Random(seed)
    course = list(_clocks(tempo_at, seconds))
    ahead = round(_AHEAD_S / _STEP_S)
    follower = ClockFollower(100.0)
    follower.start(0.0)
    errors = []
    coming = 0
    for step, (time_s, position) in enumerate(course[:-ahead]):
        if position < coming:
            continue
        follower.tick(time_s + rng.gauss(0.0, jitter_s))
        coming += 1
        if coming > 2 * CLOCKS_PER_BEAT:
            then_s, there = course[step + ahead]
            wrong = follower.beat_at(then_s) - there / CLOCKS_PER_BEAT
            errors.append(abs(wrong) * 60.0 / tempo_at(then_s))
    return errors


def _wobble(late_s: float) -> float:
    """Return the largest relative change of tempo after one late clock among exact ones."""
    follower = ClockFollower(100.0)
    period_s = 60.0 / (120.0 * CLOCKS_PER_BEAT)
    worst = 0.0
    for number in range(400):
        follower.tick(number * period_s + (late_s if number == 200 else 0.0))
        if number >= 200:
            worst = max(worst, abs(follower.tempo_bpm / 120.0 - 1.0))
    return worst


def _lock_s(tempo: float, jitter_s: float, seed: int) -> float:
    """Return the time after which tempo and phase stay right, within 1 % and 2 ms [s]."""
    rng = random.Random(seed)
    follower = ClockFollower(100.0)
    follower.start(0.0)
    period_s = 60.0 / (tempo * CLOCKS_PER_BEAT)
    locked_s = math.nan
    for number in range(10 * CLOCKS_PER_BEAT):
        follower.tick(number * period_s + rng.gauss(0.0, jitter_s))
        then_s = number * period_s + _AHEAD_S
        phase_s = abs(follower.time_at(then_s * tempo / 60.0) - then_s)
        good = (
            abs(follower.tempo_bpm / tempo - 1.0) < _LOCKED_TEMPO
            and phase_s < _LOCKED_PHASE_S
            and number > 0
        )
        if not good:
            locked_s = math.nan
        elif math.isnan(locked_s):
            locked_s = number * period_s
    return round(locked_s, 3)


def _ms(errors: list[float], percent: int) -> float:
    """Return a quantile of errors [s] in milliseconds."""
    return round(1e3 * sorted(errors)[min(len(errors) - 1, percent * len(errors) // 100)], 3)
