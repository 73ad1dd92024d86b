"""How training speeds up when it is shared among processes, as `torchrun` does it."""

import json
import os
import socket
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from engine.process.child import child_command, child_environment

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
    """Train on so many processes, told of each other as `torchrun` tells them."""
    together = {
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "OMP_NUM_THREADS": "1",
    }
    processes = [
        subprocess.Popen(
            child_command("export_onnx.costs.throughput", str(steps)),
            env=child_environment(**together, RANK=str(rank), LOCAL_RANK=str(rank)),
            stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
            stderr=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
            text=True,
        )
        for rank in range(count)
    ]
    first = processes[0]
    try:
        out, said = first.communicate(timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return {"missing": f"not done within {_TIMEOUT_S:g} s"}
    finally:
        for process in processes:
            process.kill()
            process.wait()
    if first.returncode:
        last = (said.strip().splitlines() or ["no reason given"])[-1]
        return {"missing": f"PyTorch does not train here ({last})"}
    found: dict[str, Any] = json.loads(out)
    return found


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
