"""Augmentation of log powers: changes that a stage, a room or a mixing desk could make.

Gain, equaliser, added noise and compression are exact in the power domain (up to phase), so they
cost nothing against rendering again.
"""

import math

import torch
from torch import Tensor

from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.frontend import POWER_FLOOR

__all__ = ["Augmenter"]

_NEPER = math.log(10.0) / 10.0  # of power, per dB


class Augmenter:
    """Random gain, equaliser, compression and noise on a batch of log powers."""

    def __init__(self, config: FrontEndConfig, gain_range_db: float, seed: int) -> None:
        self.config = config
        self.gain_range_db = gain_range_db
        self.rng = torch.Generator().manual_seed(seed)
        low, high = (2595.0 * math.log10(1.0 + f / 700.0) for f in (config.fmin, config.fmax))
        mel = torch.linspace(low, high, config.n_mels + 2)[1:-1]
        self.mel_octave = torch.log2((700.0 * (10.0 ** (mel / 2595.0) - 1.0)) / 1000.0)
        steps = torch.arange(config.n_pitch_bins) / config.bins_per_semitone
        pitch_hz = 440.0 * 2.0 ** ((config.pitch_low + steps - 69.0) / 12.0)
        self.pitch_octave = torch.log2(pitch_hz / 1000.0)
        # Width of each band: white noise puts more power into wider bands.
        self.mel_width = torch.log(700.0 * (10.0 ** (mel / 2595.0)) / 1000.0)

    def _uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=self.rng)

    def _chance(self, probability: float, n: int) -> Tensor:
        return (torch.rand(n, generator=self.rng) < probability).float()

    def __call__(self, mel: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor]:
        """Change `mel` (B, n, frames, mels) and `pitch` (B, n, bins); returns new tensors."""
        batch = mel.shape[0]
        mel, pitch = self._compress(mel, pitch)
        mel_curve, pitch_curve = self._equaliser(batch)
        gain = self._uniform(-self.gain_range_db, 4.0, batch) * _NEPER
        mel = mel + (mel_curve + gain[:, None])[:, None, None, :]
        pitch = pitch + (pitch_curve + gain[:, None])[:, None, :]
        return self._noise(mel, pitch)

    def _compress(self, mel: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor]:
        """Scale the dynamics of each clip by 0.6..1.25 around its mean level."""
        ratio = self._uniform(0.6, 1.25, mel.shape[0])
        ratio = torch.where(self._chance(0.5, mel.shape[0]) > 0, ratio, torch.ones_like(ratio))
        loudness = torch.logsumexp(mel, 3).mean(2)  # (B, n)
        smooth = torch.nn.functional.avg_pool1d(loudness[:, None], 5, 1, 2)[:, 0]
        shift = (ratio[:, None] - 1.0) * (smooth - smooth.mean(1, keepdim=True)).clamp(-7.0, 7.0)
        return mel + shift[:, :, None, None], pitch + shift[:, :, None]

    def _equaliser(self, batch: int) -> tuple[Tensor, Tensor]:
        """Tilt, two bells and now and then a roll-off at either end; (B, bands) in nepers."""
        tilt = self._uniform(-2.5, 2.5, batch, 1)
        centre = self._uniform(-4.5, 3.0, batch, 2)
        width = self._uniform(0.5, 2.0, batch, 2)
        height = self._uniform(-7.0, 7.0, batch, 2)
        low_cut = self._uniform(-4.5, -2.5, batch, 1)
        low_on = self._chance(0.25, batch)[:, None]
        high_cut = self._uniform(1.0, 3.0, batch, 1)
        high_on = self._chance(0.25, batch)[:, None]

        def curve(octave: Tensor) -> Tensor:
            bells = height[:, :, None] * torch.exp(
                -(((octave[None, None] - centre[:, :, None]) / width[:, :, None]) ** 2)
            )
            low = -12.0 * (low_cut - octave[None]).clamp(min=0.0) * low_on
            high = -18.0 * (octave[None] - high_cut).clamp(min=0.0) * high_on
            return (tilt * octave[None] + bells.sum(1) + low + high) * _NEPER

        return curve(self.mel_octave), curve(self.pitch_octave)

    def _noise(self, mel: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor]:
        """Add coloured noise 12..60 dB below the clip, and the floor of the front end."""
        batch = mel.shape[0]
        level = torch.logsumexp(mel, 3).mean((1, 2))  # (B,)
        below = self._uniform(12.0, 60.0, batch) * _NEPER
        colour = self._uniform(-6.0, 1.0, batch, 1) * _NEPER
        base = (level - below)[:, None]
        spectrum = base + colour * self.mel_octave[None] + self.mel_width[None]
        spectrum = spectrum - torch.logsumexp(spectrum, 1, keepdim=True) + base
        # Log power of noise in a band of a few bins is about normal with this spread.
        flicker = torch.randn(mel.shape, generator=self.rng) * 0.6
        mel = torch.logaddexp(mel, spectrum[:, None, None, :] + flicker)
        # A pitch bin is some ten times narrower than a mel band in the middle of its range.
        narrow = spectrum[:, 24:25] - 2.3 + colour * (self.pitch_octave - self.mel_octave[24])[None]
        flicker = torch.randn(pitch.shape, generator=self.rng) - 0.5
        pitch = torch.logaddexp(pitch, narrow[:, None, :] + flicker)
        floor = torch.tensor(math.log(POWER_FLOOR))
        return torch.logaddexp(mel, floor), torch.logaddexp(pitch, floor)
