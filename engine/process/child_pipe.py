"""One run of a child process that holds a driver and delivers through a pipe."""

import contextlib
import json
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import IO, Any, Final

from engine.process.child import child_environment

__all__ = ["LEFT", "LOST", "NO_WINDOW", "ChildPipe", "capture_environment"]

_CLOSE_TIMEOUT_S: Final = 3.0


class ChildPipe(ABC):
    """A child, and the thread that reads what it says: one line of JSON, then `_follow`.

    Parameters
    ----------
    command : sequence of str
        The child's command line.
    doing : str
        What it does, for messages and the thread's name, such as ``"capture"``.
    patience_s : float
        How long its first line is waited for [s].
    silent_s : float
        A child silent for so long afterwards hangs inside a driver [s].

    Attributes
    ----------
    answer : dict
        The child's first line; empty if none came.
    answered : bool
        Whether it came, or the child ended, in time.
    """

    def __init__(
        self, command: Sequence[str], doing: str, *, patience_s: float, silent_s: float
    ) -> None:
        self.answer: dict[str, Any] = {}
        self._doing = doing
        self._silent_s = silent_s
        self._first = threading.Event()
        self._heard_s = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env=capture_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=NO_WINDOW,
        )
        self._reader = threading.Thread(target=self._read, name=f"{doing}-pipe", daemon=True)
        self._reader.start()
        self.answered = self._first.wait(patience_s)

    @property
    def gone(self) -> bool:
        """Whether no more will come."""
        return not self._reader.is_alive() or time.perf_counter() - self._heard_s > self._silent_s

    @property
    def reason(self) -> str:
        """Why it is gone."""
        status = self._process.poll()
        if status is None:
            return "its driver hangs"
        if status == LOST:
            return "it stopped delivering"
        if status == LEFT:
            return "its program has gone"
        return f"{self._doing} ended (status {status})"

    def send(self, data: bytes) -> None:
        """Hand something over; what a child that has gone would get is dropped, see `gone`."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def close(self) -> None:
        """Ask the process to end, and kill it if it does not."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):  # the rest of what was written, for nobody
            self._process.stdin.close()
        try:
            self._process.wait(_CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_CLOSE_TIMEOUT_S)
        self._process.stdout.close()

    @abstractmethod
    def _follow(self, pipe: IO[bytes]) -> None:
        """Read on until the pipe ends, calling `_heard` at every sign of life."""

    def _heard(self) -> None:
        self._heard_s = time.perf_counter()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        try:
            self.answer = json.loads(pipe.readline() or b"{}")
            self._heard()
            self._first.set()
            self._follow(pipe)
        except ValueError:
            pass  # an incomplete line or a closed pipe: the process has ended, see `gone`
        finally:
            self._first.set()


LOST: Final = 3
"""Exit status of a capture process whose device stopped delivering."""


LEFT: Final = 4
"""Exit status of a capture process whose JACK client of choice has gone."""


NO_WINDOW: Final = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Flag that keeps Windows from opening a console for the process."""


def capture_environment() -> dict[str, str]:
    """Return the environment in which the capture process finds this very engine."""
    # JACK locks all memory of its clients: no pool of linear algebra threads that never run.
    return child_environment(OPENBLAS_NUM_THREADS="1")
