"""Running means with explicit state, in closed form over any number of hops.

``S[t] = a**w[t] S[t-1] + (1 - a) w[t] x[t]`` and the same for the weights ``w`` alone; the mean is
their quotient. A zero state is the start (the quotient corrects the bias). Where the weight is zero
time stands still: silence neither washes a mean out nor ages it. With the running sum of the
weights as clock, a product with a lower-triangular matrix gives all hops of a call at once, so that
one hop and a thousand take the same path.
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
            for part, weight in zip(
                torch.split(weighted, self.block, 1),
                torch.split(weights, self.block, 1),
                strict=True,
            ):
                sums, state = self._sums(part, weight, state)
                parts.append(sums)
            sums = torch.cat(parts, 2)
        else:
            sums, state = self._sums(weighted, weights, state)
        total = sums[..., -1:] + _PRIOR_WEIGHT
        means = (sums[..., :-1] + _PRIOR_WEIGHT * self.prior) / total
        return means.transpose(1, 2), state

    def _sums(self, weighted: Tensor, weights: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return decayed sums (B, taus, n, F + 1) and the last of them."""
        clock = torch.cumsum(weights, 1)  # (B, n)
        age = clock[:, :, None] - clock[:, None, :]
        steps = torch.arange(weighted.shape[1])
        heard = (steps[:, None] >= steps[None, :]).float()
        log_decay = torch.log(self.decays)[None, :, None, None]
        kernel = torch.exp(log_decay * age.clamp(min=0.0)[:, None]) * heard
        kernel = kernel * (1.0 - self.decays)[None, :, None, None]
        carry = torch.exp(log_decay * clock[:, None, :, None])  # (B, taus, n, 1)
        sums = torch.matmul(kernel, weighted[:, None]) + carry * state[:, :, None, :]
        return sums, sums[:, :, -1]
