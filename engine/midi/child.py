"""A child process that speaks frames: the sender and the receivers."""

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence

from engine.errors import MidiPortError
from engine.midi.wire import Frame, FrameReader
from engine.process.child import child_command, child_environment

__all__ = ["MidiChild"]

_ERROR_LINES = 20


class MidiChild:
    """One run of one of our modules; starts it at once.

    Parameters
    ----------
    module : str
        To be run as a program.
    options : sequence of str
        Its arguments.
    name : str
        What it is, for messages.

    Raises
    ------
    MidiPortError
        If the process cannot be started.
    """

    def __init__(self, module: str, options: Sequence[str], name: str) -> None:
        try:
            self._process = subprocess.Popen(
                child_command(module, *options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=child_environment(JACK_NO_START_SERVER="1"),
                # Ctrl-C and Ctrl-Z in the terminal are for the engine, not for the notes.
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise MidiPortError(f"cannot start the {name}: {error}") from error
        self._killed_for = ""
        self._pipes = threading.Lock()  # a closed descriptor may be someone else's tomorrow
        self._errors: deque[str] = deque(maxlen=_ERROR_LINES)
        threading.Thread(target=self._drain_errors, name="child-stderr", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def write(self, data: bytes) -> bool:
        """Write everything, blocking while the pipe is full; False if it has gone."""
        assert self._process.stdin is not None
        view = memoryview(data)
        with self._pipes:
            try:
                while view:
                    view = view[os.write(self._process.stdin.fileno(), view) :]
            except (OSError, ValueError):
                return False
        return True

    def close_input(self) -> None:
        """Close its standard input: it ends by itself then."""
        assert self._process.stdin is not None
        with self._pipes, contextlib.suppress(OSError):
            self._process.stdin.close()

    def frames(self) -> Iterator[Frame]:
        """Yield its frames until it ends.

        Raises
        ------
        WireError
            If it writes something else.
        """
        assert self._process.stdout is not None
        reader = FrameReader()
        while data := os.read(self._process.stdout.fileno(), 65536):
            yield from reader.feed(data)

    def end_reason(self) -> str:
        """Say why it ended: why we killed it, the signal, else its last line on stderr."""
        if self._killed_for:
            return self._killed_for
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        if (self._process.returncode or 0) < 0:
            return f"killed by {signal.Signals(-self._process.returncode).name}"
        for line in reversed(self._errors):
            if line.strip():
                return line.strip()
        return f"exit status {self._process.returncode}"

    def end(self, patience_s: float) -> None:
        """Give it some time to end by itself, then insist."""
        for insist in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(patience_s)
                return
            except subprocess.TimeoutExpired:
                insist()
        self._process.wait()

    def wait(self, patience_s: float) -> None:
        """Wait until it has ended, at most so long [s]."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)

    def kill(self, reason: str = "") -> None:
        """End it now; the reason is for `end_reason`."""
        self._killed_for = reason
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Close the pipes of a process that has ended."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with self._pipes, contextlib.suppress(OSError):
                    stream.close()

    def _drain_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                self._errors.append(line.decode("utf-8", "replace"))
