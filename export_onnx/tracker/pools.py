"""Running means with explicit state, in closed form over any number of hops.

``S[t] = a S[t-1] + (1 - a) w[t] x[t]`` and the same for the weights ``w`` alone; the mean is their
quotient. A zero state is the start (the quotient corrects the bias), a weight of zero leaves the
mean as it was (silence does not wash it out), and a product with a lower-triangular matrix gives
all hops of a call at once, so that one hop and a thousand take the same path.
"""

import torch
from torch import Tensor, nn

__all__ = ["RunningMean"]

# Weight of the prior mean: matters only in the first instant of sound.
_PRIOR_WEIGHT = 1e-4


class RunningMean(nn.Module):
    """Weighted running means with several time constants.

    Parameters
    ----------
    taus_s : tuple of float
        Time constants [s].
    hops_per_second : float
        [Hz]
    prior : float
        Mean before anything was heard.

    Attributes
    ----------
    block : int
        Hops per matrix product in training, where sequences are long; 0 takes all hops of a call
        at once, which is what the exported graph does.
    """

    decays: Tensor

    def __init__(
        self, taus_s: tuple[float, ...], hops_per_second: float, prior: float = 0.0
    ) -> None:
        super().__init__()
        taus = torch.tensor(taus_s, dtype=torch.float64)
        decays = torch.exp(-1.0 / (taus * hops_per_second))
        self.register_buffer("decays", decays.float(), persistent=False)
        self.prior = prior
        self.block = 40

    def forward(self, values: Tensor, weights: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return running means (B, n, taus, F) and the new state.

        `values` (B, n, F), `weights` (B, n) in 0..1, `state` (B, taus, F + 1).
        """
        weighted = torch.cat([values * weights[..., None], weights[..., None]], 2)
        if self.block:
            parts = []
            for part in torch.split(weighted, self.block, 1):
                sums, state = self._sums(part, state)
                parts.append(sums)
            sums = torch.cat(parts, 2)
        else:
            sums, state = self._sums(weighted, state)
        total = sums[..., -1:] + _PRIOR_WEIGHT
        means = (sums[..., :-1] + _PRIOR_WEIGHT * self.prior) / total
        return means.transpose(1, 2), state

    def _sums(self, weighted: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return decayed sums (B, taus, n, F + 1) and the last of them."""
        steps = torch.arange(weighted.shape[1], dtype=torch.float32)
        age = steps[:, None] - steps[None, :]
        log_decay = torch.log(self.decays)[:, None, None]
        kernel = torch.exp(log_decay * age.clamp(min=0.0)) * (age >= 0).float()
        kernel = kernel * (1.0 - self.decays)[:, None, None]
        carry = torch.exp(log_decay * (steps[None, :, None] + 1.0))  # (taus, n, 1)
        sums = torch.matmul(kernel[None], weighted[:, None]) + carry[None] * state[:, :, None, :]
        return sums, sums[:, :, -1]
