"""The load of a concert: the window, drawing, with its engine `muser` and the tracker behind it.

The window is the program a musician starts, on a screen that nobody sees; its engine listens over
JACK to the demo piece, tracks it and answers with notes.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.bench.our_program import PORT, jack_program
from engine.bench.player import player, write_demo
from engine.bench.soak.jack_rig import JackServer

__all__ = ["concert", "stage_load"]

_CONCERT = "bench-concert"


@contextmanager
def concert(server: JackServer, folder: Path) -> Iterator[str]:
    """Have the demo piece played into JACK, again and again; yield the client's name."""
    path = folder / "concert.wav"
    write_demo(path, server.rate)
    with player(server, _CONCERT, path):
        yield _CONCERT


@contextmanager
def stage_load(server: JackServer, engine: str = "muser") -> Iterator[str]:
    """Run the whole program on the demo piece; yield its MIDI output once it plays."""
    with tempfile.TemporaryDirectory(prefix="stimmung-load-") as scratch:
        folder = Path(scratch)
        with concert(server, folder) as heard:
            _write_settings(folder, heard, engine)
            with jack_program(server, PORT, "gui", "--start", folder=folder):
                yield PORT


def _write_settings(folder: Path, heard: str, engine: str) -> None:
    """Leave the settings a musician would have made in the window."""
    store = folder / "Stimmung" / "Stimmung.conf"
    store.parent.mkdir(parents=True)
    performance = json.dumps({"engine": engine, "mode": "follow"}).replace('"', '\\"')
    lines = ["[General]", f"audio_input={heard}", "midi_out=jack", f'performance="{performance}"']
    store.write_text("\n".join(lines) + "\n", encoding="utf-8")
