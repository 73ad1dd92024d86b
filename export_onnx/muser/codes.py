"""Vector-quantised autoencoder of beats: one latent slice and one small codebook per element.

Every element has its own encoder, which reads only that element's features of one beat, so the
code of one element can be exchanged and stays valid. Two more losses separate and order the slices:
the first dimension of each must rank two beats as the element's own number does (MusER's sign and
tanh relation, over pairs of beats, in numeric order, undefined values left out, ties pulled
together), and the gradient of an adversary that predicts the other elements' numbers is reversed.

References
----------
MusER: musical element-based regularization for generating symbolic music with emotion. AAAI 2024,
arXiv 2312.10307. van den Oord et al.: Neural discrete representation learning. NeurIPS 2017.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.generators.muser.features import FEATURE_SIZES
from engine.generators.muser.vocabulary import CODEBOOKS, ELEMENTS
from export_onnx.muser.config import LATENT_ELEMENTS, CodesConfig

__all__ = ["BeatCodes", "Codebook", "code_losses", "order_loss"]


class _Reverse(torch.autograd.Function):
    """Identity whose gradient is turned round."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, *gradient: Tensor) -> Tensor:
        return -gradient[0]


class Codebook(nn.Module):
    """Codes that follow the running mean of the latents nearest to them."""

    vectors: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, n_codes: int, size: int, decay: float, dead_below: float) -> None:
        super().__init__()
        self.decay, self.dead_below = decay, dead_below
        self.register_buffer("vectors", torch.randn(n_codes, size))
        self.register_buffer("counts", torch.ones(n_codes))
        self.register_buffer("sums", self.vectors.clone())

    def nearest(self, z: Tensor) -> Tensor:
        """Return the code of each latent: int64, shape (n,)."""
        distance = (
            (z**2).sum(1, keepdim=True) - 2.0 * z @ self.vectors.T + (self.vectors**2).sum(1)[None]
        )
        return distance.argmin(1)

    @torch.no_grad()
    def follow(self, z: Tensor, codes: Tensor) -> None:
        """Move the codes; those nobody uses are put onto random latents of the batch."""
        used = functional.one_hot(codes, len(self.vectors)).to(z.dtype)
        self.counts.lerp_(used.sum(0), 1.0 - self.decay)
        self.sums.lerp_(used.T @ z, 1.0 - self.decay)
        dead = self.counts < self.dead_below
        if dead.any():
            chosen = z[torch.randint(len(z), (int(dead.sum()),))]
            self.sums[dead] = chosen
            self.counts[dead] = 1.0
        self.vectors.copy_(self.sums / self.counts[:, None].clamp(min=1e-5))


class BeatCodes(nn.Module):
    """Encoders, codebooks and reconstructions of the elements of one beat."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: CodesConfig) -> None:
        super().__init__()
        self.config = config
        size, hidden = config.slice_size, config.hidden
        self.register_buffer("mean", torch.zeros(sum(FEATURE_SIZES.values())))
        self.register_buffer("deviation", torch.ones(sum(FEATURE_SIZES.values())))

        def network(inputs: int, outputs: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Linear(inputs, hidden),
                nn.GELU(),
                nn.Linear(hidden, hidden),
                nn.GELU(),
                nn.Linear(hidden, outputs),
            )

        names = LATENT_ELEMENTS
        self.encoders = nn.ModuleDict({n: network(FEATURE_SIZES[n], size) for n in names})
        self.decoders = nn.ModuleDict({n: network(size, FEATURE_SIZES[n]) for n in names})
        self.adversaries = nn.ModuleDict({n: network(size, len(ELEMENTS)) for n in names})
        self.books = nn.ModuleDict(
            {n: Codebook(CODEBOOKS[n], size, config.decay, config.dead_below) for n in names}
        )

    def set_scale(self, features: Tensor) -> None:
        """Take mean and deviation of the training beats; shape (n, FEATURE_TOTAL)."""
        self.mean.copy_(features.mean(0))
        self.deviation.copy_(features.std(0).clamp(min=0.05))

    def split(self, features: Tensor) -> dict[str, Tensor]:
        """Return the scaled features of each element."""
        scaled = ((features - self.mean) / self.deviation).clamp(-6.0, 6.0)
        parts = torch.split(scaled, [FEATURE_SIZES[name] for name in ELEMENTS], dim=1)
        return dict(zip(ELEMENTS, parts, strict=True))

    def book(self, name: str) -> Codebook:
        """Return an element's codebook."""
        return cast(Codebook, self.books[name])

    def latents(self, features: Tensor) -> dict[str, Tensor]:
        """Return the slice of each element, shape (n, slice_size) each."""
        parts = self.split(features)
        return {name: self.encoders[name](parts[name]) for name in LATENT_ELEMENTS}

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes, int64, shape (n, 8), and latents, shape (n, 7, slice_size)."""
        latents = self.latents(features)
        mode = features[:, : FEATURE_SIZES["mode"]].argmax(1)
        codes = [self.book(name).nearest(latents[name]) for name in LATENT_ELEMENTS]
        slices = torch.stack([latents[name] for name in LATENT_ELEMENTS], 1)
        return torch.stack([mode, *codes], 1), slices


def order_loss(latent: Tensor, numbers: Tensor, slope: float) -> Tensor:
    """Return the mean of ``|tanh(slope (z_j - z_k)) - sign(a_j - a_k)|`` over pairs of beats.

    Parameters
    ----------
    latent, numbers : Tensor, shape (n,)
        Pairs are each beat with the one half a batch away; NaN numbers are left out.
    """
    other, against = latent.roll(len(latent) // 2), numbers.roll(len(numbers) // 2)
    known = ~(torch.isnan(numbers) | torch.isnan(against))
    sign = torch.sign(torch.nan_to_num(numbers) - torch.nan_to_num(against))
    error = (torch.tanh(slope * (latent - other)) - sign).abs()
    return (error * known).sum() / known.sum().clamp(min=1)


def code_losses(model: BeatCodes, features: Tensor, numbers: Tensor) -> dict[str, Tensor]:
    """Return the parts of the loss of a batch of beats and move the codebooks.

    Parameters
    ----------
    features : Tensor, shape (n, FEATURE_TOTAL)
    numbers : Tensor, shape (n, 8)
        `features.statistics`, scaled to unit deviation, NaN where undefined.
    """
    config = model.config
    parts = model.split(features)
    losses = {name: features.new_zeros(()) for name in ("rebuild", "commit", "order", "adversary")}
    known = ~torch.isnan(numbers)
    aims = torch.nan_to_num(numbers)
    for name in LATENT_ELEMENTS:
        index = ELEMENTS.index(name)
        z = model.encoders[name](parts[name])
        book = model.book(name)
        codes = book.nearest(z.detach())
        chosen = book.vectors[codes]
        if model.training:
            book.follow(z.detach(), codes)
        passed = z + (chosen - z).detach()
        rebuilt = model.decoders[name](passed)
        losses["rebuild"] += ((rebuilt - parts[name]) ** 2).mean()
        losses["commit"] += ((z - chosen) ** 2).mean()
        losses["order"] += order_loss(z[:, 0], numbers[:, index], config.slope)
        guessed = model.adversaries[name](_Reverse.apply(z))  # type: ignore[no-untyped-call]
        others = known.clone()
        others[:, index] = False
        error = (guessed - aims) ** 2 * others
        losses["adversary"] += error.sum() / others.sum().clamp(min=1)
    losses["total"] = (
        losses["rebuild"]
        + config.commitment * losses["commit"]
        + config.regulariser * losses["order"]
        + config.adversary * losses["adversary"]
    )
    return losses
