"""PCM to log powers, in plain matrix products: the same module prepares, trains and is exported.

Two views of the sound, one output per hop:

* short frames through a mel bank (onsets, loudness contour, timbre),
* a pitch bank with three bins per semitone and long windows on the decimated signal (harmony).

Discrete Fourier transforms are written as products with fixed matrices, because these export
without loss, run at BLAS speed for one hop and for many, and need no operator outside the basic
ONNX set.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from export_onnx.tracker.config import FrontEndConfig

__all__ = ["POWER_FLOOR", "FrontEnd"]

# -100 dB below a full-scale sine: below the noise of 16-bit audio.
POWER_FLOOR = 1e-10


def _mel_matrix(config: FrontEndConfig, n_bins: int) -> np.ndarray:
    """Triangular mel filters (HTK formula), float64, shape (n_mels, n_bins)."""

    def mel(hz: float) -> float:
        return 2595.0 * math.log10(1.0 + hz / 700.0)

    edges_mel = np.linspace(mel(config.fmin), mel(config.fmax), config.n_mels + 2)
    edges = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    bins = np.arange(n_bins) * config.sample_rate / config.frame_length
    rise = (bins[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rise, fall)))


def _short_bank(config: FrontEndConfig) -> tuple[np.ndarray, int]:
    """Windowed DFT matrix up to `fmax`, float64, shape (frame_length, 2 * n_bins), and n_bins."""
    length = config.frame_length
    n_bins = int(math.ceil(config.fmax * length / config.sample_rate)) + 1
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    window *= 2.0 / window.sum()
    phase = 2.0 * np.pi * np.outer(np.arange(length), np.arange(n_bins)) / length
    return np.concatenate([np.cos(phase), np.sin(phase)], 1) * window[:, None], n_bins


def _pitch_bank(config: FrontEndConfig, first: int, count: int, longest: int) -> np.ndarray:
    """Complex sinusoids of `count` semitones, windows aligned to the end of the buffer.

    Returns float64, shape (longest, 2 * count * bins_per_semitone).
    """
    rate = config.sample_rate / config.decimation
    per = config.bins_per_semitone
    steps = np.arange(count * per) / per - (per // 2) / per
    frequencies = 440.0 * 2.0 ** ((config.pitch_low + first + steps - 69.0) / 12.0)
    bank = np.zeros((longest, 2 * len(frequencies)))
    for i, frequency in enumerate(frequencies):
        length = int(np.clip(config.quality * rate / frequency, config.min_window, longest))
        window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
        window *= 2.0 / window.sum()
        phase = 2.0 * np.pi * frequency / rate * np.arange(length)
        bank[longest - length :, i] = window * np.cos(phase)
        bank[longest - length :, len(frequencies) + i] = window * np.sin(phase)
    return bank


def _low_pass(config: FrontEndConfig) -> np.ndarray:
    """Anti-alias filter of the decimation (windowed sinc), float64, shape (decimation_taps,)."""
    taps = config.decimation_taps
    cutoff = 0.42 / config.decimation
    t = np.arange(taps) - (taps - 1) / 2
    kernel = np.sinc(2.0 * cutoff * t) * np.blackman(taps)
    return np.asarray(kernel / kernel.sum())


class FrontEnd(nn.Module):
    """Log powers of short mel frames and of the pitch bank, with explicit state.

    Inputs of ``forward``: ``pcm`` float32 (1, n * hop_length); ``tail`` (1, tail_length), the last
    samples before them; ``low`` (1, low_length), the last decimated samples. Zeros at the start.
    Outputs: ``mel`` (1, n, frames_per_hop, n_mels) and ``pitch`` (1, n, n_pitch_bins), natural
    logarithm of power with 0 for a full-scale sine; ``loudness_db`` (1, n) [dBFS of the mean
    square without the mean]; the two new states.
    """

    mel_bank: Tensor
    short_bank: Tensor
    bass_bank: Tensor
    pitch_bank: Tensor
    low_pass: Tensor

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        self.config = config
        short, self.n_bins = _short_bank(config)
        rest = config.n_semitones - config.bass_semitones
        banks = {
            "mel_bank": _mel_matrix(config, self.n_bins).T,
            "short_bank": short,
            "bass_bank": _pitch_bank(config, 0, config.bass_semitones, config.bass_window),
            "pitch_bank": _pitch_bank(config, config.bass_semitones, rest, config.pitch_window),
            "low_pass": _low_pass(config)[None, None],
        }
        for name, bank in banks.items():
            self.register_buffer(name, torch.from_numpy(bank).float(), persistent=False)
        self.low_hop = config.hop_length // config.decimation
        self.tail_length = config.frame_length - config.frame_step
        self.low_length = config.bass_window - self.low_hop

    def forward(
        self, pcm: Tensor, tail: Tensor, low: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Analyse whole hops; shapes as in the class docstring."""
        config = self.config
        sound = torch.cat([tail, pcm], 1)

        blocks = sound.reshape(1, -1, config.frame_step)
        frames = torch.cat([blocks[:, :-1], blocks[:, 1:]], 2)
        spectrum = frames @ self.short_bank
        power = spectrum[..., : self.n_bins].square() + spectrum[..., self.n_bins :].square()
        mel = torch.log(power @ self.mel_bank + POWER_FLOOR)
        mel = mel.reshape(1, -1, config.frames_per_hop, config.n_mels)

        start = self.tail_length - config.decimation_taps + config.decimation
        fresh = nn.functional.conv1d(
            sound[:, None, start:], self.low_pass, stride=config.decimation
        )[:, 0]
        lowered = torch.cat([low, fresh], 1)
        pitch = torch.cat(
            [
                self._pitch_power(lowered, self.bass_bank, 0),
                self._pitch_power(lowered, self.pitch_bank, config.bass_window),
            ],
            2,
        )

        hops = pcm.reshape(1, -1, config.hop_length)
        mean = hops.mean(2, keepdim=True)
        loudness_db = 10.0 * torch.log10((hops - mean).square().mean(2) + 1e-12)
        return (
            mel,
            torch.log(pitch + POWER_FLOOR),
            loudness_db,
            sound[:, -self.tail_length :],
            lowered[:, -self.low_length :],
        )

    def _pitch_power(self, lowered: Tensor, bank: Tensor, longest: int) -> Tensor:
        """Return powers of one bank at the end of each hop, float32, shape (1, n, bins)."""
        skip = longest - bank.shape[0] if longest else 0
        blocks = lowered[:, skip:].reshape(1, -1, self.low_hop)
        parts = bank.shape[0] // self.low_hop
        spectrum: Tensor | None = None
        for part in range(parts):
            last = blocks.shape[1] - parts + 1 + part
            rows = bank[part * self.low_hop : (part + 1) * self.low_hop]
            product = blocks[:, part:last] @ rows
            spectrum = product if spectrum is None else spectrum + product
        assert spectrum is not None
        n_bins = bank.shape[1] // 2
        return spectrum[..., :n_bins].square() + spectrum[..., n_bins:].square()
