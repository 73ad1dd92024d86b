"""Mapping of `perf_counter` seconds to the frame counter of a JACK server.

The two run on different clocks that drift apart: JACK's is set by the sound card (or
``CLOCK_MONOTONIC_RAW``), ours is disciplined by NTP. The mapping is a straight line, fitted
again with every observation.
"""

from collections import deque

__all__ = ["FrameClock"]

_WRAP = 1 << 32  # JACK counts frames in 32 bits: about a day at 48 kHz
_HISTORY = 64
_MIN_SPAN_S = 4.0  # below this, jitter of the readings would outweigh any drift
_MAX_DRIFT = 1e-3  # no working clock is off by more
_JUMP_S = 0.002  # a reading this far off the line means the counter jumped (an xrun)


class FrameClock:
    """Predicts at which frame a moment falls.

    Parameters
    ----------
    sample_rate : float
        Nominal rate of the server [frames/s].
    """

    def __init__(self, sample_rate: float) -> None:
        self._nominal = float(sample_rate)
        self._seen: deque[tuple[float, int]] = deque(maxlen=_HISTORY)
        self._strays = 0
        # Replaced as a whole: another thread may be asking while a reading comes in.
        self._line = (0.0, 0.0, self._nominal)  # a moment, its frame, frames per second

    @property
    def rate(self) -> float:
        """Measured frames per second of `perf_counter`."""
        return self._line[2]

    def observe(self, time_s: float, frame: int) -> None:
        """Take one reading of the counter (32 bits, wrapping) at a `perf_counter` time."""
        if self._seen:
            last = self._seen[-1][1]
            frame = last + ((frame - last + _WRAP // 2) % _WRAP - _WRAP // 2)
            if abs(frame - self.frame_at(time_s)) > _JUMP_S * self._nominal:
                self._strays += 1
                if self._strays < 3:
                    return  # one late reading is noise, three are a new truth
                self._seen.clear()
        self._strays = 0
        self._seen.append((time_s, frame))
        self._fit()

    def frame_at(self, time_s: float) -> float:
        """Return the frame of a moment, not wrapped; `observe` must have been called."""
        if not self._seen:
            raise ValueError("no reading of the frame counter yet")
        anchor_s, anchor_frame, rate = self._line
        return anchor_frame + (time_s - anchor_s) * rate

    def time_at(self, frame: int) -> float:
        """Return the moment of a frame [s]; the counter may have wrapped meanwhile."""
        if not self._seen:
            raise ValueError("no reading of the frame counter yet")
        last = self._seen[-1][1]
        anchor_s, anchor_frame, rate = self._line
        frame = last + ((frame - last + _WRAP // 2) % _WRAP - _WRAP // 2)
        return anchor_s + (frame - anchor_frame) / rate

    def _fit(self) -> None:
        count = len(self._seen)
        rate = self._line[2] if count > 1 else self._nominal
        mean_s = sum(time_s for time_s, _ in self._seen) / count
        mean_frame = sum(frame for _, frame in self._seen) / count
        if self._seen[-1][0] - self._seen[0][0] >= _MIN_SPAN_S:
            spread = sum((time_s - mean_s) ** 2 for time_s, _ in self._seen)
            product = sum((time_s - mean_s) * (frame - mean_frame) for time_s, frame in self._seen)
            low, high = self._nominal * (1 - _MAX_DRIFT), self._nominal * (1 + _MAX_DRIFT)
            rate = min(max(product / spread, low), high)
        self._line = (mean_s, mean_frame, rate)
