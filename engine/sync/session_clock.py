"""A clock that somebody else keeps and we look at every few milliseconds."""

__all__ = ["SessionClock"]


class SessionClock:
    """A `engine.music.clock.Clock` drawn anew with every `update`."""

    def __init__(self, tempo_bpm: float) -> None:
        # Running, moment, position then, tempo: replaced as a whole.
        self._line = (False, 0.0, 0.0, tempo_bpm)
        self.jumps = 0
        self.landing = 0.0

    @property
    def tempo_bpm(self) -> float:
        """Tempo of the session [quarter notes per minute]."""
        return self._line[3]

    @property
    def running(self) -> bool:
        """Whether the music moves."""
        return self._line[0]

    def beat_at(self, time_s: float) -> float:
        """Return the musical position at a time [quarter notes]."""
        running, origin_s, beat, tempo = self._line
        return beat + (time_s - origin_s) * tempo / 60.0 if running else beat

    def time_at(self, beat: float) -> float:
        """Return the time of a musical position [s], at the tempo of now."""
        _, origin_s, origin_beat, tempo = self._line
        return origin_s + (beat - origin_beat) * 60.0 / tempo

    def update(self, time_s: float, beat: float, tempo_bpm: float) -> None:
        """Be at ``beat`` at ``time_s`` without a jump; held while stopped."""
        running, _, held, _ = self._line
        self._line = (running, time_s, beat if running else held, tempo_bpm)

    def start(self, time_s: float, beat: float, landing: float) -> None:
        """Be at ``beat``, move on, and play from ``landing``."""
        self._line = (True, time_s, beat, self._line[3])
        self.landing = landing
        self.jumps += 1

    def stop(self, time_s: float) -> None:
        """Hold the position of ``time_s``."""
        self.landing = self.beat_at(time_s)
        self._line = (False, time_s, self.landing, self._line[3])
        self.jumps += 1

    def locate(self, beat: float) -> None:
        """Stand at another position."""
        self._line = (False, self._line[1], beat, self._line[3])
        self.landing = beat
        self.jumps += 1
