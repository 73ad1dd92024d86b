"""Trunk, change detector and head as one graph with explicit state: what is exported."""

import torch
from torch import Tensor, nn

from engine.emotion.slow_model import FAST_STATE
from export_onnx.tracker.slow.change import ChangeDetector
from export_onnx.tracker.slow.head import HEAD_FAST, Head
from export_onnx.tracker.slow.musicnn import EMBEDDING
from export_onnx.tracker.slow.trunk import RECENT_FRAMES, RECENT_STEPS, STEP_LENGTH, Trunk

__all__ = ["SlowNetwork", "zeros_of"]

# Weight of the running sums from which on they tell what was before: after two seconds.
_SURE = 0.25
_UNSURE = 0.9


class SlowNetwork(nn.Module):
    """One step of the slow lane.

    `forward` takes sound (B, STEP_LENGTH), the fast outputs (B, 17), the fast graph's digest state
    (B, 1, G + 1) and states; it returns means (B, 2) and deviations (B, 2) of valence and arousal,
    whether other music has begun (B, 1; 0 or 1) and the new states. After a change only the newest
    second is remembered.
    """

    def __init__(self, trunk: Trunk, change: ChangeDetector, head: Head) -> None:
        super().__init__()
        self.trunk, self.change, self.head = trunk, change, head

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every state in order, without the batch axis; zero at the start."""
        return {
            **self.trunk.state_shapes(),
            "state_embeddings": (RECENT_STEPS, EMBEDDING),
            "state_sums": (RECENT_STEPS, self.change.sums),
            "state_means": self.head.pools.state,
        }

    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every input that is no state, without the batch axis."""
        digest = self.head.digest.pool_state
        return {"pcm": (STEP_LENGTH,), "fast": (HEAD_FAST,), FAST_STATE: digest}

    def forward(
        self, pcm: Tensor, fast: Tensor, digest: Tensor, *states: Tensor
    ) -> tuple[Tensor, ...]:
        """Shapes as in the class docstring."""
        embeddings, sums, means = states[-3:]
        embedding, recent, share, *kept, known = self.trunk(pcm, *states[:-3])
        newest = digest[:, 0]
        logit = self.change(recent, embeddings[:, 0], newest, sums[:, 0])
        sure = sums[:, 0, -1:] > _SURE
        changed = ((logit > 0.0) & sure).float()
        embedding = torch.lerp(embedding, recent, changed)
        heard = torch.lerp(newest, self.change.newest(newest, sums[:, 0]), changed)
        old = torch.arange(known.shape[2]) < known.shape[2] - RECENT_FRAMES
        known = known * (1.0 - changed[:, :, None] * old.float())
        means = means * (1.0 - changed[:, :, None])
        features, means = self.head.features(embedding, fast, heard[:, None], share, means)
        # The fast graph has not forgotten yet: what it says now weighs little in later means.
        means = means * (1.0 - _UNSURE * changed[:, :, None])
        affect, deviation = self.head.conclude(features)
        embeddings = torch.cat([embeddings[:, 1:], embedding[:, None]], 1)
        sums = torch.cat([sums[:, 1:], newest[:, None]], 1) * (1.0 - changed[:, :, None])
        return affect, deviation, changed, *kept, known, embeddings, sums, means


def zeros_of(shapes: dict[str, tuple[int, ...]]) -> list[Tensor]:
    """Start states of one stream."""
    return [torch.zeros(1, *shape) for shape in shapes.values()]
