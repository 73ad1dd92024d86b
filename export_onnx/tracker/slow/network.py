"""Trunk and head as one graph with explicit state: what is exported and checked."""

import torch
from torch import Tensor, nn

from engine.emotion.slow_model import FAST_STATE
from export_onnx.tracker.slow.head import HEAD_FAST, Head
from export_onnx.tracker.slow.trunk import STEP_LENGTH, Trunk

__all__ = ["SlowNetwork"]


class SlowNetwork(nn.Module):
    """One step of the slow lane.

    `forward` takes sound (B, STEP_LENGTH), the fast outputs (B, 17), the fast graph's digest state
    (B, 1, G + 1) and states; it returns means (B, 2) and deviations (B, 2) of valence and arousal
    and the new states.
    """

    def __init__(self, trunk: Trunk, head: Head) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every state in order, without the batch axis; zero at the start."""
        return {**self.trunk.state_shapes(), "state_means": self.head.pools.state}

    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every input that is no state, without the batch axis."""
        digest = self.head.digest.pool_state
        return {"pcm": (STEP_LENGTH,), "fast": (HEAD_FAST,), FAST_STATE: digest}

    def forward(
        self, pcm: Tensor, fast: Tensor, digest: Tensor, *states: Tensor
    ) -> tuple[Tensor, ...]:
        """Shapes as in the class docstring."""
        embedding, _, share, *kept = self.trunk(pcm, *states[:-1])
        features, means = self.head.features(embedding, fast, digest, share, states[-1])
        affect, deviation = self.head.conclude(features)
        return affect, deviation, *kept, means


def zeros_of(shapes: dict[str, tuple[int, ...]]) -> list[Tensor]:
    """Start states of one stream."""
    return [torch.zeros(1, *shape) for shape in shapes.values()]
