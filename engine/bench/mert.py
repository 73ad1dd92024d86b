"""Cost of a network of MERT's size, which published emotion recognisers run, beside the tracker.

The network is written by `export_onnx.mert_shape` in a process of its own: the engine never
imports PyTorch.
"""

import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.core import missing, one_core, quantile_ms
from engine.models.onnx_file import open_session
from engine.process.child import child_command, child_environment

__all__ = ["measure_mert"]

_TIMEOUT_S = 300.0
_WINDOW_S = 5.0  # MERT was trained on windows of this length
_SAMPLE_RATE = 24000
_RUNS = 5


def measure_mert(tracker_hop_ms: float, hop_ms: float) -> dict[str, Any]:
    """Time one window of a network of MERT-95M's shape on one core; its weights are random.

    Parameters
    ----------
    tracker_hop_ms : float
        What the tracker needs for a hop [ms].
    hop_ms : float
        Length of that hop [ms].
    """
    if find_spec("torch") is None:
        return missing("PyTorch is not installed")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mert.onnx"
        done = subprocess.run(
            child_command("export_onnx.mert_shape", str(path), str(_WINDOW_S)),
            env=child_environment(OMP_NUM_THREADS="1"),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return missing(f"PyTorch does not run this here ({last})")
        window_ms = _window_ms(path)
    # Twice a second is the slowest that can be called live.
    return {
        "parameters": int(done.stdout),
        "times_tracker": round(2.0 * window_ms / (tracker_hop_ms * 1000.0 / hop_ms), 1),
    }


def _window_ms(path: Path) -> float:
    """Return the median time of one window on one core [ms]."""
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
