"""A fixed ring of mono samples between the audio thread and the tracker thread."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

__all__ = ["FloatArray", "Ring"]

FloatArray = NDArray[np.float32]

SILENCE_DB: Final = -120.0
"""Level reported for digital silence [dBFS]."""


class Ring:
    """Single-producer, single-consumer ring of float32 mono samples.

    The producer alone moves the write position and the consumer alone the read position,
    so neither ever waits. When the ring is full the *newest* samples are dropped: dropping
    the oldest would make the producer move the position that the consumer is reading from. A
    consumer that has fallen behind calls `skip` to be current again.

    Parameters
    ----------
    capacity : int
        Samples held, >= 1.
    sample_rate : int
        Rate of the samples [Hz]; sources resample to it before they write.

    Raises
    ------
    InputError
        A size or rate is not positive.
    """

    def __init__(self, capacity: int, sample_rate: int) -> None:
        if capacity < 1:
            raise InputError(f"ring capacity must be at least 1 sample; got {capacity}")
        if sample_rate < 1:
            raise InputError(f"sample rate must be at least 1 Hz; got {sample_rate}")
        self.capacity = capacity
        self.sample_rate = sample_rate
        self._samples: FloatArray = np.zeros(capacity, dtype=np.float32)
        # Both positions count samples since the start and never wrap: equal means empty.
        self._written = 0
        self._read = 0
        self._overruns = 0
        self._dropped = 0

    @property
    def available(self) -> int:
        """Samples ready to be read."""
        return self._written - self._read

    @property
    def frames_written(self) -> int:
        """Samples accepted since the start."""
        return self._written

    @property
    def overruns(self) -> int:
        """Writes that did not fit entirely."""
        return self._overruns

    @property
    def dropped_frames(self) -> int:
        """Samples lost to overruns."""
        return self._dropped

    def write(self, block: FloatArray) -> int:
        """Copy a block into the ring and return how many frames fitted.

        Parameters
        ----------
        block : ndarray
            float32, shape (frames,) or (frames, channels); channels are averaged while
            copying, so that no intermediate array is made.

        Notes
        -----
        Real-time: safe. Copies and counts; never blocks, raises or grows.
        """
        frames: int = block.shape[0]
        fitting = min(frames, self.capacity - self.available)
        start = self._written % self.capacity
        first = min(fitting, self.capacity - start)
        self._copy(block[:first], start)
        self._copy(block[first:fitting], 0)
        self._written += fitting
        if fitting < frames:
            self._overruns += 1
            self._dropped += frames - fitting
        return fitting

    def _copy(self, block: FloatArray, start: int) -> None:
        frames = block.shape[0]
        if frames == 0:
            return
        target = self._samples[start : start + frames]
        if block.ndim == 1:
            target[:] = block
        elif block.shape[1] == 1:
            target[:] = block[:, 0]
        else:
            np.mean(block, axis=1, out=target)

    def read(self, n: int) -> FloatArray:
        """Take up to ``n`` of the oldest samples.

        Returns
        -------
        ndarray
            float32, shape (min(n, available),); a copy, the caller's own.
        """
        taken = self._span(self._read, min(n, self.available))
        self._read += taken.shape[0]
        return taken

    def skip(self, n: int) -> int:
        """Forget up to ``n`` of the oldest samples; return how many (consumer only)."""
        skipped = min(n, self.available)
        self._read += skipped
        return skipped

    def recent(self, n: int) -> FloatArray:
        """Return a copy of the last ``n`` samples written, read or not (for meters)."""
        n = min(n, self._written, self.capacity)
        return self._span(self._written - n, n)

    def level_db(self, seconds: float = 0.1) -> float:
        """Return the RMS level of the most recent audio [dBFS], -120 for silence."""
        recent = self.recent(max(1, int(seconds * self.sample_rate)))
        power = float(np.mean(np.square(recent, dtype=np.float64))) if recent.size else 0.0
        return max(SILENCE_DB, 10.0 * float(np.log10(power))) if power > 0 else SILENCE_DB

    def peak_db(self, seconds: float = 0.1) -> float:
        """Return the highest sample of the most recent audio [dBFS], -120 for silence."""
        recent = self.recent(max(1, int(seconds * self.sample_rate)))
        peak = float(np.max(np.abs(recent))) if recent.size else 0.0
        return max(SILENCE_DB, 20.0 * float(np.log10(peak))) if peak > 0 else SILENCE_DB

    def _span(self, position: int, n: int) -> FloatArray:
        start = position % self.capacity
        first = min(n, self.capacity - start)
        span = np.empty(n, dtype=np.float32)
        span[:first] = self._samples[start : start + first]
        span[first:] = self._samples[: n - first]
        return span
