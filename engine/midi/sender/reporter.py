"""The sender's way back: reports to the engine, in batches, never blocking a deadline."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable

from engine.midi.ports.port import OutputPort
from engine.midi.wire import Counters, Frame, Kind, encode

__all__ = ["Reporter"]

_PERIOD_S = 0.05
_SLOW_EVERY = 5  # periods between looks at port, peers and parent
_MOST_WAITING = 16384
_SIGN_OF_LIFE_S = 0.5


class Reporter:
    """Writes frames to a pipe from a thread of its own.

    If the engine does not read, the oldest reports are lost, and nothing else happens.

    Parameters
    ----------
    fd : int
        File descriptor to write to.
    orphaned : callable
        Called once when the parent process has gone.
    """

    def __init__(self, fd: int, orphaned: Callable[[], None]) -> None:
        self.counters = Counters()
        self.turns = 0
        """Turns the sender has made; while they count up, the engine hears from it."""
        self._port: OutputPort | None = None
        self._port_lock = threading.Lock()
        self._fd = fd
        self._orphaned = orphaned
        self._parent = os.getppid()
        self._waiting: deque[Frame] = deque(maxlen=_MOST_WAITING)
        self._peers: tuple[str, ...] = ()
        self._last = Counters()
        self._last_turns = 0
        self._told_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def put(self, frame: Frame) -> None:
        """Add one report. Real-time: safe."""
        self._waiting.append(frame)

    def say(self, kind: Kind, text: str) -> None:
        """Add a report that carries text."""
        self.put(Frame(kind, payload=text.encode()))

    def watch(self, port: OutputPort | None) -> None:
        """Look after another port from now on; the last one is left alone on return."""
        with self._port_lock:
            self._port = port
            self._peers = ()

    def start(self) -> None:
        """Start the writing thread."""
        self._thread.start()

    def finish(self) -> None:
        """Write what is left, for at most half a second."""
        self._stop.set()
        self._thread.join(0.5)

    def _run(self) -> None:
        turn = 0
        self._write()  # the engine waits for news of the port
        while not self._stop.wait(_PERIOD_S):
            if turn % _SLOW_EVERY == 0:
                self._look_around()
            turn += 1
            self._write()
        self._write()

    def _look_around(self) -> None:
        # A forked sibling may hold our stdin open after the parent's death: ask as well.
        if os.getppid() != self._parent:
            self._parent = os.getppid()
            self._orphaned()
        with self._port_lock:
            port = self._port
            if port is None:
                return
            port.refresh()
            if port.alive and port.peers() != self._peers:
                self._peers = port.peers()
                self.say(Kind.PEERS, "\n".join(self._peers))

    def _write(self) -> None:
        now = time.monotonic()
        lives = self.turns != self._last_turns and now - self._told_s >= _SIGN_OF_LIFE_S
        if self.counters != self._last or lives:
            self._last, self._last_turns, self._told_s = self.counters, self.turns, now
            self.put(Frame(Kind.COUNTERS, payload=self._last.pack()))
        parts = []
        while self._waiting:
            parts.append(encode(self._waiting.popleft()))
        data = memoryview(b"".join(parts))
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            time.sleep(_PERIOD_S)  # the engine is gone; stdin's end will say so
