"""From whatever a device or file delivers to mono at the tracker's rate, in any chunking."""

import math
from typing import Final

import numpy as np

from engine.audio.ring import FloatArray
from engine.errors import InputError

__all__ = ["MAX_RATE", "MIN_RATE", "Downmix", "MonoFeed", "StreamResampler"]

MIN_RATE: Final = 1_000
MAX_RATE: Final = 768_000
"""Sample rates accepted [Hz]; outside them a header is corrupt rather than unusual."""

_QUALITY: Final = "HQ"
"""soxr's 20-bit quality: pass band to 91 % of Nyquist, about 10 ms of delay at 16 kHz."""

_LIMIT: Final = 1e5
"""Samples beyond this are cut, so that squares stay finite in float32 (100 dB over full scale)."""


_WINDOW_S: Final = 0.05
"""Powers of the channels are compared in steps of this length [s]."""
_MEMORY: Final = 0.78  # of the powers, per step: a change shows within half a second
_CANCELLED: Final = 0.4
"""Channels cancel where their mean has less than this share of unrelated channels' power."""
_WEAKEST: Final = 0.2
"""Power of the result beside the loudest channel's, at least: stereo of one channel has 0.25."""
_LOUDER: Final = 2.0  # times the power of the channel that stands in for the others


class Downmix:
    """Channels to mono: their mean, with its power kept where it would be lost.

    A cable of reversed polarity turns the mean of a stereo recording into silence, a wide reverb
    into a whisper, and the mean of six channels hides the only one that sounds. Where channels
    cancel, the loudest of them joins the mean with as much weight as makes up for the lost power,
    and the result is never more than 7 dB weaker than the loudest channel. The weights follow the
    powers of the last fifth of a second without a jump, and are the same however the input is cut.
    Stereo whose channels do not cancel stays the mean.

    Parameters
    ----------
    channels : int
        Of every block.
    sample_rate : int
        [Hz]
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        self._channels = channels
        self._window = max(1, round(_WINDOW_S * sample_rate))
        self._share = (np.arange(1, self._window + 1, dtype=np.float32) / self._window)[:, None]
        self._products = np.zeros((2, channels))  # of each channel with itself and with the mean
        self._sums = np.zeros((2, channels))  # of the step that has begun
        self._filled = 0
        self._first = 0  # the channel that stands in for the others
        self._before = self._weights = np.full(channels, 1.0 / channels, np.float32)

    def push(self, block: FloatArray) -> FloatArray:
        """Mix a block.

        Parameters
        ----------
        block : ndarray
            float32, shape (frames,) or (frames, channels).

        Returns
        -------
        ndarray
            float32, shape (frames,). NaN and infinite samples become 0: one bad sample must not
            poison the memory of every filter after it.
        """
        block = _finite(block if block.ndim == 2 else block[:, None])
        if self._channels == 1:
            return block[:, 0]
        mixed = np.empty(len(block), np.float32)
        start = 0
        while start < len(block):
            part = block[start : start + self._window - self._filled]
            mixed[start : start + len(part)] = self._mix(part)
            self._sums[0] += np.square(part, dtype=np.float64).sum(0)
            self._sums[1] += part.mean(1, dtype=np.float64) @ part
            self._filled += len(part)
            start += len(part)
            if self._filled == self._window:
                self._decide()
        return mixed

    def _mix(self, part: FloatArray) -> FloatArray:
        if self._before is self._weights:
            return np.asarray(part @ self._weights)
        share = self._share[self._filled : self._filled + len(part)]
        weights = self._before + share * (self._weights - self._before)
        return np.asarray((part * weights).sum(1), np.float32)

    def _decide(self) -> None:
        """Choose the weights of the next step, which are reached at its end."""
        self._products *= _MEMORY
        self._products += (1.0 - _MEMORY) * self._sums / self._window
        self._sums[:] = 0.0
        self._filled = 0
        powers, with_mean = self._products
        if powers.max() > _LOUDER * powers[self._first]:
            self._first = int(powers.argmax())
        own, cross, mean = powers[self._first], with_mean[self._first], with_mean.mean()
        unrelated = _CANCELLED * powers.sum() / self._channels**2
        weights = np.full(self._channels, 1.0 / self._channels)
        if mean < unrelated:
            # The share x of the first channel for which (1 - x) mean + x first has that power.
            square, linear = mean - 2.0 * cross + own, cross - mean
            root = math.sqrt(max(0.0, linear**2 + square * (unrelated - mean)))
            share = min(1.0, (root - linear) / max(square, 1e-30))
            weights *= 1.0 - share
            weights[self._first] += share
        reached = max(mean, unrelated, 1e-30)
        weights *= math.sqrt(max(1.0, _WEAKEST * powers.max() / reached))
        new = weights.astype(np.float32)
        same = np.array_equal(new, self._weights)
        self._before = self._weights
        self._weights = self._before if same else new


def _finite(block: FloatArray) -> FloatArray:
    block = block.astype(np.float32, copy=False)
    if block.size == 0 or (np.isfinite(block).all() and np.abs(block).max() <= _LIMIT):
        return block
    return np.clip(np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0), -_LIMIT, _LIMIT)


class StreamResampler:
    """Streaming mono resampler on libsoxr; the same output however the input is cut.

    Parameters
    ----------
    in_rate, out_rate : int
        Sample rates [Hz], 1 000..768 000; equal rates pass samples through untouched.

    Raises
    ------
    InputError
        A rate is out of range.
    """

    def __init__(self, in_rate: int, out_rate: int) -> None:
        for rate in (in_rate, out_rate):
            if not MIN_RATE <= rate <= MAX_RATE:
                raise InputError(f"sample rate must be {MIN_RATE}..{MAX_RATE} Hz; got {rate}")
        self.in_rate = in_rate
        self.out_rate = out_rate
        self._stream = None
        if in_rate != out_rate:
            import soxr

            self._stream = soxr.ResampleStream(
                in_rate, out_rate, 1, dtype="float32", quality=_QUALITY
            )

    def push(self, samples: FloatArray) -> FloatArray:
        """Return the output that these samples complete (float32, shape (n,), maybe empty)."""
        return self._resample(samples, last=False)

    def flush(self) -> FloatArray:
        """Return what is still inside at the end of the input, and start afresh."""
        tail = self._resample(np.zeros(0, dtype=np.float32), last=True)
        self.reset()
        return tail

    def reset(self) -> None:
        """Forget all input."""
        if self._stream is not None:
            self._stream.clear()

    def _resample(self, samples: FloatArray, *, last: bool) -> FloatArray:
        if self._stream is None:
            return samples
        resampled: FloatArray = self._stream.resample_chunk(
            np.ascontiguousarray(samples, dtype=np.float32), last=last
        )
        return resampled


class MonoFeed:
    """Blocks of any shape and rate in, mono at one rate out.

    The one path from audio to tracker: devices, files played live, offline analysis and
    tests all take it. A source may change its rate on the way (a device that was replugged).

    Parameters
    ----------
    sample_rate : int
        Rate of the output [Hz].
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._resampler: StreamResampler | None = None
        self._downmix: Downmix | None = None
        self._channels = 0

    def push(self, block: FloatArray, sample_rate: int) -> FloatArray:
        """Convert one block.

        Parameters
        ----------
        block : ndarray
            float32, shape (frames,) or (frames, channels), full scale ±1.
        sample_rate : int
            Rate of this block [Hz].

        Returns
        -------
        ndarray
            float32, shape (n,) at the feed's rate; finite. Output lags input by the
            resampler's delay (some 10 ms), which `flush` brings out.
        """
        channels = 1 if block.ndim == 1 else block.shape[1]
        before = np.zeros(0, np.float32)
        if self._resampler is None or self._resampler.in_rate != sample_rate:
            before = self.flush()
            self._resampler = StreamResampler(sample_rate, self.sample_rate)
            self._downmix = None
        if self._downmix is None or self._channels != channels:
            self._downmix, self._channels = Downmix(channels, sample_rate), channels
        samples = self._resampler.push(self._downmix.push(block))
        return np.concatenate((before, samples)) if before.size else samples

    def flush(self) -> FloatArray:
        """Return the rest at the end of the input."""
        if self._resampler is None:
            return np.zeros(0, dtype=np.float32)
        return self._resampler.flush()

    def reset(self) -> None:
        """Forget all input."""
        self._resampler = self._downmix = None
