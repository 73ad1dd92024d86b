"""From whatever a device or file delivers to mono at the tracker's rate, in any chunking."""

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
_MEMORY: Final = 0.7  # of the powers, per step: a change shows within half a second
_CANCELLED: Final = 0.05
"""The mean of the channels is left where it is this much weaker than the loudest channel."""
_FADE_S: Final = 0.02


class Downmix:
    """Channels to mono: their mean, or the loudest one while they cancel each other.

    A cable of reversed polarity turns the mean of a stereo recording into silence, and the mean of
    six channels hides the only one that sounds. The same result however the input is cut.

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
        self._fade = np.linspace(0.0, 1.0, max(1, round(_FADE_S * sample_rate)), dtype=np.float32)
        self._powers = np.zeros(channels + 1)  # of the channels and of their mean, in the past
        self._sums = np.zeros(channels + 1)  # of the step that has begun
        self._filled = 0
        self._weights = self._before = self._mean()
        self._faded = len(self._fade)

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
            self._sums[:-1] += np.square(part, dtype=np.float64).sum(0)
            self._sums[-1] += np.square(part.mean(1, dtype=np.float64)).sum()
            self._filled += len(part)
            start += len(part)
            if self._filled == self._window:
                self._decide()
        return mixed

    def _mean(self) -> FloatArray:
        return np.full(self._channels, 1.0 / self._channels, np.float32)

    def _mix(self, part: FloatArray) -> FloatArray:
        new: FloatArray = part @ self._weights
        if self._faded < len(self._fade):
            share = self._fade[self._faded : self._faded + len(part)]
            self._faded += len(share)
            old = part[: len(share)] @ self._before
            new[: len(share)] = old + share * (new[: len(share)] - old)
        return new

    def _decide(self) -> None:
        """Choose between mean and loudest channel at the end of a step."""
        self._powers = _MEMORY * self._powers + (1.0 - _MEMORY) * self._sums / self._window
        self._sums[:] = 0.0
        self._filled = 0
        loudest = int(self._powers[:-1].argmax())
        alone = self._weights.max() == 1.0
        # Hysteresis: twice the limit to return to the mean, four times the power to change channel.
        limit = 2.0 * _CANCELLED if alone else _CANCELLED
        if self._powers[-1] >= limit * self._powers[loudest]:
            wanted = self._mean()
        elif alone and self._powers[loudest] < 4.0 * self._powers[int(self._weights.argmax())]:
            return
        else:
            wanted = np.eye(self._channels, dtype=np.float32)[loudest]
        if not np.array_equal(wanted, self._weights):
            self._before, self._weights, self._faded = self._weights, wanted, 0


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
