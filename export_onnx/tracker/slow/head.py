"""The head of the slow lane: what trunk, digest and fast outputs say together.

It gives one normal distribution per axis; quadrant probabilities are its masses, so that they
cannot contradict valence and arousal. Running means over a few seconds hold the past; where other
music begins the network starts them anew, so that they may be long.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import InputError
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.digest import DIGEST, Digest
from export_onnx.tracker.slow.musicnn import EMBEDDING
from export_onnx.tracker.slow.trunk import HOPS_PER_STEP

__all__ = ["FAST_SHARE", "HEAD_FAST", "Head", "HeadConfig", "Pools"]

HEAD_FAST = 17
FAST_SHARE = 0.5
"""Of the fast graph in the mean where notes are heard: half, not tuned."""
_PRIOR = 1e-4


@dataclass(frozen=True)
class HeadConfig:
    """Sizes of the head.

    Attributes
    ----------
    taus_s : tuple of float
        Time constants of the running means [s].
    hidden : int
        Width of each member's hidden layer.
    members : int
        Networks whose answers are averaged, even: one half for recordings, one for notes.
    use_trunk, use_digest, use_fast : bool
        Parts that are heard; for the ablation and for sets left out.
    """

    taus_s: tuple[float, ...] = (1.0, 4.0, 12.0)
    hidden: int = 48
    members: int = 4
    dropout: float = 0.5
    use_trunk: bool = True
    use_digest: bool = True
    use_fast: bool = True

    def __post_init__(self) -> None:
        if self.members < 2 or self.members % 2:
            raise InputError(f"members {self.members}: must be an even number above 0")

    def to_json(self) -> dict[str, Any]:
        """Return the sizes as plain JSON values."""
        return asdict(self)


class Pools(nn.Module):
    """Running means of embedding and fast outputs; a state of zeros is the start."""

    keep: Tensor

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        step_s = 2048 * HOPS_PER_STEP / 22050
        keep = torch.exp(-step_s / torch.tensor(config.taus_s))
        self.register_buffer("keep", keep[:, None], persistent=False)
        self.state = (len(config.taus_s), EMBEDDING + HEAD_FAST + 1)

    def forward(self, values: Tensor, activity: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Means (B, taus * F) after one more step of values (B, F); activity (B, 1) in 0..1."""
        row = torch.cat([values, torch.ones_like(activity)], 1)[:, None]
        keep = self.keep ** activity[:, None]
        state = state * keep + (1.0 - keep) * row
        return self.means(state), state

    def means(self, state: Tensor) -> Tensor:
        """Return the running means (B, taus * F) of a state."""
        return (state[..., :-1] / (state[..., -1:] + _PRIOR)).flatten(1)


class Head(nn.Module):
    """Features of one step to mean and deviation of valence and arousal.

    Attributes
    ----------
    std_scale : Tensor
        Factors on the stated deviations, fitted on songs left out.
    """

    std_scale: Tensor
    fast_share: Tensor
    heard: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.config = config
        self.pools = Pools(config)
        self.digest = Digest(FrontEndConfig())
        for name in ("landmarks", "weights", "centre", "scale", "width", "offset"):
            delattr(self.digest, name)  # the regression of the fast graph is not needed here
        size = self.pools.state[0] * (self.pools.state[1] - 1) + DIGEST
        self.size = size
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.register_buffer("heard", self._heard(), persistent=False)
        self.register_buffer("std_scale", torch.ones(2))
        n, width = config.members, config.hidden
        self.enter = nn.Parameter(torch.zeros(n, size, width))
        self.enter_bias = nn.Parameter(torch.zeros(n, 1, width))
        self.leave = nn.Parameter(torch.zeros(n, width, 4))
        self.leave_bias = nn.Parameter(torch.zeros(n, 1, 4))
        self.direct = nn.Parameter(torch.zeros(n, size, 2))
        self.real = nn.Linear(size, 1)
        # Of valence and arousal, where the sound is no recording: the rest is the members'.
        self.register_buffer("fast_share", torch.zeros(2))
        self.drop = nn.Dropout(config.dropout)
        self.reset()

    def reset(self) -> None:
        """Draw the weights."""
        nn.init.normal_(self.enter, std=(1.0 / self.size) ** 0.5)
        nn.init.normal_(self.leave, std=0.3 * (1.0 / self.config.hidden) ** 0.5)
        with torch.no_grad():
            self.leave_bias[..., 2:] = -1.0

    def _heard(self) -> Tensor:
        """1 for every feature that is used."""
        config, taus = self.config, self.pools.state[0]
        each = [float(config.use_trunk)] * EMBEDDING + [float(config.use_fast)] * HEAD_FAST
        return torch.tensor(each * taus + [float(config.use_digest)] * DIGEST)

    def features(
        self, embedding: Tensor, fast: Tensor, digest: Tensor, activity: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Features (B, size) of one step, and the new state of the pools.

        `digest` (B, 1, F + 1) are the running sums of the fast graph.
        """
        _, state = self.pools(torch.cat([embedding, fast], 1), activity, state)
        return self.of_sums(state, digest[:, 0]), state

    def of_sums(self, pools: Tensor, digest: Tensor) -> Tensor:
        """Features of running sums: those of the pools and (B, G + 1) of the fast graph."""
        plain = digest[..., :-1] / (digest[..., -1:] + _PRIOR)
        return torch.cat([self.pools.means(pools), self.digest.conclude(plain[:, None])[:, 0]], 1)

    def judge(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (members, B, 2) and log deviation (members, B, 2) of features (B, size)."""
        normal = self._normal(features)
        each = self.drop(normal.expand(self.config.members, *normal.shape))
        hidden = self.drop(torch.tanh(each @ self.enter + self.enter_bias))
        said = hidden @ self.leave + self.leave_bias
        return said[..., :2] + each @ self.direct, said[..., 2:].clamp(-2.5, 0.5)

    def recorded(self, features: Tensor) -> Tensor:
        """Logit (B, 1) of whether this is a recording of a band or orchestra, not notes played."""
        logit: Tensor = self.real(self._normal(features))
        return logit

    def _normal(self, features: Tensor) -> Tensor:
        return ((features - self.centre) / self.scale).clamp(-4.0, 4.0) * self.heard

    def conclude(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (B, 2) in [-1, 1] and deviation (B, 2) of the members together.

        Each half of the members counts as far as the sound is of its kind. Where single notes are
        heard and no recording, the fast graph, which learned from many instruments, has its share
        in the mean.
        """
        means, logs = self.judge(features)
        recording = torch.sigmoid(self.recorded(features))
        half = self.config.members // 2
        weight = torch.stack([recording] * half + [1.0 - recording] * half) / half
        mean = (weight * means).sum(0)
        apart = (means - mean).square()
        deviation = (weight * (logs.mul(2.0).exp() + apart)).sum(0).sqrt() * self.std_scale
        share = self.fast_share * (1.0 - recording)
        mean = torch.lerp(mean, features[:, EMBEDDING : EMBEDDING + 2], share)
        return mean.clamp(-1.0, 1.0), deviation
