"""Compare the ONNX file with the PyTorch network, and frames one by one with many at once."""

import numpy as np
import torch

from engine.beat.frontend import N_FEATURES
from engine.beat.model import BeatModel
from export_onnx.beat.export import BeatGraph
from export_onnx.beat.network import BeatNetwork

__all__ = ["TOLERANCE", "verify"]

TOLERANCE = 1e-4


def verify(
    model: BeatModel, network: BeatNetwork, frames: int = 200, seed: int = 3
) -> dict[str, float]:
    """Return the largest difference of any output for each comparison."""
    seen = np.random.default_rng(seed).gamma(0.5, 0.5, (frames, N_FEATURES)).astype(np.float32)
    *whole, _ = model.step(seen, model.start())
    with torch.no_grad():
        wanted = BeatGraph(network).eval()(torch.from_numpy(seen)[None], *network.start(1))
    from_torch = max(
        float(np.abs(mine - theirs[0].numpy()).max())
        for mine, theirs in zip(whole, wanted[:3], strict=True)
    )
    states, one_by_one = model.start(), 0.0
    for i in range(frames):
        *step, states = model.step(seen[i : i + 1], states)
        one_by_one = max(
            one_by_one,
            *(float(np.abs(a[0] - b[i]).max()) for a, b in zip(step, whole, strict=True)),
        )
    return {"ONNX and PyTorch": from_torch, "one by one and at once": one_by_one}
