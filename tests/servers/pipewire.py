"""A private PipeWire, and what its JACK library makes of JACK programs."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from engine.bench.soak import jack_rig
from servers.needs import need_program

__all__ = ["PipeWireServer"]


class PipeWireServer(jack_rig.JackServer):
    """The daemon alone, without a session manager: connections are ours to make.

    Parameters
    ----------
    folder : Path
        Where its socket is.
    """

    def __init__(self, folder: Path) -> None:
        for program in ("pipewire", "pw-jack", "jack_lsp", "jack_connect", "jack_midi_dump"):
            need_program(program)
        self._killed = False
        self._lock = None
        self.name = "pipewire"
        self._folder = folder
        told = subprocess.run(
            ["pw-jack", "printenv", "LD_LIBRARY_PATH"], capture_output=True, text=True, check=True
        )
        self._library = told.stdout.strip()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `stop`)
        self._process = self._start()

    def environment(self) -> dict[str, str]:
        """Return the environment of a JACK program that is to use this server."""
        folder = str(self._folder)
        return dict(
            os.environ,
            XDG_RUNTIME_DIR=folder,
            PIPEWIRE_RUNTIME_DIR=folder,
            LD_LIBRARY_PATH=self._library,
            JACK_NO_START_SERVER="1",
        )

    def stop(self) -> None:
        """End the server."""
        self.kill()
        self._log.close()

    def _launch(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        tied = shutil.which("setpriv")  # it ends with whoever started it
        return subprocess.Popen(
            [*([tied, "--pdeathsig", "TERM"] if tied else []), "pipewire"],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
