"""A private JACK server on the dummy driver, and jack_midi_dump listening on it."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from servers.needs import need_program

__all__ = ["Heard", "JackServer", "MidiDump", "hanging", "until"]

RATE = 48000


def until(condition: Callable[[], object], what: str, patience_s: float = 10.0) -> None:
    """Wait until something holds; fail naming it if it never does."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, f"gave up after {patience_s:g} s waiting for {what}"
        time.sleep(0.01)


def _realtime() -> bool:
    probe = subprocess.run(["chrt", "-f", "5", "true"], capture_output=True, check=False)
    return probe.returncode == 0


class JackServer:
    """A running server; ``name`` goes into JACK_DEFAULT_SERVER."""

    def __init__(self, name: str, period: int | None = None) -> None:
        self.name = name
        # Without real-time rights, short periods would only produce xruns.
        self.period = period or (256 if _realtime() else 1024)
        self.rate = RATE
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [need_program("jackd"), "-R" if _realtime() else "-r", "-n", self.name]
        command += ["-t", "5000", "-d", "dummy", "-r", str(RATE), "-p", str(self.period)]
        process = subprocess.Popen(
            command,
            env=dict(os.environ, JACK_NO_AUDIO_RESERVATION="1"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def answers() -> bool:
            assert process.poll() is None, "jackd ended at once"
            return self.run("jack_lsp").returncode == 0

        # jack_wait fails when two servers start at the same time.
        until(answers, "the JACK server")
        return process

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that is to use this server."""
        return dict(os.environ, JACK_DEFAULT_SERVER=self.name, JACK_NO_START_SERVER="1")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of JACK's tools against this server."""
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, check=False
        )

    def ports(self) -> list[str]:
        """Return the names of all ports."""
        return self.run("jack_lsp").stdout.split("\n")[:-1]

    def connections(self, port: str) -> list[str]:
        """Return the ports connected to one."""
        lines = self.run("jack_lsp", "-c", port).stdout.splitlines()
        return [line.strip() for line in lines if line.startswith("   ")]

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports and make sure of it."""
        until(lambda: {source, sink} <= set(self.ports()), f"{source} and {sink}")
        self.run("jack_connect", source, sink)
        until(lambda: sink in self.connections(source), f"{source} -> {sink}")

    def kill(self) -> None:
        """Kill the server as a crash would."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start it again under the same name."""
        self._process = self._start()

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True)
class Heard:
    """One message as a receiver got it, at a frame of its own clock."""

    frame: int
    data: bytes

    @property
    def kind(self) -> int:
        return self.data[0] & 0xF0

    @property
    def is_on(self) -> bool:
        return self.kind == 0x90 and self.data[2] > 0

    @property
    def is_off(self) -> bool:
        return self.kind == 0x80 or (self.kind == 0x90 and self.data[2] == 0)


def hanging(heard: list[Heard]) -> set[tuple[int, int]]:
    """Return channel and pitch of notes still sounding; an off without its on is an error."""
    sounding: dict[tuple[int, int], int] = {}
    for message in heard:
        place = (message.data[0] & 15, message.data[1])
        if message.is_on:
            assert place not in sounding, f"{place} started twice"
            sounding[place] = message.frame
        elif message.is_off:
            assert place in sounding, f"{place} ended without having started"
            del sounding[place]
    return set(sounding)


class MidiDump:
    """jack_midi_dump, a receiver that is not ours."""

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
                    self.heard.append(Heard(int(stamp), bytes(data)))

    @property
    def ons(self) -> list[Heard]:
        return [message for message in self.heard if message.is_on]

    @property
    def offs(self) -> list[Heard]:
        return [message for message in self.heard if message.is_off]

    def stop(self) -> None:
        """End the program."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def midi_dump(server: JackServer, name: str) -> Iterator[MidiDump]:
    """Run a receiver for the length of a ``with`` block."""
    dump = MidiDump(server, name)
    try:
        yield dump
    finally:
        dump.stop()
