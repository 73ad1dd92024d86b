"""From whatever a device or file delivers to mono at the tracker's rate, in any chunking."""

from typing import Final

import numpy as np

from engine.audio.ring import FloatArray
from engine.errors import InputError

__all__ = ["MAX_RATE", "MIN_RATE", "MonoFeed", "StreamResampler", "to_mono"]

MIN_RATE: Final = 1_000
MAX_RATE: Final = 768_000
"""Sample rates accepted [Hz]; outside them a header is corrupt rather than unusual."""

_QUALITY: Final = "HQ"
"""soxr's 20-bit quality: pass band to 91 % of Nyquist, about 10 ms of delay at 16 kHz."""

_LIMIT: Final = 1e5
"""Samples beyond this are cut, so that squares stay finite in float32 (100 dB over full scale)."""


def to_mono(block: FloatArray) -> FloatArray:
    """Average the channels of a block.

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
    mono = block if block.ndim == 1 else block.mean(axis=1, dtype=np.float32)
    mono = mono.astype(np.float32, copy=False)
    if np.isfinite(mono).all() and (mono.size == 0 or np.abs(mono).max() <= _LIMIT):
        return mono
    return np.clip(np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0), -_LIMIT, _LIMIT)


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

    The one road from audio to tracker: devices, files played live, offline analysis and
    tests all take it. A source may change its rate on the way (a device that was replugged).

    Parameters
    ----------
    sample_rate : int
        Rate of the output [Hz].
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._resampler: StreamResampler | None = None

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
        if self._resampler is None or self._resampler.in_rate != sample_rate:
            before = self.flush()
            self._resampler = StreamResampler(sample_rate, self.sample_rate)
            samples = self._resampler.push(to_mono(block))
            return np.concatenate((before, samples)) if before.size else samples
        return self._resampler.push(to_mono(block))

    def flush(self) -> FloatArray:
        """Return the rest at the end of the input."""
        if self._resampler is None:
            return np.zeros(0, dtype=np.float32)
        return self._resampler.flush()

    def reset(self) -> None:
        """Forget all input."""
        self._resampler = None
