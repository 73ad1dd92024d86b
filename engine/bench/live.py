"""The live engine as a process: time to the first emotion, memory, load."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from engine.child import child_command, child_environment

__all__ = ["measure_live"]


def measure_live(seconds: float = 30.0) -> dict[str, Any]:
    """Run the engine on the demo piece for a while and return what it took.

    ``first_emotion_s`` counts from the start of the process; ``memory_mb`` adds the resident
    memory of the engine, its sender and its capture at the end (Linux only, else 0).
    """
    import presets

    began = time.perf_counter()
    with subprocess.Popen(
        child_command("engine.remote"),
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as engine:
        assert engine.stdin is not None and engine.stdout is not None
        config = {"input": str(presets.DEMO_AUDIO), "midi_out": "none"}
        engine.stdin.write(json.dumps({"do": "start", "config": config}) + "\n")
        engine.stdin.flush()
        first_s = 0.0
        snapshot: dict[str, Any] = {}
        for line in engine.stdout:
            answer = json.loads(line)
            if answer["is"] == "error":
                raise RuntimeError(answer["message"])
            if answer["is"] != "snapshot":
                continue
            snapshot = answer
            if not first_s and answer["emotion"] is not None:
                first_s = time.perf_counter() - began
            if answer["time_s"] >= seconds:
                break
        memory = sum(_resident_mb(pid) for pid in _family(engine.pid))
        own_memory = _resident_mb(engine.pid)
        cpu = _cpu_seconds(engine.pid)
        engine.stdin.close()
        for _ in engine.stdout:
            pass
    return {
        "first_emotion_s": round(first_s, 2),
        "engine_memory_mb": round(own_memory, 1),
        "with_sender_memory_mb": round(memory, 1),
        "engine_cpu_share": round(cpu / (time.perf_counter() - began), 3),
        "tracker_load": round(snapshot["tracker_load"], 4),
        "notes": snapshot["midi"]["sent"],
        "lateness_p99_ms": round(snapshot["midi"]["lateness_p99_ms"], 3),
        "missed_beats": snapshot["missed_beats"],
    }


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return [pid]
    # Children of any thread, since the sender is started by whichever thread started the run.
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    for line in status.read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024.0
    return 0.0


def _cpu_seconds(pid: int) -> float:
    import os

    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
