"""What only PyTorch can show: eager steps, shared training, a network of MERT's size.

Each is a program of `export_onnx.costs`, run in processes of its own: the engine never imports
PyTorch.
"""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.core import missing, one_core, quantile_ms
from engine.process.child import child_command, child_environment

__all__ = ["measure_eager", "measure_mert", "measure_training"]

_TIMEOUT_S = 300.0
_WINDOW_S = 5.0  # MERT was trained on windows of this length
_SAMPLE_RATE = 24000
_RUNS = 5


def _ask(program: str, *arguments: str, processes: int = 1) -> Any:
    """Return what the first of so many processes prints, read as JSON; or why there is nothing."""
    if find_spec("torch") is None:
        return missing("PyTorch is not installed")
    # As `torchrun` tells the processes of each other.
    together = {
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "OMP_NUM_THREADS": "1",
    }
    running = [
        subprocess.Popen(
            child_command(f"export_onnx.costs.{program}", *arguments),
            env=child_environment(**together, RANK=str(rank), LOCAL_RANK=str(rank)),
            stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
            stderr=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
            text=True,
        )
        for rank in range(processes)
    ]
    try:
        out, said = running[0].communicate(timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return missing(f"not done within {_TIMEOUT_S:g} s")
    finally:
        for process in running:
            process.kill()
            process.wait()
    if running[0].returncode:
        last = (said.strip().splitlines() or ["no reason given"])[-1]
        return missing(f"PyTorch does not run this here ({last})")
    return json.loads(out)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def measure_eager(steps: int = 200) -> Any:
    """Return for every graph what a step costs in eager PyTorch and onnxruntime, and the ratio.

    Returns
    -------
    dict
        By graph ``eager_ms``, ``onnx_ms`` and ``times``; or ``{"missing": reason}``.
    """
    return _ask("eager", str(steps))


def measure_training(processes: Sequence[int] | None = None, steps: int = 10) -> dict[str, Any]:
    """Return a row for every number of processes, by default one and as many as there are cores.

    Returns
    -------
    dict
        ``rows`` of ``processes``, ``songs_per_s``, ``step_ms``, ``times`` (against the first row);
        or ``{"missing": reason}``.
    """
    rows: list[dict[str, Any]] = []
    for count in processes or sorted({1, os.cpu_count() or 1}):
        found = _ask("throughput", str(steps), processes=count)
        if "missing" not in found:
            first = rows[0]["songs_per_s"] if rows else found["songs_per_s"]
            rows.append({**found, "times": round(found["songs_per_s"] / first, 2)})
        elif not rows:
            return dict(found)
    return {"rows": rows}


def measure_mert(tracker_hop_ms: float, hop_ms: float) -> dict[str, Any]:
    """Time one window of a network of MERT-95M's shape on one core.

    Published recognisers read emotion from MERT's embeddings. Its weights are not part of Stimmung
    and do not matter for the cost: they are random.

    Parameters
    ----------
    tracker_hop_ms : float
        What the tracker needs for a hop [ms].
    hop_ms : float
        Length of that hop [ms].
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mert.onnx"
        parameters = _ask("mert_shape", str(path), str(_WINDOW_S))
        if isinstance(parameters, dict):
            return parameters
        window_ms = _window_ms(path)
    # Twice a second is the slowest that can be called live.
    return {
        "parameters": parameters,
        "window_s": _WINDOW_S,
        "window_p50_ms": window_ms,
        "share_of_core_at_2_hz": round(2.0 * window_ms / 1000.0, 2),
        "times_tracker": round(2.0 * window_ms / (tracker_hop_ms * 1000.0 / hop_ms), 1),
    }


def _window_ms(path: Path) -> float:
    """Return the median time of one window on one core [ms]."""
    from engine.models.onnx_file import open_session

    session = open_session(path)
    samples = round(_WINDOW_S * _SAMPLE_RATE)
    pcm = np.random.default_rng(1).standard_normal((1, samples)).astype(np.float32)
    times = []
    with one_core():
        session.run(None, {"pcm": pcm})
        for _ in range(_RUNS):
            began = time.perf_counter()
            session.run(None, {"pcm": pcm})
            times.append(time.perf_counter() - began)
    return quantile_ms(times, 0.5)
