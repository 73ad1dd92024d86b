"""Ableton Link: tempo, phase, start and stop shared with every program on the network.

Tempo goes both ways. Position does not travel over Link, only phase does: our bars fall on the
session's, and we begin on a bar line. Start and stop of the session are followed; programs
that do not share theirs (in Live: "Start Stop Sync" off, as it is by default) leave us playing.

Needs the extra ``link`` (LinkPython-extern, GPL).
"""

import math
import time
from typing import Any

from engine.errors import DeviceError
from engine.music.clock import Clock
from engine.settings.resume import Resume
from engine.snapshot import SyncHealth
from engine.sync.session_clock import SessionClock

__all__ = ["LinkSync"]

_JOIN_S = 1.0  # peers announce themselves several times a second
_SLIP_BEATS = 0.02  # a shift beyond this is another session's phase, not rounding
_SLOWEST_READING_S = 1e-4  # a reading that took longer was interrupted and is worth nothing
_ROUNDING = 1e-6  # beats are kept as whole millionths


class LinkSync:
    """A member of a Link session.

    Parameters
    ----------
    tempo_bpm : float
        Tempo brought into a session nobody else is in [quarter notes per minute].
    beats_per_bar : int
        Length of a bar, Link's quantum [quarter notes].
    """

    follows = True

    def __init__(self, tempo_bpm: float, beats_per_bar: int) -> None:
        self._clock = SessionClock(tempo_bpm)
        self.clock: Clock = self._clock
        self._tempo_bpm = tempo_bpm
        self._bar = beats_per_bar
        self._link: Any = None
        self._begin_s = math.inf
        self._origin = 0.0  # Link's beat at our beat 0: a bar line
        self._playing = False  # the session, not we
        self._lag_s = math.inf  # our clock minus Link's
        self._peers = 0

    def open(self) -> None:
        """Join.

        Raises
        ------
        DeviceError
            If the extra is missing.
        """
        try:
            import link
        except ImportError as error:
            raise DeviceError(
                "Ableton Link is not installed: pip install 'stimmung[link]'"
            ) from error
        self._link = link.Link(self._tempo_bpm)
        self._link.startStopSyncEnabled = True
        self._link.enabled = True

    def begin(self, now_s: float, resume: Resume | None = None) -> None:
        """Start on a bar line, as soon as peers had time to be found."""
        self._begin_s = now_s + _JOIN_S

    def poll(self, now_s: float) -> None:
        """Draw the clock anew from the session; notice start, stop and another phase."""
        if self._link is None:
            return
        self._compare_clocks()
        self._peers = self._link.numPeers()
        state = self._link.captureSessionState()
        beat = self._link_beat(state, now_s)
        playing, before = state.isPlaying(), self._playing
        self._playing = playing
        clock = self._clock
        if now_s >= self._begin_s or (playing and not before):
            self._begin_s = math.inf
            self._launch(state, now_s, beat)
        elif before and not playing and clock.running:
            clock.update(now_s, beat - self._origin, state.tempo())
            clock.stop(now_s)
        elif clock.running and abs(beat - self._origin - clock.beat_at(now_s)) > _SLIP_BEATS:
            self._join_phase(state, now_s, beat)
        else:
            clock.update(now_s, beat - self._origin, state.tempo())

    def take_messages(self) -> list[tuple[float, bytes]]:
        """Return none."""
        return []

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Change the tempo of the whole session."""
        state = self._link.captureSessionState()
        state.setTempo(tempo_bpm, self._micros(now_s))
        self._link.commitSessionState(state)

    def check_playable(self) -> None:
        """Allow it: everyone in a session may start and stop it."""

    def set_playing(self, playing: bool, now_s: float, beat: int) -> None:
        """Start or stop the session, everyone who shares start and stop with us."""
        state = self._link.captureSessionState()
        if state.isPlaying() != playing:
            state.setIsPlaying(playing, self._micros(now_s))
            self._link.commitSessionState(state)
        self._begin_s = math.inf
        self._playing = playing
        if playing:
            self._launch(state, now_s, self._link_beat(state, now_s))
        elif self._clock.running:
            self._clock.stop(now_s)

    def health(self) -> SyncHealth:
        """Say who is there."""
        if self._link is None:
            return SyncHealth("link", False, 0, "", 0.0, "not in a Link session")
        alone = "" if self._peers else "nobody else in the Link session"
        stopped = "" if self._clock.running else "stopped; waiting for the session to start"
        return SyncHealth("link", self._peers > 0, self._peers, "", 0.0, stopped or alone)

    def close(self) -> None:
        """Leave the session."""
        if self._link is not None:
            self._link.enabled = False
            self._link = None

    def _launch(self, state: Any, now_s: float, beat: float) -> None:
        """Begin at beat 0 on the next bar line."""
        self._origin = math.ceil(beat / self._bar - _ROUNDING) * self._bar
        self._clock.update(now_s, beat - self._origin, state.tempo())
        self._clock.start(now_s, beat - self._origin, 0.0)

    def _join_phase(self, state: Any, now_s: float, beat: float) -> None:
        """Take over the phase of a session just joined, near where we were."""
        wanted = self._clock.beat_at(now_s)
        self._origin = round((beat - wanted) / self._bar) * self._bar
        position = beat - self._origin
        self._clock.update(now_s, position, state.tempo())
        self._clock.start(now_s, position, max(0.0, position))

    def _link_beat(self, state: Any, time_s: float) -> float:
        return float(state.beatAtTime(self._micros(time_s), self._bar))

    def _micros(self, time_s: float) -> int:
        return round((time_s - self._lag_s) * 1e6)

    def _compare_clocks(self) -> None:
        before = time.perf_counter()
        micros = self._link.clock().micros()
        after = time.perf_counter()
        if after - before <= _SLOWEST_READING_S or math.isinf(self._lag_s):
            self._lag_s = (before + after) / 2 - micros * 1e-6
