"""Ardour as a clock: a real workstation, headless, that sends MIDI clock at 120 BPM."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.jack import JackServer, until
from servers.needs import need_program

__all__ = ["ArdourClock", "ardour_clock"]

_SCRIPT = Path(__file__).with_name("ardour_clock.lua")
_PORT = "MIDI Clock out"


class ArdourClock:
    """A session that rolls and stops as told."""

    def __init__(self, server: JackServer, folder: Path) -> None:
        environment = server.environment() | {
            "HOME": str(folder),
            "SESSION": str(folder / "session"),
        }
        for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DISPLAY"):
            environment.pop(variable, None)
        self._process = subprocess.Popen(
            [need_program("ardour*-lua"), str(_SCRIPT)],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

        def ports() -> list[str]:
            return [port for port in server.ports() if port.endswith(_PORT)]

        until(ports, "Ardour's clock", 60.0)
        self.port = ports()[0]

    def say(self, word: str) -> None:
        """Let it ``play`` or ``stop``."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """End it, whatever it is doing."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def ardour_clock(server: JackServer, folder: Path) -> Iterator[ArdourClock]:
    """Run Ardour for the length of a ``with`` block."""
    clock = ArdourClock(server, folder)
    try:
        yield clock
    finally:
        clock.stop()
