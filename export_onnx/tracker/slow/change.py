"""Hears that other music has begun: a cut, another song, a section of another character.

A logistic regression on how far the newest second is from what came before: the trunk's embedding,
and the fast graph's statistics of the notes. It is fitted on cuts between training clips.
"""

import numpy as np
import torch
from torch import Tensor, nn

from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.digest import Digest
from export_onnx.tracker.slow.musicnn import EMBEDDING
from export_onnx.tracker.slow.trunk import RECENT_STEPS, STEP_LENGTH

__all__ = ["DIGEST_S", "STEP_S", "ChangeDetector", "fit_change"]

STEP_S = STEP_LENGTH / 22050
DIGEST_S = 7.0
"""Time constant of the fast graph's running sums [s]."""
_LIMIT = 4.0
_PRIOR = 1e-4


class ChangeDetector(nn.Module):
    """Logit of a change from running sums and embeddings `RECENT_STEPS` steps apart."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.sums = Digest(FrontEndConfig()).pool_state[1]
        size = EMBEDDING + self.sums - 1
        self.keep = float(np.exp(-RECENT_STEPS * STEP_S / DIGEST_S))
        self.register_buffer("scale", torch.ones(size))
        self.weigh = nn.Linear(size, 1)

    def newest(self, digest: Tensor, before: Tensor) -> Tensor:
        """Return sums (B, G + 1) of the newest steps alone, or since the fast graph's start."""
        old = self.keep * before
        return digest - old * (digest[:, -1:] > old[:, -1:]).float()

    def distances(self, recent: Tensor, embedding: Tensor, digest: Tensor, sums: Tensor) -> Tensor:
        """Return distances (B, size) of what is heard now from what was `RECENT_STEPS` steps ago.

        `recent` and `embedding` (B, 200) are the trunk's, now of the newest second and then of the
        whole patch; `digest` and `sums` (B, G + 1) the fast graph's running sums, now and then.
        """
        now, then = self._means(self.newest(digest, sums)), self._means(sums)
        return torch.cat([recent - embedding, now - then], 1).abs()

    def forward(self, recent: Tensor, embedding: Tensor, digest: Tensor, sums: Tensor) -> Tensor:
        """Return a logit (B, 1): above 0 other music has begun."""
        far = self.distances(recent, embedding, digest, sums) / self.scale
        logit: Tensor = self.weigh(far.clamp(max=_LIMIT))
        return logit

    def _means(self, sums: Tensor) -> Tensor:
        return sums[:, :-1] / (sums[:, -1:].abs() + _PRIOR)


def fit_change(
    steady: np.ndarray, cut: np.ndarray, per_minute: float, penalty: float = 0.03
) -> ChangeDetector:
    """Fit the weights, and the threshold to so many false alarms per minute of going music.

    `steady` and `cut` are distances (n, size) of `ChangeDetector.distances` in clips and after
    cuts.
    """
    detector = ChangeDetector()
    detector.scale.copy_(torch.from_numpy(steady.std(0) + 1e-6))
    far = torch.from_numpy(np.concatenate([steady, cut])) / detector.scale
    far = far.clamp(max=_LIMIT)
    target = (torch.arange(len(far)) >= len(steady)).float()[:, None]
    balance = 0.5 / torch.where(target > 0, target.mean(), 1.0 - target.mean())
    nn.init.zeros_(detector.weigh.weight)
    optimiser = torch.optim.LBFGS(detector.parameters(), max_iter=200)

    def loss() -> Tensor:
        optimiser.zero_grad()
        entropy = nn.functional.binary_cross_entropy_with_logits(
            detector.weigh(far), target, balance
        )
        value = entropy + penalty * detector.weigh.weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        logit = detector.weigh(far)[: len(steady), 0].numpy()
        threshold = float(np.quantile(logit, 1.0 - per_minute * STEP_S / 60.0))
        detector.weigh.bias.sub_(threshold)
    return detector.eval()
