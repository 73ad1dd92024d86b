"""Follows a MIDI clock: position and tempo from ticks, start, stop and song position.

Conventions of MIDI 1.0: 24 clocks a quarter note; after Start the *next* clock is beat 0, after
Continue it is where Stop left off; the song position pointer counts sixteenths of 6 clocks.
A pointer that comes while the music runs is a jump at the next clock.

When clocks stop coming unannounced, the music coasts for half a second (or six clocks of a slow
tempo) and then stops. If they return within ten seconds, it goes on where it would be by then:
a cable was out, the sender has played on. After a longer silence, only Start or Continue help.

References
----------
MIDI 1.0 Detailed Specification 4.2.1, "System Real Time Messages".
"""

import math

from engine.settings.resume import Resume
from engine.sync.grid import TickGrid

__all__ = ["CLOCKS_PER_BEAT", "CLOCKS_PER_SIXTEENTH", "ClockFollower"]

CLOCKS_PER_BEAT = 24
CLOCKS_PER_SIXTEENTH = 6

_LOST_S = 0.5
_LOST_CLOCKS = 6.0
_RETURN_S = 10.0
_STEADY = 0.15  # of a clock: jitter up to this is fit to be followed


class ClockFollower:
    """A `engine.music.clock.Clock` fed with the messages of a MIDI clock.

    Times are seconds on one clock, ascending; no threads, no clock of its own. One thread feeds
    it, others may ask.

    Parameters
    ----------
    tempo_bpm : float
        Tempo until two clocks have come [quarter notes per minute].
    """

    def __init__(self, tempo_bpm: float) -> None:
        self._grid = TickGrid(60.0 / (tempo_bpm * CLOCKS_PER_BEAT))
        # Running, number of the tick at beat 0, position while stopped [clocks]: replaced as a
        # whole, because others may be asking.
        self._transport: tuple[bool, int, int] = (False, 0, 0)
        self._next: int | None = None  # position of the next clock, if that was announced
        self._lost = False
        self._resumes = False
        self._expected: Resume | None = None  # where an engine before us was
        self.jumps = 0
        self.landing = 0.0

    @property
    def tempo_bpm(self) -> float:
        """Tempo now [quarter notes per minute], also before Start."""
        return 60.0 / (self._grid.line.period_s * CLOCKS_PER_BEAT)

    @property
    def running(self) -> bool:
        """Whether the music moves; from the first clock after Start."""
        return self._transport[0]

    @property
    def waiting(self) -> bool:
        """Whether Start or Continue came and its first clock did not."""
        return self._next is not None and not self.running

    @property
    def locked(self) -> bool:
        """Whether clocks come, and evenly enough for position and tempo to be trusted."""
        grid = self._grid
        return grid.settled and not self._lost and grid.noise_s < _STEADY * grid.line.period_s

    @property
    def lost(self) -> bool:
        """Whether clocks stopped coming while the music ran."""
        return self._resumes

    @property
    def jitter_s(self) -> float:
        """Jitter of the clocks received, root mean square [s]."""
        return self._grid.noise_s

    def beat_at(self, time_s: float) -> float:
        """Return the musical position at a time [quarter notes]."""
        running, origin, held = self._transport
        clocks = self._grid.line.number_at(time_s) - origin if running else held
        return clocks / CLOCKS_PER_BEAT

    def time_at(self, beat: float) -> float:
        """Return the time of a musical position [s], at the tempo of now."""
        return self._grid.line.time_at(beat * CLOCKS_PER_BEAT + self._transport[1])

    def tick(self, time_s: float, *, sure: bool = False) -> None:
        """Take one clock; ``sure``: none can have been lost since the last."""
        self.check(time_s)
        if self._lost:
            self._come_back(time_s)
        number = self._grid.tick(time_s, sure=sure)
        if number is None:
            return
        running, origin, held = self._transport
        if self._expected is not None:
            self._next = round(self._expected.beat_at(time_s) * CLOCKS_PER_BEAT)
            self._expected = None
        position, self._next = self._next, None
        if position is None and self._resumes:
            self._resumes = False
            self._run(number, number - origin)
        elif position is not None and (not running or number - origin != position):
            self._run(number, position)

    def shift(self, by_s: float) -> None:
        """Take it that every clock so far came later than was said by so much [s]."""
        self._grid.shift(by_s)

    def resume(self, resume: Resume) -> None:
        """Run from the next clock on, at the place that one must have; Start and Stop win."""
        self._expected = resume

    def start(self, time_s: float) -> None:
        """Take Start: the next clock is beat 0."""
        self._expected = None
        self._halt()
        self._next = 0
        self._resumes = False
        self._grid.rephase()  # most senders begin a new row of clocks when they start

    def continue_(self, time_s: float) -> None:
        """Take Continue: the next clock is where the music stopped; ignored while it runs."""
        if self.running or self._next is not None:
            return
        self._next = self._transport[2]
        self._resumes = False
        self._grid.rephase()

    def stop(self, time_s: float) -> None:
        """Take Stop: hold the position; clocks that still come are not counted."""
        self._expected = None
        self._halt()
        self._next = None
        self._resumes = False

    def song_position(self, sixteenths: int, time_s: float) -> None:
        """Take a song position pointer: where the next clock is, or Continue will be."""
        position = sixteenths * CLOCKS_PER_SIXTEENTH
        running, origin, _ = self._transport
        if running or self._next is not None:
            self._next = position
        else:
            self._resumes = False
            self._transport = (False, origin, position)
            self._jumped(position)

    def check(self, time_s: float) -> None:
        """Notice clocks that have stopped coming; call it every few milliseconds."""
        grid = self._grid
        if self._lost or math.isinf(grid.last_time_s):
            return
        patience_s = max(_LOST_S, _LOST_CLOCKS * grid.line.period_s)
        if time_s - grid.last_time_s > patience_s:
            self._lost = True
            if self.running:
                self._halt()
                self._resumes = True

    def _come_back(self, time_s: float) -> None:
        self._lost = False
        grid = self._grid
        if time_s - grid.last_time_s > _RETURN_S:
            grid.restart()
            self._resumes = False

    def _run(self, number: int, position: int) -> None:
        self._grid.keep_numbers()
        self._transport = (True, number - position, position)
        self._jumped(position)

    def _halt(self) -> None:
        """Hold the position of the clock that would come next."""
        running, origin, _ = self._transport
        if running:
            held = self._grid.last_index + 1 - origin
            self._transport = (False, origin, held)
            self._jumped(held)

    def _jumped(self, clocks: int) -> None:
        self.landing = clocks / CLOCKS_PER_BEAT
        self.jumps += 1
