"""How training speeds up when `torchrun` shares it among processes."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from engine.child import child_environment

__all__ = ["measure_training"]

_STEPS = 10
_TIMEOUT_S = 240.0


def measure_training(
    processes: Sequence[int] | None = None, steps: int = _STEPS
) -> list[dict[str, Any]] | dict[str, str]:
    """Return a row for every number of processes, by default one and as many as there are cores.

    Returns
    -------
    list of dict, or dict
        ``processes``, ``songs_per_s``, ``step_ms``, ``times`` (against the first row); or
        ``{"missing": reason}`` where PyTorch is not installed.
    """
    if find_spec("torch") is None:
        return {"missing": "PyTorch is not installed"}
    counts = processes or sorted({1, os.cpu_count() or 1})
    rows: list[dict[str, Any]] = []
    for count in counts:
        found = _train(count, steps)
        if "missing" not in found:
            first = rows[0]["songs_per_s"] if rows else found["songs_per_s"]
            found["times"] = round(found["songs_per_s"] / first, 2)
            rows.append(found)
        elif not rows:
            return found
    return rows


def _train(count: int, steps: int) -> dict[str, Any]:
    """Train on so many processes; a frozen program has no Python to start them with."""
    command = [sys.executable, "-P", "-m", "torch.distributed.run", "--nproc-per-node", str(count)]
    try:
        done = subprocess.run(
            [*command, "--standalone", "-m", "export_onnx.throughput", str(steps)],
            env=child_environment(OMP_NUM_THREADS="1"),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"not done within {_TIMEOUT_S:g} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return {"missing": f"torchrun does not run here ({last})"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found
