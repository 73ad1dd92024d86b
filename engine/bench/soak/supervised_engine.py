"""The engine as a child process that is watched, and replaced with its settings when it dies.

The window has its own such watch (Qt's event loop drives it); this one needs no event loop and
serves programs without a window. A spare engine waits with its model loaded and a sender without
a port, so that taking over costs no more than opening devices.
"""

import contextlib
import json
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.process.child import child_command, child_environment
from engine.process.restarts import Losses, Restarts
from engine.settings.resume import Resume

__all__ = ["RESTARTS", "SupervisedEngine"]

RESTARTS = Restarts((0.0, 0.2, 1.0, 3.0, 10.0))
"""Pause before a new engine, by how many died within the last minute; the last one repeats."""

_LOOK_S = 1.0
_SILENT_LOOKS = 4
_PATIENCE_S = 20.0
_MOST_ERROR_LINES = 20
_SNAPSHOT = b'{"is": "snapshot"'


class SupervisedEngine:
    """Keeps one engine playing. Safe to use from any thread.

    Parameters
    ----------
    config : mapping
        As for `engine.live.remote`.
    tell : callable
        Told what happens, one line at a time: deaths, restarts, errors of the engine.
    """

    def __init__(self, config: Mapping[str, Any], tell: Callable[[str], None]) -> None:
        self.restarts = 0
        self._config = dict(config)
        self._tell = tell
        self._lock = threading.Lock()
        self._engine: _Engine | None = None
        self._spare: _Engine | None = None
        self._newest: bytes | None = None
        self._resume: dict[str, Any] = {}
        self._held_back = False  # it was told to stop
        self._heard = 0
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, name="engine-engine", daemon=True),
            threading.Thread(target=self._watch, name="engine-watch", daemon=True),
        ]

    @property
    def pid(self) -> int | None:
        """Process id of the present engine."""
        engine = self._engine
        return engine.pid if engine is not None else None

    @property
    def heard(self) -> int:
        """Lines heard from the engine: rises while it lives."""
        return self._heard

    def snapshot(self) -> dict[str, Any] | None:
        """Return the newest snapshot (`engine.snapshot.Snapshot` as JSON), or None."""
        line = self._newest
        return None if line is None else json.loads(line)

    def start(self) -> None:
        """Start the engine, and playing."""
        for thread in self._threads:
            thread.start()

    def order(self, do: str, **values: Any) -> None:
        """Send a command of `engine.live.remote`; lost while there is no engine.

        What ``change`` sets, an engine that takes over is started with.
        """
        if do == "change":
            performance = {**self._config.get("performance", {}), **values["values"]}
            self._config["performance"] = performance
        elif do == "stop":
            self._held_back = True
        elif do == "start":
            self._held_back = False
            self._newest = None  # opening devices anew takes its time, and is no silence
            self._config = dict(values["config"])
            self._resume = {}
        elif do == "regenerate":
            self._config["seed"] = values["seed"]
        self._send({"do": do, **values})

    def write(self, line: bytes) -> None:
        """Send a line as it is, whatever it holds."""
        engine = self._engine
        if engine is not None:
            engine.write(line)

    def stop(self) -> None:
        """End the engine: it ends every note and finishes what it records."""
        self._stopping.set()
        for engine in (self._engine, self._spare):
            if engine is not None:
                engine.end(_PATIENCE_S)
        if self._spare is not None:
            self._spare.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_PATIENCE_S)

    def _send(self, command: Mapping[str, Any]) -> None:
        self.write(json.dumps(command).encode() + b"\n")

    def _keep(self) -> None:
        losses = Losses(RESTARTS)
        while not self._stopping.is_set():
            engine, self._spare = self._spare or _Engine(), None
            with self._lock:
                self._engine = engine
            look, self._newest = self.snapshot(), None
            if look is not None:
                self._resume = {"resume": Resume.from_snapshot(look)}
            self._send({"do": "start", "config": {**self._config, **self._resume}})
            self._listen(engine)
            if self._stopping.is_set():
                return
            pause_s = losses.pause_s(time.monotonic())
            self._tell(f"the engine ended ({engine.last_words()}); another takes over")
            if self._stopping.wait(pause_s):
                return
            self.restarts += 1

    def _listen(self, engine: "_Engine") -> None:
        for line in engine.lines():
            self._heard += 1
            if line.startswith(_SNAPSHOT):
                self._newest = line
                if self._spare is None and not self._stopping.is_set():
                    self._spare = _Engine()
                    command = {"do": "prepare", "config": self._config}
                    self._spare.write(json.dumps(command).encode() + b"\n")
                continue
            with contextlib.suppress(ValueError, KeyError, TypeError):
                answer = json.loads(line)
                if answer["is"] == "error":
                    self._tell(str(answer["message"]))
                elif answer["is"] == "stopped" and not self._held_back:
                    engine.kill("it stopped playing")

    def _watch(self) -> None:
        """Kill an engine that is silent; counts checks as `engine.midi.sender.supervisor` does."""
        last: tuple[_Engine | None, int] = (None, 0)
        silent = 0
        while not self._stopping.wait(_LOOK_S):
            now = (self._engine, self._heard)
            plays = self._newest is not None  # before, opening devices may take its time
            silent = silent + 1 if now == last and plays else 0
            last = now
            if silent >= _SILENT_LOOKS and now[0] is not None:
                now[0].kill("it did not answer")
                silent = 0


class _Engine:
    """One engine process, started at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            child_command("engine.live.remote"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(),
        )
        self.pid = self._process.pid
        self._killed_for = ""
        self._errors: deque[str] = deque(maxlen=_MOST_ERROR_LINES)
        threading.Thread(target=self._drain, name="engine-stderr", daemon=True).start()

    def write(self, data: bytes) -> None:
        """Write without buffering; an engine that has gone hears nothing."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def lines(self) -> Iterator[bytes]:
        """Yield what it says until it ends."""
        assert self._process.stdout is not None
        yield from self._process.stdout
        self._process.wait()
        self.close()

    def last_words(self) -> str:
        """Say why it ended."""
        status = self._process.returncode
        last = next((line for line in reversed(self._errors) if line), "")
        return self._killed_for or (f"signal {-status}" if status and status < 0 else last)

    def kill(self, reason: str) -> None:
        """End it now; its sender ends every note."""
        self._killed_for = reason
        self._process.kill()

    def end(self, patience_s: float) -> None:
        """Close its input and give it time to finish."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill("it did not end")
            self._process.wait()

    def close(self) -> None:
        """Close the pipes of a process that has ended."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _drain(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                self._errors.append(line.decode("utf-8", "replace").strip())
