"""Attention of the decoder over the events of more than 64 bars.

Blocks are pre-norm. Each head of keys and values serves two queries: one at the place of the event
itself, one moved back to where the figures of its bar come from (the form code names the bar).
Places are told by rotation, in beats; every wavelength divides `PERIOD`, so that a place may be
counted modulo it and the music may go on for ever.

References
----------
Su et al.: RoFormer: enhanced transformer with rotary position embedding. arXiv 2104.09864.
Ainslie et al.: GQA: training generalized multi-query transformer models. arXiv 2305.13245.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from export_onnx.muser.config import DecoderConfig

__all__ = ["HEAD_SIZE", "Block", "Places", "places_of"]

_WAVES = (512, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)
"""Wavelengths of the rotation [beats]."""

HEAD_SIZE = 2 * len(_WAVES)
"""Dimensions of a query, key or value."""

Places = tuple[Tensor, Tensor]
"""Cosine and sine of the places of events, shape (B, T, 1, head size / 2) each."""


def places_of(beats: Tensor) -> Places:
    """Return the rotation of places [beats], shape (B, T)."""
    angle = beats[..., None, None] * (2.0 * torch.pi / torch.tensor(_WAVES))
    return angle.cos(), angle.sin()


def _turned(x: Tensor, places: Places) -> Tensor:
    """Rotate vectors, shape (B, T, heads, head size)."""
    cosine, sine = places
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


class Block(nn.Module):
    """Attention and a feed-forward layer, over (B, T, hidden)."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width, self.heads = config.hidden, config.keys
        self.size = HEAD_SIZE
        self.before = nn.LayerNorm(width)
        self.query = nn.Linear(width, 2 * self.heads * self.size)
        self.entry = nn.Linear(width, 2 * self.heads * self.size)
        self.merge = nn.Linear(2 * self.heads * self.size, width)
        self.between = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, config.feed), nn.GELU(), nn.Linear(config.feed, width)
        )
        self.dropout = nn.Dropout(config.dropout)

    def project(self, x: Tensor, own: Places, source: Places) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, shape (B, T, 2 heads, size), keys and values, (B, T, heads, size)."""
        x = self.before(x)
        query = self.query(x).unflatten(-1, (2, self.heads, self.size))
        key, value = self.entry(x).unflatten(-1, (2, self.heads, self.size)).unbind(-3)
        near, far = query.unbind(-3)
        return torch.cat([_turned(near, own), _turned(far, source)], -2), _turned(key, own), value

    def finish(self, x: Tensor, seen: Tensor) -> Tensor:
        """Add what was seen, shape (B, T, 2 heads, size), and the feed-forward layer."""
        x = x + self.dropout(self.merge(seen.flatten(-2)))
        fed: Tensor = self.feed(self.between(x))
        found: Tensor = x + self.dropout(fed)
        return found

    def forward(self, x: Tensor, own: Places, source: Places) -> Tensor:
        """Run over whole sequences, each event seeing itself and those before."""
        query, key, value = self.project(x, own, source)
        key, value = (pair.repeat(1, 1, 2, 1).transpose(1, 2) for pair in (key, value))
        seen = functional.scaled_dot_product_attention(
            query.transpose(1, 2), key, value, is_causal=True
        )
        return self.finish(x, seen.transpose(1, 2))

    def step(
        self, x: Tensor, own: Places, source: Places, memory: Tensor, unseen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run over one event.

        Parameters
        ----------
        x : float32, shape (1, 1, hidden)
        memory : float32, shape (2, heads, M, size)
            Keys and values of the events before.
        unseen : float32, shape (M,)
            0 where the memory holds an event, a large negative number elsewhere.

        Returns
        -------
        x : float32, shape (1, 1, hidden)
        entry : float32, shape (2, heads, size)
            Key and value of this event.
        """
        query, key, value = self.project(x, own, source)
        pairs = query[0, 0].view(2, self.heads, self.size).transpose(0, 1) * self.size**-0.5
        before = pairs @ memory[0].transpose(1, 2) + unseen
        here = (pairs * key[0, 0][:, None]).sum(-1, keepdim=True)
        share = torch.cat([before, here], -1).softmax(-1)
        seen = share[..., :-1] @ memory[1] + share[..., -1:] * value[0, 0][:, None]
        entry = torch.stack([key[0, 0], value[0, 0]])
        return self.finish(x, seen.transpose(0, 1).flatten(0, 1)[None, None]), entry
