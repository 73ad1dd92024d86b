"""JACK's transport: rolling, stopping and position of a whole JACK session.

Where a timebase master (a workstation) tells bars, beats and tempo, they are followed; where
nobody does, beats are counted from frame 0 at our own tempo. Starting and stopping here starts
and stops everyone.
"""

import time
from typing import Any

from engine.errors import MidiPortError
from engine.midi.ports.jack_server import ServerWatch, open_client
from engine.music.clock import Clock
from engine.settings.resume import Resume
from engine.snapshot import SyncHealth
from engine.sync.session_clock import SessionClock

__all__ = ["JackTransportSync", "beat_of"]

_SLIP_BEATS = 0.1  # a shift beyond this is a jump, less is time the server lost
_SLOWEST_READING_S = 2e-4  # a reading that took longer was interrupted and is worth nothing
_REOPEN_S = 1.0


def beat_of(position: dict[str, Any], frame: int, tempo_bpm: float) -> tuple[float, float]:
    """Return beat [quarter notes] and tempo at a transport frame.

    Parameters
    ----------
    position : dict
        Valid fields of JACK's position: always ``frame`` and ``frame_rate``; with a timebase
        master ``bar``, ``beat`` (both from 1), ``tick``, ``ticks_per_beat``,
        ``beats_per_bar``, ``beat_type``, ``beats_per_minute``.
    frame : int
        Transport frame asked for.
    tempo_bpm : float
        Tempo where no master tells one.
    """
    rate = position["frame_rate"]
    if "beats_per_minute" not in position or not position["beats_per_minute"] > 0:
        return frame / rate * tempo_bpm / 60.0, tempo_bpm
    quarters = 4.0 / position["beat_type"]  # JACK counts beats of the meter
    tempo = position["beats_per_minute"] * quarters
    bars = (position["bar"] - 1) * position["beats_per_bar"]
    beats = bars + position["beat"] - 1 + position["tick"] / position["ticks_per_beat"]
    since_s = (frame - position["frame"] + position.get("bbt_offset", 0)) / rate
    return beats * quarters + since_s * tempo / 60.0, tempo


class JackTransportSync:
    """A follower of the transport of the running JACK server.

    Parameters
    ----------
    tempo_bpm : float
        Tempo where no timebase master tells one [quarter notes per minute].
    """

    follows = True

    def __init__(self, tempo_bpm: float) -> None:
        self._clock = SessionClock(tempo_bpm)
        self.clock: Clock = self._clock
        self._tempo_bpm = tempo_bpm
        self._jack: Any = None
        self._client: Any = None
        self._watch: ServerWatch | None = None
        self._alive = False
        self._retry_s = 0.0

    def open(self) -> None:
        """Connect to the server.

        Raises
        ------
        MidiPortError
            If none runs.
        """
        self._jack, self._client = open_client("stimmung-transport")
        self._client.set_shutdown_callback(self._gone)
        self._client.activate()  # PipeWire tells the transport to active clients only
        self._watch = ServerWatch(self._jack, self._client, time.perf_counter)
        self._alive = True

    def begin(self, now_s: float, resume: Resume | None = None) -> None:
        """Wait until the transport rolls."""

    def poll(self, now_s: float) -> None:
        """Draw the clock anew from the transport."""
        clock = self._clock
        if self._alive and self._watch is not None and self._watch.has_stopped():
            self._alive = False
        if not self._alive:
            if clock.running:
                clock.stop(now_s)
            self._come_back(now_s)
            return
        before_s = time.perf_counter()
        state, position = self._client.transport_query()
        frame = self._client.transport_frame
        after_s = time.perf_counter()
        if after_s - before_s > _SLOWEST_READING_S and clock.running:
            return
        beat, tempo = beat_of(position, frame, self._tempo_bpm)
        time_s = (before_s + after_s) / 2
        rolling = state == self._jack.ROLLING
        moved = abs(beat - clock.beat_at(time_s)) > _SLIP_BEATS
        if clock.running and not rolling:
            clock.stop(time_s)
        clock.update(time_s, beat, tempo)
        if rolling and (moved or not clock.running):
            # Noticed a few milliseconds late: the beat it began on is still to be played.
            clock.start(time_s, beat, beat - _SLIP_BEATS)
        elif not rolling and moved:
            clock.locate(beat)

    def take_messages(self) -> list[tuple[float, bytes]]:
        """Return none."""
        return []

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Change the tempo that holds where no timebase master tells one."""
        self._tempo_bpm = tempo_bpm

    def check_playable(self) -> None:
        """Allow it: every client may start and stop the transport."""

    def set_playing(self, playing: bool, now_s: float, beat: int) -> None:
        """Start or stop everyone."""
        if self._alive:
            if playing:
                self._client.transport_start()
            else:
                self._client.transport_stop()

    def health(self) -> SyncHealth:
        """Say whether it rolls."""
        if not self._alive:
            return SyncHealth("jack", False, 0, "", 0.0, "the JACK server has gone")
        stopped = "" if self._clock.running else "stopped; waiting for the JACK transport"
        return SyncHealth("jack", True, 0, "", 0.0, stopped)

    def close(self) -> None:
        """Leave the server."""
        self._alive = False
        self._watch = None
        if self._client is not None:
            self._client.close(ignore_errors=True)
            self._client = None

    def _gone(self, _status: object, _reason: str) -> None:
        self._alive = False

    def _come_back(self, now_s: float) -> None:
        if now_s < self._retry_s:
            return
        self._retry_s = now_s + _REOPEN_S
        self.close()
        try:
            self.open()
        except MidiPortError:
            return  # still away; `health` says so
