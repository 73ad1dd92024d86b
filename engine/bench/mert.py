"""What a network of MERT-95M's shape would cost here, beside the tracker.

Published recognisers read emotion from MERT's embeddings. Its weights are not part of Stimmung and
do not matter for the cost: a random network of the same shape is written by the training tools, in
a process of its own, and timed with the same runtime on the same core.
"""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.core import one_core, quantile_ms
from engine.process.child import child_command

__all__ = ["measure_mert"]

_WINDOW_S = 5.0  # MERT was trained on windows of this length
_SAMPLE_RATE = 24000
_RUNS = 5
_TIMEOUT_S = 300.0


def measure_mert(tracker_hop_ms: float, hop_ms: float) -> dict[str, Any]:
    """Time one window; returns figures, or the reason why there are none.

    Parameters
    ----------
    tracker_hop_ms : float
        What the tracker needs for a hop [ms].
    hop_ms : float
        Length of that hop [ms].
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mert.onnx"
        command = child_command("export_onnx.costs.mert_shape", str(path), str(_WINDOW_S))
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return {"missing": f"not written within {_TIMEOUT_S:g} s"}
        if done.returncode or not path.is_file():
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return {"missing": f"needs the training extras ({last})"}
        window_ms = _time(path)
    parameters = int(done.stdout.split()[-1])
    # Twice a second is the slowest that can be called live.
    return {
        "parameters": parameters,
        "window_s": _WINDOW_S,
        "window_p50_ms": window_ms,
        "share_of_core_at_2_hz": round(2.0 * window_ms / 1000.0, 2),
        "times_tracker": round(2.0 * window_ms / (tracker_hop_ms * 1000.0 / hop_ms), 1),
    }


def _time(path: Path) -> float:
    """Return the median time of one window on one core [ms]."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
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
