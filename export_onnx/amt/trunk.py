"""A layer of the chord model's transformer: rotary attention to the past, conditioning as FiLM."""

import torch
from torch import nn

from export_onnx.amt.config import NetworkConfig

__all__ = ["Block"]


def _rotate(x: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    """Turn pairs of the last axis of ``x`` by ``angle`` (slots, half that width)."""
    first, second = x.chunk(2, -1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


class Block(nn.Module):
    """Pre-norm attention and feed-forward layer; whole songs, or one slot with its past."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.heads, self.window = config.heads, config.window
        self.first = nn.LayerNorm(width, elementwise_affine=False)
        self.second = nn.LayerNorm(width, elementwise_affine=False)
        self.film = nn.Linear(width, 4 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, config.hidden), nn.GELU(), nn.Linear(config.hidden, width)
        )
        self.drop = nn.Dropout(config.dropout)
        half = width // config.heads // 2
        rates = 1.0 / 1000.0 ** (torch.arange(half) / half)
        self.register_buffer("rates", rates, persistent=False)

    def forward(
        self,
        x: torch.Tensor,
        known: torch.Tensor,
        past: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run over slots (batch, slots, width); ``past`` holds keys, values and what is filled."""
        batch, slots, width = x.shape
        scale1, shift1, scale2, shift2 = self.film(known).chunk(4, -1)
        y = self.first(x) * (1.0 + scale1) + shift1
        parts = self.project(y).reshape(batch, slots, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        rates = self.get_buffer("rates")
        if past is None:
            place = torch.arange(slots)
            gap = place[:, None] - place[None, :]
            seen = ((gap >= 0) & (gap < self.window))[None, None]
            turned_query = _rotate(query, place[:, None] * rates)
            turned_key = _rotate(key, place[:, None] * rates)
        else:
            key = torch.cat([past[0][:, :, 1:], key], 2)
            value = torch.cat([past[1][:, :, 1:], value], 2)
            place = torch.arange(1 - self.window, 1)
            turned_query = query
            turned_key = _rotate(key, place[:, None] * rates)
            seen = (past[2] > 0)[:, None, None, :]
        weight = turned_query @ turned_key.transpose(-1, -2) / (width // self.heads) ** 0.5
        weight = weight.masked_fill(~seen, -1e9).softmax(-1)
        heard = (weight @ value).permute(0, 2, 1, 3).reshape(batch, slots, width)
        x = x + self.drop(self.merge(heard))
        y = self.second(x) * (1.0 + scale2) + shift2
        return x + self.drop(self.feed(y)), key, value
