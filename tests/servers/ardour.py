"""Ardour, a real workstation without a screen: sends MIDI clock and records what it hears."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.bench.daw.ardour import Ardour
from servers.jack import JackServer
from servers.needs import need_program

__all__ = ["ardour"]


@contextmanager
def ardour(server: JackServer, folder: Path) -> Iterator[Ardour]:
    """Run it for the length of a ``with`` block; its home is ``folder``/ardour."""
    need_program("ardour*-lua")
    home = folder / "ardour"
    home.mkdir()
    daw = Ardour(server, home, "send")
    try:
        yield daw
    finally:
        daw.stop()
