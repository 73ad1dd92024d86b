"""Starting the sender process and talking to it over its pipes."""

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator

from engine.errors import MidiPortError
from engine.midi.wire import Frame, FrameReader
from engine.process.child import child_command, child_environment

__all__ = ["SenderProcess"]

_ERROR_LINES = 20


class SenderProcess:
    """One run of ``engine.midi.sender.main``; starts it at once.

    Parameters
    ----------
    output, port_name, latency_s
        As in `SenderClient`.
    spare : bool
        Whether it waits, ready to start, for `Kind.OPEN`; it then runs even while its port is
        away.

    Raises
    ------
    MidiPortError
        If the process cannot be started.
    """

    def __init__(
        self,
        output: str,
        port_name: str,
        latency_s: float,
        *,
        spare: bool = False,
    ) -> None:
        options = [f"--output={output}", f"--name={port_name}", f"--latency={latency_s!r}"]
        try:
            self._process = subprocess.Popen(
                child_command("engine.midi.sender.main", *options, *["--spare"] * spare),
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
            raise MidiPortError(f"cannot start the MIDI sender: {error}") from error
        self._killed_for = ""
        self._pipes = threading.Lock()  # a closed descriptor may be someone else's tomorrow
        self._errors: deque[str] = deque(maxlen=_ERROR_LINES)
        threading.Thread(target=self._drain_errors, name="sender-stderr", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def write(self, data: bytes) -> bool:
        """Write everything, blocking while the pipe is full; False if the sender is gone."""
        assert self._process.stdin is not None
        view = memoryview(data)
        with self._pipes:
            try:
                while view:
                    view = view[os.write(self._process.stdin.fileno(), view) :]
            except (OSError, ValueError):
                return False
        return True

    def frames(self) -> Iterator[Frame]:
        """Yield the sender's frames until it ends.

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
