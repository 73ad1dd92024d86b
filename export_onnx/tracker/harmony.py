"""Pitch bank to chord and key: every layer treats the twelve pitch classes alike.

Circular convolutions over pitch classes make the outputs turn with the input, so chords and keys
are learned once for all transpositions.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.pools import RunningMean

__all__ = ["Harmony", "HarmonyOutput", "rotate_to_tonic"]


class HarmonyOutput(NamedTuple):
    """What harmony hands on.

    Attributes
    ----------
    chord, key : Tensor
        Logits, (B, n, 25) and (B, n, 24).
    classes : Tensor
        Pitch-class evidence over about half a second, (B, n, C, 12).
    """

    chord: Tensor
    key: Tensor
    classes: Tensor


class CircularConv(nn.Module):
    """Convolution around the circle of twelve pitch classes, as one matrix product."""

    index: Tensor

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        bound = (channels * 12) ** -0.5
        self.weight = nn.Parameter(torch.empty(channels, hidden, 12).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(hidden, 1))
        self.hidden = hidden
        steps = torch.arange(12)
        index = (steps[:, None] - steps[None, :]) % 12  # weight of class i for output class j
        self.register_buffer("index", index.reshape(-1), persistent=False)

    def forward(self, classes: Tensor) -> Tensor:
        """`classes` (N, channels, 12); returns (N, hidden, 12)."""
        channels = self.weight.shape[0]
        full = self.weight[:, :, self.index].reshape(channels, self.hidden, 12, 12)
        matrix = full.permute(0, 2, 1, 3).reshape(channels * 12, self.hidden * 12)
        turned = classes.reshape(-1, channels * 12) @ matrix
        return turned.reshape(-1, self.hidden, 12) + self.bias


def rotate_to_tonic(classes: Tensor, tonic: Tensor) -> Tensor:
    """Average of pitch-class rows turned to each tonic, weighted by the tonic's probability.

    `classes` (N, C, 12), `tonic` (N, 12); returns (N, C, 12) where index 0 is the tonic.
    """
    steps = torch.arange(12)
    index = (steps[:, None] - steps[None, :]) % 12  # out[j] = sum_i classes[i] tonic[i - j]
    turn = tonic[:, index.reshape(-1)].reshape(-1, 12, 12)
    return torch.matmul(classes, turn)


class Harmony(nn.Module):
    """Chord and key logits from log powers of the pitch bank."""

    def __init__(self, front: FrontEndConfig, config: NetworkConfig) -> None:
        super().__init__()
        self.octaves = front.n_semitones // 12
        self.offset = front.pitch_low % 12
        channels, classes = config.pitch_channels, config.class_channels
        per = front.bins_per_semitone
        self.local = nn.Conv1d(1, channels, 3 * per, stride=per, padding=per)
        self.fold = nn.Conv1d(channels * self.octaves, classes, 1)
        rate = front.hops_per_second
        n_chord, n_key = len(config.chord_pools_s), len(config.key_pools_s)
        self.chord_pool = RunningMean(config.chord_pools_s, rate)
        self.key_pool = RunningMean(config.key_pools_s, rate)
        self.chord_in = CircularConv(classes * (1 + n_chord), config.chord_hidden)
        self.chord_out = nn.Conv1d(config.chord_hidden, 2, 1)
        self.no_chord = nn.Linear(config.chord_hidden, 1)
        self.key_in = CircularConv((classes + 2) * n_key, config.key_hidden)
        self.key_out = nn.Conv1d(config.key_hidden, 2, 1)
        self.classes = classes
        self.chord_state = (n_chord, classes * 12 + 1)
        self.key_state = (n_key, (classes + 2) * 12 + 1)

    def forward(
        self, pitch: Tensor, activity: Tensor, chord_state: Tensor, key_state: Tensor
    ) -> tuple[HarmonyOutput, Tensor, Tensor]:
        """`pitch` (B, n, bins) relative to the level, in nepers; `activity` (B, n)."""
        batch, n = pitch.shape[0], pitch.shape[1]
        bins = pitch.reshape(-1, 1, pitch.shape[2]) * 0.25 + 1.0
        local = functional.gelu(self.local(bins))  # (B n, channels, semitones)
        folded = local.reshape(local.shape[0], -1, 12)
        turn = 12 - self.offset  # so that index 0 is C
        folded = torch.cat([folded[..., turn:], folded[..., :turn]], -1)
        classes = functional.gelu(self.fold(folded))  # (B n, C, 12)

        flat = classes.reshape(batch, n, self.classes * 12)
        pooled, chord_state = self.chord_pool(flat, activity, chord_state)
        stacked = torch.cat([flat[:, :, None], pooled], 2)
        stacked = stacked.reshape(local.shape[0], -1, 12)
        hidden = functional.gelu(self.chord_in(stacked))
        triads = self.chord_out(hidden).reshape(batch, n, 24)
        none = self.no_chord(hidden.mean(2)).reshape(batch, n, 1)
        chord = torch.cat([none, triads], 2)

        named = torch.softmax(chord, 2)[..., 1:]
        recent = pooled[:, :, 1]
        means, key_state = self.key_pool(torch.cat([recent, named], 2), activity, key_state)
        spread = means.reshape(local.shape[0], -1, 12)
        hidden = functional.gelu(self.key_in(spread))
        key = self.key_out(hidden).reshape(batch, n, 24)
        out = HarmonyOutput(chord, key, recent.reshape(batch, n, self.classes, 12))
        return out, chord_state, key_state
