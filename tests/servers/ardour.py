"""Ardour, a real workstation without a screen: sends MIDI clock and records what it hears."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.bench.daw.ardour import Ardour
from engine.errors import DeviceError
from servers.jack import JackServer
from servers.needs import need_program

__all__ = ["ardour"]

_ATTEMPTS = 4


@contextmanager
def ardour(server: JackServer, folder: Path) -> Iterator[Ardour]:
    """Run it for the length of a ``with`` block; its homes are ``folder``/ardour….

    A server that has just started drops it now and then while it starts: it is tried again.
    """
    need_program("ardour*-lua")
    for attempt in range(_ATTEMPTS):
        home = folder / f"ardour{attempt}"
        home.mkdir()
        try:
            daw = Ardour(server, home, "send")
            break
        except DeviceError:
            if attempt + 1 == _ATTEMPTS:
                raise
    try:
        yield daw
    finally:
        daw.stop()
