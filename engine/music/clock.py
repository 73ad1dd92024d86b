"""Musical position (beats) ↔ time (seconds).

A clock is a piecewise-linear map with one current piece; time is always given by the caller,
so tests and files run it as fast as they like.
"""

from typing import Protocol

from engine.choices import check_range

__all__ = ["TEMPO_RANGE_BPM", "Clock", "InternalClock"]


class Clock(Protocol):
    """Where the music is at a given time, and when it will be at a given beat."""

    @property
    def tempo_bpm(self) -> float:
        """Tempo now [quarter notes per minute]."""
        ...

    @property
    def running(self) -> bool:
        """Whether the music moves."""
        ...

    @property
    def jumps(self) -> int:
        """How often the position was set, not reached: start, stop, song position."""
        ...

    @property
    def landing(self) -> float:
        """Where the last of these jumps went [quarter notes]."""
        ...

    def beat_at(self, time_s: float) -> float:
        """Return the musical position at a time [quarter notes]."""
        ...

    def time_at(self, beat: float) -> float:
        """Return the time of a musical position [s], at the tempo of now."""
        ...


class InternalClock:
    """Our own tempo: steady, changed without a jump in position.

    Parameters
    ----------
    tempo_bpm : float
        Quarter notes per minute, 20..300.
    """

    def __init__(self, tempo_bpm: float) -> None:
        check_range("tempo_bpm", tempo_bpm, *TEMPO_RANGE_BPM)
        self._tempo_bpm = tempo_bpm
        self._origin_s = 0.0
        self._origin_beat = 0.0
        self._running = False
        self.jumps = 0
        self.landing = 0.0

    @property
    def tempo_bpm(self) -> float:
        """Tempo now [quarter notes per minute]."""
        return self._tempo_bpm

    @property
    def running(self) -> bool:
        """Whether the music moves."""
        return self._running

    def start(self, time_s: float, beat: float = 0.0) -> None:
        """Be at ``beat`` at ``time_s`` (now or soon) and move on from there."""
        self._origin_s, self._origin_beat, self._running = time_s, beat, True
        self._jump(beat)

    def stop(self, time_s: float) -> None:
        """Hold the position reached at ``time_s``."""
        self._origin_beat = self.beat_at(time_s)
        self._origin_s, self._running = time_s, False
        self._jump(self._origin_beat)

    def set_tempo(self, tempo_bpm: float, time_s: float) -> None:
        """Change the tempo from ``time_s`` on; the position does not jump."""
        check_range("tempo_bpm", tempo_bpm, *TEMPO_RANGE_BPM)
        self._origin_beat = self.beat_at(time_s)
        self._origin_s = time_s
        self._tempo_bpm = tempo_bpm

    def beat_at(self, time_s: float) -> float:
        """Return the musical position at a time [quarter notes]."""
        if not self._running:
            return self._origin_beat
        return self._origin_beat + (time_s - self._origin_s) * self._tempo_bpm / 60.0

    def time_at(self, beat: float) -> float:
        """Return the time of a musical position [s], at the tempo of now."""
        return self._origin_s + (beat - self._origin_beat) * 60.0 / self._tempo_bpm

    def _jump(self, beat: float) -> None:
        self.landing = beat
        self.jumps += 1


TEMPO_RANGE_BPM = (20.0, 300.0)
