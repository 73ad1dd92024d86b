"""Mapping of `perf_counter` seconds to the frame counter of a JACK server.

The two run on different clocks that drift apart: JACK's is set by the sound card (or
``CLOCK_MONOTONIC_RAW``), ours is disciplined by NTP. The mapping is a straight line, fitted
again with every observation.
"""

import threading
from collections import deque
from typing import Any, NamedTuple

from engine.midi.ports.port import Clock

__all__ = ["FRAME_WRAP", "FrameClock", "Period", "Periods", "ServerFrames"]

FRAME_WRAP = 1 << 32
"""JACK counts frames in 32 bits: about a day at 48 kHz."""

_HISTORY = 64
_FIRST = 16  # readings kept however close, so that the line starts well
_SPACING_S = 0.2  # of the readings kept afterwards: the history spans a dozen seconds
_MIN_SPAN_S = 4.0  # below this, jitter of the readings would outweigh any drift
_MAX_DRIFT = 1e-3  # no working clock is off by more
_JUMP_S = 0.002  # a reading this far off the line is a stray, or the counter jumped (an xrun)
_STRAYS = 3
_STRAYS_SPAN_S = 0.01
_SLOWEST_READING_S = 1e-4  # a reading that took longer was interrupted and is worth nothing
_LOOK_AGAIN_S = 0.01
_MOVED_S = 1e-4  # from one period to the next: by less, a line may learn


class FrameClock:
    """Predicts at which frame a moment falls.

    One thread at a time may call `observe`; any may ask.

    Parameters
    ----------
    sample_rate : float
        Nominal rate of the server [frames/s].
    """

    def __init__(self, sample_rate: float) -> None:
        self._nominal = float(sample_rate)
        self._seen: deque[tuple[float, int]] = deque(maxlen=_HISTORY)
        self._last_frame = 0
        self._strays: list[float] = []
        # A moment, its frame, frames per second, its epoch. Replaced as a whole: another thread
        # may be asking while a reading comes in.
        self._line: tuple[float, float, float, int] | None = None
        self._jumps = 0

    @property
    def rate(self) -> float:
        """Measured frames per second of `perf_counter`."""
        return self._line[2] if self._line else self._nominal

    @property
    def epoch(self) -> int:
        """How often the counter has jumped; frames asked for in an earlier epoch are void."""
        return self._line[3] if self._line else 0

    def observe(self, time_s: float, frame: int) -> None:
        """Take one reading of the counter (32 bits, wrapping) at a `perf_counter` time."""
        if self._line is not None:
            frame = self._unwrapped(frame)
            if abs(frame - self.frame_at(time_s)) > _JUMP_S * self._nominal:
                self._strays.append(time_s)
                few = len(self._strays) < _STRAYS
                if few or time_s - self._strays[0] < _STRAYS_SPAN_S:
                    return  # one late reading is noise, several are a new truth
                self._seen.clear()
                self._jumps += 1
            elif len(self._seen) >= _FIRST and time_s - self._seen[-1][0] < _SPACING_S:
                self._strays.clear()
                return  # enough to know that the counter has not jumped
        self._strays.clear()
        self._last_frame = frame
        self._seen.append((time_s, frame))
        self._fit()

    def frame_at(self, time_s: float) -> float:
        """Return the frame of a moment, not wrapped; `observe` must have been called."""
        anchor_s, anchor_frame, rate, _ = self._known()
        return anchor_frame + (time_s - anchor_s) * rate

    def time_at(self, frame: int) -> float:
        """Return the moment of a frame [s]; the counter may have wrapped meanwhile."""
        anchor_s, anchor_frame, rate, _ = self._known()
        return anchor_s + (self._unwrapped(frame) - anchor_frame) / rate

    def _known(self) -> tuple[float, float, float, int]:
        if self._line is None:
            raise ValueError("no reading of the frame counter yet")
        return self._line

    def _unwrapped(self, frame: int) -> int:
        last = self._last_frame
        return last + ((frame - last + FRAME_WRAP // 2) % FRAME_WRAP - FRAME_WRAP // 2)

    def _fit(self) -> None:
        count = len(self._seen)
        rate = self.rate
        mean_s = sum(time_s for time_s, _ in self._seen) / count
        mean_frame = sum(frame for _, frame in self._seen) / count
        if self._seen[-1][0] - self._seen[0][0] >= _MIN_SPAN_S:
            spread = sum((time_s - mean_s) ** 2 for time_s, _ in self._seen)
            product = sum((time_s - mean_s) * (frame - mean_frame) for time_s, frame in self._seen)
            low, high = self._nominal * (1 - _MAX_DRIFT), self._nominal * (1 + _MAX_DRIFT)
            rate = min(max(product / spread, low), high)
        self._line = (mean_s, mean_frame, rate, self._jumps)


class ServerFrames(FrameClock):
    """The mapping for one client's server, which it reads by itself. Safe to use from any thread.

    Parameters
    ----------
    client : jack.Client
        Whose server counts.
    clock : callable
        `time.perf_counter`.
    """

    def __init__(self, client: Any, clock: Clock) -> None:
        super().__init__(int(client.samplerate))
        self._client = client
        self._clock = clock
        self._observing = threading.Lock()
        self._looked_s = 0.0

    def look(self, slowest_s: float = _SLOWEST_READING_S) -> None:
        """Read the counter; a reading that takes longer [s] does not count."""
        if not self._observing.acquire(blocking=False):
            return  # another thread is just doing it
        try:
            before = self._clock()
            frame = self._client.frame_time
            after = self._clock()
            self._looked_s = after
            if after - before <= slowest_s:
                self.observe((before + after) / 2, frame)
        finally:
            self._observing.release()

    def look_again(self) -> None:
        """Read the counter unless that was done a moment ago."""
        if self._clock() - self._looked_s > _LOOK_AGAIN_S:
            self.look()


class Period(NamedTuple):
    """One period of a server, as a client sees it begin."""

    start_s: float
    """When [s]."""
    follows: bool
    """Whether it begins where the last one ended; if not, some were missed."""
    moved_s: float
    """How much later than thought everything before it was [s]; 0 if next to nothing."""


class Periods:
    """Goes along with a server's periods: tells those missed, and when its count lost time.

    Parameters
    ----------
    frames : FrameClock
        By which arrivals are timed.
    """

    def __init__(self, frames: FrameClock) -> None:
        self._frames = frames
        self._next: tuple[int, float] | None = None  # frame and time of the period to come

    def begin(self, start: int, length: int) -> Period:
        """Take the frame at which a period begins, and its length."""
        start_s = self._frames.time_at(start)
        expected, expected_s = self._next or (start, start_s)
        missed = (start - expected + FRAME_WRAP // 2) % FRAME_WRAP - FRAME_WRAP // 2
        moved_s = start_s - expected_s - missed / self._frames.rate
        self._next = (start + length) % FRAME_WRAP, start_s + length / self._frames.rate
        return Period(start_s, missed == 0, moved_s if abs(moved_s) >= _MOVED_S else 0.0)
