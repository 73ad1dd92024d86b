"""The shipped models in eager PyTorch beside onnxruntime, measured where PyTorch is installed."""

import json
import subprocess
from importlib.util import find_spec
from typing import Any

from engine.process.child import child_command, child_environment

__all__ = ["measure_eager"]

_STEPS = 200
_TIMEOUT_S = 180.0


def measure_eager(steps: int = _STEPS) -> dict[str, Any]:
    """Return for every graph what a step costs in either, and the ratio.

    Returns
    -------
    dict
        ``{"missing": reason}`` where the training extra is not installed; else by graph
        ``eager_ms``, ``onnx_ms`` and ``times``.
    """
    if find_spec("torch") is None:
        return {"missing": "PyTorch is not installed"}
    try:
        done = subprocess.run(
            child_command("export_onnx.costs.eager", str(steps)),
            env=child_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"not done within {_TIMEOUT_S:g} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return {"missing": f"PyTorch does not run here ({last})"}
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
