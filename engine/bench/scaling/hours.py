"""Whether the hundredth minute costs what the first did: an hour of counted time, per engine.

``python -m engine.bench.scaling.hours WHAT MINUTES`` plays one of them in a process of its own, so
that its memory is its own, and prints what each minute took.
"""

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from engine.bench.core import resident_mb
from engine.generators.registry import GENERATORS
from engine.process.child import child_command, child_environment

__all__ = ["measure_hours"]

_TRACKER: Final = "tracker"
_MINUTES: Final = 60
_TEMPO_BPM: Final = 120.0
_STEP_S: Final = 0.02
_BLOCK_HOPS: Final = 16
_SOME: Final = 5  # minutes
_PACE: Final = 8.0  # so many times as fast as in a soak the emotion wanders
_TIMEOUT_S: Final = 600.0


def measure_hours(
    minutes: int = _MINUTES, subjects: Sequence[str] = (*GENERATORS, _TRACKER)
) -> dict[str, list[dict[str, Any]]]:
    """Return a row for every engine and the tracker.

    An engine plays through the whole pipeline at 120 BPM, the emotion going through all quadrants
    in the same way every minute; the tracker hears the demo piece over and over. Processor time is
    counted, per beat or per hop.

    Returns
    -------
    dict
        ``rows`` of ``what``, ``per`` (``beat`` or ``hop``), ``first_ms`` and ``last_ms`` (median
        cost of the first five minutes after the one that warms up, and of the last five), ``times``
        (their ratio), ``first_mb`` and ``last_mb``, ``minutes_ms`` (cost in each minute).
    """
    return {"rows": [_row(subject, minutes) for subject in subjects]}


def _row(subject: str, minutes: int) -> dict[str, Any]:
    try:
        done = subprocess.run(
            child_command("engine.bench.scaling.hours", subject, str(minutes)),
            env=child_environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return {"what": subject, "missing": f"not done within {_TIMEOUT_S:g} s"}
    found = json.loads(done.stdout)
    costs, memory = found["minutes_ms"], found["memory_mb"]
    second = min(1, len(costs) - 1)
    first_ms = statistics.median(costs[second : second + _SOME])
    last_ms = statistics.median(costs[-_SOME:])
    return {
        "what": subject,
        "per": "hop" if subject == _TRACKER else "beat",
        "first_ms": round(first_ms, 4),
        "last_ms": round(last_ms, 4),
        "times": round(last_ms / first_ms, 3),
        "first_mb": memory[second],
        "last_mb": memory[-1],
        "minutes_ms": costs,
    }


def _play(engine: str, minutes: int) -> dict[str, list[float]]:
    from engine.bench.soak.fake import wandering
    from engine.music.clock import InternalClock
    from engine.pipeline.pipeline import Pipeline
    from engine.settings.performance import Performance

    clock = InternalClock(_TEMPO_BPM)
    pipeline = Pipeline(Performance(engine=engine), clock, draft_beats=0)
    clock.start(0.0)
    costs, memory = [], []
    steps = round(60.0 / _STEP_S)
    for minute in range(minutes):
        before_s = time.process_time()
        for step in range(steps):
            now_s = minute * 60.0 + step * _STEP_S
            felt = wandering(_PACE * step * _STEP_S)
            pipeline.emotion = replace(felt, time_s=now_s)
            pipeline.advance(now_s)
        costs.append(round(1000.0 * (time.process_time() - before_s) / _TEMPO_BPM, 4))
        memory.append(resident_mb())
    pipeline.close()
    return {"minutes_ms": costs, "memory_mb": memory}


def _listen(minutes: int) -> dict[str, list[float]]:
    import presets
    from engine.audio import mono_blocks
    from engine.emotion.tracker import Tracker

    tracker = Tracker()
    pcm = np.concatenate(list(mono_blocks(presets.DEMO_AUDIO, tracker.sample_rate)))
    block = _BLOCK_HOPS * tracker.hop_length
    blocks = pcm[: pcm.size // block * block].reshape(-1, block)
    costs, memory = [], []
    turns = math.ceil(60.0 * tracker.sample_rate / block)
    for minute in range(minutes):
        before_s = time.process_time()
        for turn in range(turns):
            tracker.push(blocks[(minute * turns + turn) % len(blocks)])
        spent_s = time.process_time() - before_s
        costs.append(round(1000.0 * spent_s / (turns * _BLOCK_HOPS), 4))
        memory.append(resident_mb())
    return {"minutes_ms": costs, "memory_mb": memory}


if __name__ == "__main__":
    _minutes = int(sys.argv[2])
    json.dump(
        _listen(_minutes) if sys.argv[1] == _TRACKER else _play(sys.argv[1], _minutes), sys.stdout
    )
