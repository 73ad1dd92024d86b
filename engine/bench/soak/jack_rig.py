"""A private JACK server on the dummy driver, and jack_midi_dump, a receiver that is not ours.

Tests and the soak use them: real servers and real receivers, without a sound card.
"""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.errors import DeviceError

__all__ = ["RATE", "Heard", "JackServer", "MidiDump", "default_server", "need_program", "until"]

RATE = 48000
_ATTEMPTS = 5
_TOOL_S = 5.0
_START_S = 20.0
_REGISTRY = Path("/dev/shm/jack-shm-registry")


@contextlib.contextmanager
def default_server(server: "JackServer") -> Iterator["JackServer"]:
    """Let programs of ours find this server without its name until the block ends; stop it then."""
    names = ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(JACK_DEFAULT_SERVER=server.name, JACK_NO_START_SERVER="1")
    try:
        yield server
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.stop()


def need_program(name: str) -> str:
    """Return the path of a program.

    Raises
    ------
    DeviceError
        It is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise DeviceError(f"{name} is missing (Debian: apt install jackd2)")
    return found


def until(
    condition: Callable[[], object],
    what: str,
    patience_s: float = 10.0,
    shown: Callable[[], object] = str,
) -> None:
    """Wait until something holds.

    Raises
    ------
    DeviceError
        It never does; the message names it, with what is ``shown``.
    """
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise DeviceError(f"{what} did not happen within {patience_s:g} s {shown()}")
        time.sleep(0.01)


def _running() -> set[str]:
    """Return every argument of every running program, names of servers among them."""
    arguments: set[bytes] = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # ended meanwhile
            arguments.update(path.read_bytes().split(b"\0"))
    return {argument.decode("utf-8", "replace") for argument in arguments}


def _reserve_name() -> tuple[str, IO[str]]:
    """Return a free server name, and the open lock file that reserves it.

    Names come round again, and with them the places of killed servers in JACK's registry.
    """
    running = _running()
    for number in itertools.count():
        name = f"stimmung-test-{number}"
        lock = (Path(tempfile.gettempdir()) / f"{name}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        if name not in running:
            return name, lock
        lock.close()
    raise DeviceError("no name is left for a JACK server")


def _tidy_registry() -> None:
    """Make room in JACK's registry of servers.

    It has eight places, and one that was killed keeps its place until a server of the same
    name starts and ends properly.
    """
    registered = re.findall(rb"jack-\d+:([^:\0]+):", _REGISTRY.read_bytes())
    for name in {name.decode() for name in registered} - _running():
        command = ["timeout", "2", "jackd", "-r", "-n", name, "-d", "dummy"]
        subprocess.run(command, capture_output=True, check=False)


def _realtime() -> bool:
    probe = subprocess.run(["chrt", "-f", "5", "true"], capture_output=True, check=False)
    return probe.returncode == 0


class JackServer:
    """A running server.

    Parameters
    ----------
    period : int, optional
        Frames per period.
    """

    def __init__(self, period: int | None = None) -> None:
        self._killed = False
        self.name, self._lock = _reserve_name()
        # Without real-time rights, short periods would only produce xruns.
        self.period = period or (256 if _realtime() else 1024)
        self.rate = RATE
        # What it says goes to a file: a pipe that nobody reads would stop the server.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `stop`)
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        for _ in range(_ATTEMPTS):
            process = self._launch(self._log)
            if self._came_up(process):
                return process
            if "Too many servers" in self.said():
                _tidy_registry()
            time.sleep(0.3)  # servers that start together stumble over their registry
        raise DeviceError(f"jackd ends at once: {self.said()}")

    def said(self) -> str:
        """Return what the server has printed so far."""
        log = self._log.fileno()
        # Its place in the file is the server's, too: read without moving it.
        return os.pread(log, os.fstat(log).st_size, 0).decode("utf-8", "replace")

    def _came_up(self, process: "subprocess.Popen[bytes]") -> bool:
        until(lambda: process.poll() is not None or self._answers(), "the JACK server", _START_S)
        time.sleep(0.1)  # if a server of the same name answered, ours is about to give up
        return process.poll() is None

    def _launch(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        # It ends with whoever started it, even if that is killed, and leaves the registry.
        tied = shutil.which("setpriv")
        command = [tied, "--pdeathsig", "TERM"] if tied else []
        # -t: for so long [ms] a killed client may halt the server; 500 is JACK's own default.
        command += [need_program("jackd"), "-R" if _realtime() else "-r", "-n", self.name]
        command += ["-t", "500", "-d", "dummy", "-r", str(self.rate), "-p", str(self.period)]
        return subprocess.Popen(
            command,
            env=dict(os.environ, JACK_NO_AUDIO_RESERVATION="1"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def _answers(self) -> bool:
        # jack_wait would do, but fails when two servers start at the same time.
        return self.run("jack_lsp").returncode == 0

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process.poll() is None

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that is to use this server."""
        return dict(os.environ, JACK_DEFAULT_SERVER=self.name, JACK_NO_START_SERVER="1")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of JACK's tools against this server; one that hangs has failed."""
        try:
            return subprocess.run(
                command,
                env=self.environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=_TOOL_S,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "", f"{command[0]} hangs")

    def ports(self) -> list[str]:
        """Return the names of all ports; none where the server has ended."""
        return self._listed()

    def connections(self, port: str) -> list[str]:
        """Return the ports connected to one; none where the server has ended."""
        return [line.strip() for line in self._listed("-c", port) if line.startswith("   ")]

    def _listed(self, *arguments: str) -> list[str]:
        """Return the lines of a list; a tool that fails on a busy server has listed nothing."""
        told: list[subprocess.CompletedProcess[str]] = []

        def answered() -> bool:
            told.append(self.run("jack_lsp", *arguments))
            return told[-1].returncode == 0 or not self.alive

        until(answered, "a list of ports", _START_S, lambda: told[-1].stderr)
        return told[-1].stdout.splitlines()

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports and make sure of it."""
        until(lambda: {source, sink} <= set(self.ports()), f"{source} and {sink}")

        def connected() -> bool:
            self.run("jack_connect", source, sink)  # on a busy machine the tool may give up
            return sink in self.connections(source)

        until(connected, f"{source} -> {sink}", _START_S)

    def kill(self) -> None:
        """Kill the server as a crash would."""
        self._killed = True
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start it again under the same name."""
        self._killed = False
        self._process = self._start()

    def stop(self) -> None:
        """End the server."""
        if self._killed:
            self.restart()  # to end properly and leave the registry
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self._log.close()
        if self._lock is not None:
            self._lock.close()


@dataclass(frozen=True)
class Heard:
    """One message as a receiver got it, at a frame of its own clock."""

    frame: int
    data: bytes

    @property
    def kind(self) -> int:
        """Status byte without the channel."""
        return self.data[0] & 0xF0

    @property
    def place(self) -> tuple[int, int]:
        """Channel and pitch."""
        return self.data[0] & 15, self.data[1]

    @property
    def is_on(self) -> bool:
        """Whether a note begins."""
        return self.kind == 0x90 and self.data[2] > 0

    @property
    def is_off(self) -> bool:
        """Whether a note ends."""
        return self.kind == 0x80 or (self.kind == 0x90 and self.data[2] == 0)


class MidiDump:
    """jack_midi_dump listening at a port of its own; it keeps what it hears in ``heard``."""

    def __init__(self, server: JackServer, name: str) -> None:
        self.port = f"{name}:input"
        self.heard: list[Heard] = []
        self._process = subprocess.Popen(
            [need_program("jack_midi_dump"), "-a", name],
            env=server.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        until(lambda: self.port in server.ports(), self.port)

    @property
    def pid(self) -> int:
        """Process id of the receiver."""
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                stamp, _, rest = line.partition(":")
                data = bytearray()
                for word in rest.split():
                    if len(word) != 2:
                        break
                    data.append(int(word, 16))
                if data:
                    self.take(Heard(int(stamp), bytes(data)))

    def take(self, message: Heard) -> None:
        """Take one message, in a thread of its own."""
        self.heard.append(message)

    @property
    def ons(self) -> list[Heard]:
        """Note-ons heard."""
        return [message for message in self.heard if message.is_on]

    @property
    def offs(self) -> list[Heard]:
        """Note-offs heard."""
        return [message for message in self.heard if message.is_off]

    def kill(self) -> None:
        """End the program as a crash would; the server halts for a while."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the program."""
        # It leaves the server properly at SIGINT only; after any other death the server halts
        # for a while.
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
