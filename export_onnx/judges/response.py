"""How fast the music follows a target that jumps.

Many runs are combined beat by beat: the notes of one beat from all runs are joined to one clip,
long enough to be judged. The emotion of these clips over the beats is the step response.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from export_onnx.judges.material import Plan, make_all, step_requests
from export_onnx.judges.notes import Notes, joined
from export_onnx.judges.plain import PlainJudge
from export_onnx.judges.statistics import describe_all

__all__ = [
    "AFTER",
    "BEFORE",
    "WINDOWS",
    "Response",
    "measure_response",
    "pooled_beats",
    "reached",
    "read_response",
]

BEFORE: Final = 12
AFTER: Final = 20
"""Beats that are looked at on either side of the step."""
WINDOWS: Final = {"arousal": 1, "valence": 4}
"""Beats judged at once: loudness and density show in one beat, mode needs a bar."""
_STEP_BEAT: Final = 32
_SETTLED: Final = 8
"""From this beat after the step on, the music counts as arrived [beats]."""
_SMOOTHED: Final = 2
_RESAMPLES: Final = 60


@dataclass(frozen=True)
class Response:
    """Response of one axis to a step of its target.

    Attributes
    ----------
    window : int
        Beats that each point of the curve looks at, from that beat on.
    curve : tuple of float
        Change per beat from `BEFORE` beats before the step on; 0 is the old level, 1 the new.
    beats_63, beats_90 : float
        Beats until a window that shows so much of the change has passed, counted from the first
        beat that was not fixed when the target moved: `window` is the least. Infinite if never.
    low_90, high_90 : float
        95 % interval of `beats_90` over runs.
    overshoot : float
        Highest of the smoothed curve above 1, at least 0.
    change : float
        From old to new level, in the judge's log odds.
    """

    axis: str
    window: int
    curve: tuple[float, ...]
    beats_63: float
    beats_90: float
    low_90: float
    high_90: float
    overshoot: float
    change: float


def pooled_beats(
    runs: Sequence[Notes], steps: Sequence[int], beat_s: float, window: int = 1
) -> list[Notes]:
    """Return, per beat around the step, the notes of all runs from there on, end to end.

    Parameters
    ----------
    steps : sequence of int
        The beat at which each run's target stepped.
    beat_s : float
        Length of a beat [s].
    window : int
        Beats taken from each run.
    """
    clips = []
    span_s, early_s = window * beat_s, beat_s / 96
    for offset in range(-BEFORE, AFTER):
        parts = []
        for place, (run, step) in enumerate(zip(runs, steps, strict=True)):
            from_s = (step + offset) * beat_s
            part = run.between(from_s - early_s, from_s + span_s - early_s)
            parts.append(part.shifted(place * span_s - from_s))
        clips.append(joined(parts))
    return clips


def reached(curve: np.ndarray, share: float, window: int = 1) -> float:
    """Return the beats after the step until a window shows `share` and the next ones keep it."""
    after = curve[BEFORE:]
    for beat in range(len(after) - _SMOOTHED + 1):
        if after[beat] >= share and after[beat : beat + _SMOOTHED].mean() >= share:
            return float(beat + window)
    return float("inf")


def read_response(levels: np.ndarray, window: int = 1) -> tuple[np.ndarray, float]:
    """Return the curve from 0 (old) to 1 (new) and the change, from levels per beat.

    Parameters
    ----------
    levels : ndarray, shape (BEFORE + AFTER,)
        What was measured from each beat on, the step at index `BEFORE`.
    window : int
        Beats that each level looks at; levels that look across the step are not the old ones.
    """
    old = levels[: BEFORE - window + 1].mean()
    change = float(levels[BEFORE + _SETTLED :].mean() - old)
    return (levels - old) / (change if abs(change) > 1e-9 else np.inf), change


def _levels(judge: PlainJudge, clips: Sequence[Notes], axis: str) -> np.ndarray:
    opinion = judge.judge_statistics(describe_all(clips))
    return opinion.valence if axis == "valence" else opinion.arousal


def measure_response(plan: Plan, judge: PlainJudge, axis: str) -> Response:
    """Let the target of an axis jump up and down in many runs and read the mean response."""
    beat_s, window = 60.0 / plan.tempo_bpm, WINDOWS[axis]
    directions = []
    for up in (True, False):
        requests = step_requests(plan, axis, up, _STEP_BEAT)
        runs = make_all(plan, requests, f"{axis} {'up' if up else 'down'}")
        steps = [round(request.curve[2][0] + 0.5) for request in requests]
        directions.append(([run.notes for run in runs], steps))

    def curve_of(chosen: np.ndarray) -> tuple[np.ndarray, float]:
        curves, changes = [], []
        for runs, steps in directions:
            picked = [runs[index] for index in chosen]
            clips = pooled_beats(picked, [steps[index] for index in chosen], beat_s, window)
            curve, change = read_response(_levels(judge, clips, axis), window)
            curves.append(curve)
            changes.append(abs(change))
        return np.mean(curves, 0), float(np.mean(changes))

    curve, change = curve_of(np.arange(plan.responses))
    rng = np.random.default_rng(1)
    drawn = [
        reached(curve_of(rng.integers(0, plan.responses, plan.responses))[0], 0.9, window)
        for _ in range(_RESAMPLES)
    ]
    # What only flickers for a beat is noise of the pool, not overshoot.
    smoothed = np.convolve(curve[BEFORE:], np.ones(_SMOOTHED) / _SMOOTHED, "valid")
    low, high = np.percentile(drawn, [2.5, 97.5], method="nearest")
    return Response(
        axis=axis,
        window=window,
        curve=tuple(round(float(value), 3) for value in curve),
        beats_63=reached(curve, 0.63, window),
        beats_90=reached(curve, 0.9, window),
        low_90=float(low),
        high_90=float(high),
        overshoot=max(0.0, float(smoothed.max()) - 1.0),
        change=change,
    )
