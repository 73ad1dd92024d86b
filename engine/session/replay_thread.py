"""A session replayed by a thread: the window can pause it, move in it and ask where it is."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.midi.sender.client import SenderClient
from engine.session.events_file import read_session
from engine.session.replay import Replayer, ReplayScore
from engine.settings.latencies import shift_s
from engine.settings.run import LiveConfig
from engine.snapshot import ReplayLook

__all__ = ["ReplayRun"]

_TICK_S = 0.005


class ReplayRun:
    """Plays the notes of a session folder in time through a port.

    Parameters
    ----------
    folder : Path
        The session.
    config : LiveConfig
        Of which the output counts.

    Raises
    ------
    SessionError
        There is no session that can be read.
    """

    def __init__(self, folder: Path, config: LiveConfig) -> None:
        self._folder = folder
        session = read_session(folder)
        score = ReplayScore(session)
        self._engine = str(session.info.settings.get("engine", ""))
        self._config = config
        self._sender = SenderClient(config.output)
        self._replayer = Replayer(score, self._sender)
        self._seconds = score.seconds
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay")

    def start(self, from_s: float = 0.0) -> None:
        """Open the port and play.

        Raises
        ------
        StimmungError
            The port cannot be opened, or there is no such place; nothing is left open.
        """
        self._sender.start()
        try:
            self._sender.set_latency(shift_s(self._sender.status().port, self._config.latency_ms))
            self._sender.sound(self._engine, self._config.performance.volume)
            self._replayer.play(time.perf_counter(), from_s)
        except BaseException:
            self._sender.stop()
            raise
        self._thread.start()

    def play(self, from_s: float | None = None) -> None:
        """Go on, or play from a place in the session [s].

        Raises
        ------
        InputError
            There is no such place.
        """
        self._do(lambda now_s: self._replayer.play(now_s, from_s))

    def hold(self) -> None:
        """Pause; what sounds ends."""
        self._do(self._replayer.stop)

    def stop(self) -> None:
        """End every note and close the port."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._sender.stop()

    def look(self) -> ReplayLook:
        """Return where it is."""
        status = self._sender.status()
        with self._turn:
            return ReplayLook(
                str(self._folder),
                round(self._replayer.position(time.perf_counter()), 3),
                self._seconds,
                self._replayer.playing,
                self._replayer.ended,
                status.port,
                status.alive and status.port_alive,
            )

    def _do(self, order: Callable[[float], None]) -> None:
        with self._turn:
            order(time.perf_counter())

    def _run(self) -> None:
        while not self._stopping.wait(_TICK_S):
            with self._turn:
                self._replayer.advance(time.perf_counter())
