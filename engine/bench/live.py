"""The live engine as a process: time to the first emotion and note, memory, load.

Run as a program, this file is what the engine is compared with: a Python that has loaded the
libraries any program of this kind loads, and nothing else.
"""

import subprocess
import time
from collections.abc import Sequence
from typing import Any

from engine.bench.core import cpu_seconds, resident_mb
from engine.bench.our_program import engine
from engine.errors import DeviceError
from engine.generators.registry import GENERATORS
from engine.process.child import child_command, child_environment

__all__ = ["measure_live"]

_TRIES = 3
_PATIENCE_S = 30.0


def measure_live(
    seconds: float = 15.0, engines: Sequence[str] = tuple(GENERATORS)
) -> dict[str, Any]:
    """Run the live engine with every generator on the demo piece, and return what it took.

    Times count from the start of the process. ``all_mb`` adds the resident memory of the engine,
    its sender and its capture at the end (Linux only, else 0).
    """
    bare = min((_bare() for _ in range(_TRIES)), key=lambda found: found["start_s"])
    figures: dict[str, Any] = {"bare": bare}
    for name in engines:
        found = _live(name, seconds)
        found["times_bare_start"] = round(found["first_emotion_s"] / bare["start_s"], 1)
        found["times_bare_memory"] = round(found["engine_mb"] / max(bare["memory_mb"], 1.0), 2)
        figures[name] = found
    return figures


def _bare() -> dict[str, float]:
    began = time.perf_counter()
    done = subprocess.run(
        child_command("engine.bench.live"),
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    start_s = round(time.perf_counter() - began, 3)
    return {"start_s": start_s, "memory_mb": float(done.stdout)}


def _live(name: str, seconds: float) -> dict[str, Any]:
    import psutil

    import presets

    config = {
        "input": str(presets.DEMO_AUDIO),
        "midi_out": "none",
        "performance": {"engine": name},
    }
    began = time.perf_counter()
    first_emotion_s = first_note_s = 0.0
    snapshot: dict[str, Any] = {}
    with engine(config) as process:
        for snapshot in process.looks:
            if not first_emotion_s and snapshot["emotion"] is not None:
                first_emotion_s = time.perf_counter() - began
            if not first_note_s and snapshot["midi"]["sent"]:
                first_note_s = time.perf_counter() - began
            if snapshot["time_s"] >= seconds and (first_emotion_s and first_note_s):
                break
            if snapshot["time_s"] >= seconds + _PATIENCE_S:
                raise DeviceError(f"{name} neither heard nor played anything")
        children = psutil.Process(process.pid).children()
        engine_mb = resident_mb(process.pid)
        all_mb = engine_mb + sum(resident_mb(child.pid) for child in children)
        share = cpu_seconds(process.pid) / (time.perf_counter() - began)
    return {
        "first_emotion_s": round(first_emotion_s, 2),
        "first_note_s": round(first_note_s, 2),
        "engine_mb": engine_mb,
        "all_mb": round(all_mb, 1),
        "engine_cpu_share": round(share, 3),
        "tracker_load": round(snapshot["tracker_load"], 4),
        "notes": snapshot["midi"]["sent"],
        "missed_beats": snapshot["missed_beats"],
    }


if __name__ == "__main__":
    import numpy  # noqa: F401
    import onnxruntime  # noqa: F401

    print(resident_mb())
