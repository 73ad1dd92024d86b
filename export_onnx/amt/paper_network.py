"""The published network: video seconds through an encoder, chords through a relative decoder.

As in the paper but for its defects: padding is masked in encoder, cross-attention and losses, a
batch may have more than one song, END is a target, a major chord has its own quality. Of the
CLIP embeddings it sees the principal components that the live player sees too.

References
----------
Kang, Poria, Herremans: Video2Music. arXiv 2311.00968. Huang et al.: Music Transformer. arXiv
1809.04281 (relative attention with skewing).
"""

import math
from dataclasses import dataclass

import torch
from torch import nn

from engine.generators.amt.conditioning import GROUPS
from engine.generators.amt.vocabulary import (
    N_QUALITY_TOKENS,
    N_ROOT_TOKENS,
    QUALITY_OF,
    ROOT_OF,
    SIZE,
)

__all__ = ["VIDEO_WIDTH", "PaperAmt", "PaperConfig"]

VIDEO_WIDTH = GROUPS["semantic"] + 1 + 1 + 6
"""CLIP components, scene offset, motion, six emotions."""


@dataclass(frozen=True)
class PaperConfig:
    """Sizes, as published.

    Attributes
    ----------
    longest : int
        Seconds at most.
    """

    width: int = 512
    layers: int = 6
    heads: int = 8
    hidden: int = 1024
    dropout: float = 0.1
    longest: int = 300


class _Positions(nn.Module):
    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        place = torch.arange(config.longest)[:, None]
        rate = torch.exp(torch.arange(0, config.width, 2) * (-math.log(10000.0) / config.width))
        table = torch.zeros(config.longest, config.width)
        table[:, 0::2] = (place * rate).sin()
        table[:, 1::2] = (place * rate).cos()
        self.register_buffer("table", table, persistent=False)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.drop(x + self.get_buffer("table")[: x.shape[1]]))


class _RelativeAttention(nn.Module):
    """Causal self-attention with one learned table of relative positions for all heads."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.heads, self.longest = config.heads, config.longest
        self.project = nn.Linear(config.width, 3 * config.width)
        self.merge = nn.Linear(config.width, config.width)
        self.relative = nn.Parameter(torch.rand(config.longest, config.width // config.heads))
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, n, width = x.shape
        parts = self.project(x).reshape(batch, n, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        logits = query @ self.relative[self.longest - n :].T
        skewed = nn.functional.pad(logits, (1, 0)).reshape(batch, self.heads, n + 1, n)[:, :, 1:]
        weight = (query @ key.transpose(-1, -2) + skewed) / (width // self.heads) ** 0.5
        future = torch.ones(n, n, dtype=torch.bool).triu(1)
        weight = self.drop(weight.masked_fill(future, -1e9).softmax(-1))
        return torch.as_tensor(self.merge((weight @ value).transpose(1, 2).reshape(x.shape)))


class _DecoderLayer(nn.Module):
    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.own = _RelativeAttention(config)
        self.cross = nn.MultiheadAttention(
            config.width, config.heads, config.dropout, batch_first=True
        )
        self.feed = nn.Sequential(
            nn.Linear(config.width, config.hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.width),
        )
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(3))
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: torch.Tensor, video: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        x = self.norms[0](x + self.drop(self.own(x)))
        seen, _ = self.cross(x, video, video, key_padding_mask=padding, need_weights=False)
        x = self.norms[1](x + self.drop(seen))
        return torch.as_tensor(self.norms[2](x + self.drop(self.feed(x))))


class PaperAmt(nn.Module):
    """Encoder and decoder at one token per second."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        self.see = nn.Linear(VIDEO_WIDTH, config.width)
        self.positions = _Positions(config)
        layer = nn.TransformerEncoderLayer(
            config.width, config.heads, config.hidden, config.dropout, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.root = nn.Embedding(N_ROOT_TOKENS, config.width)
        self.quality = nn.Embedding(N_QUALITY_TOKENS, config.width)
        self.hear = nn.Linear(config.width + 1, config.width)
        self.decoder = nn.ModuleList(_DecoderLayer(config) for _ in range(config.layers))
        self.out = nn.Linear(config.width, SIZE)
        self.register_buffer("roots", torch.tensor(ROOT_OF), persistent=False)
        self.register_buffer("qualities", torch.tensor(QUALITY_OF), persistent=False)

    def forward(
        self, before: torch.Tensor, minor: torch.Tensor, video: torch.Tensor, padding: torch.Tensor
    ) -> torch.Tensor:
        """Logits of the chord of each second.

        Parameters
        ----------
        before : int64 tensor, shape (batch, n)
            The chord a second earlier.
        minor : float tensor, shape (batch,)
            1 for songs in minor.
        video : float tensor, shape (batch, n, VIDEO_WIDTH)
        padding : bool tensor, shape (batch, n)
            True beyond the end of a song.

        Returns
        -------
        float tensor, shape (batch, n, SIZE)
        """
        seen = self.encoder(self.positions(self.see(video)), src_key_padding_mask=padding)
        x = self.root(self.get_buffer("roots")[before])
        x = x + self.quality(self.get_buffer("qualities")[before])
        key = minor[:, None, None].expand(-1, before.shape[1], 1)
        x = self.positions(self.hear(torch.cat([x, key], -1)))
        for layer in self.decoder:
            x = layer(x, seen, padding)
        return torch.as_tensor(self.out(x))
