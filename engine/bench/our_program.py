"""Our own program as others start it: the engine over its pipe, and `stimmung live` on JACK."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.bench.soak.jack_rig import JackServer, until
from engine.errors import DeviceError
from engine.process.child import child_command, child_environment

__all__ = ["PORT", "Engine", "engine", "jack_program", "live_program"]

PORT = "Stimmung:Stimmung"
"""Our MIDI output on JACK."""

_READY_S = 60.0
_END_S = 20.0


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine at work.

    Attributes
    ----------
    pid : int
        Of the process.
    looks : iterator of dict
        Its snapshots (`engine.snapshot.Snapshot` as JSON) as they come; raises `DeviceError` if it
        reports an error.
    """

    pid: int
    looks: Iterator[dict[str, Any]]


@contextmanager
def engine(config: dict[str, Any]) -> Iterator[Engine]:
    """Run an engine (`engine.live.remote`) on a configuration until the block ends."""
    with subprocess.Popen(
        child_command("engine.live.remote"),
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps({"do": "start", "config": config}) + "\n")
        try:
            yield Engine(process.pid, _looks(process.stdout))
        finally:
            process.stdin.close()
            for _ in process.stdout:
                pass


def _looks(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        answer = json.loads(line)
        if answer["is"] == "error":
            raise DeviceError(str(answer["message"]))
        if answer["is"] == "snapshot":
            yield answer


@contextmanager
def jack_program(
    server: JackServer, port: str, *words: str, folder: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program of ours on a server until the block ends; a port of it is waited for.

    Parameters
    ----------
    words : str
        Module and arguments.
    folder : Path, optional
        Where it keeps its settings.
    """
    places = {} if folder is None else {"XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    with subprocess.Popen(
        child_command(*words),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment(
            JACK_DEFAULT_SERVER=server.name,
            JACK_NO_START_SERVER="1",
            QT_QPA_PLATFORM="offscreen",
            **places,
        ),
    ) as process:
        try:
            if port:
                until(lambda: port in server.ports(), port, _READY_S)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def live_program(
    server: JackServer, heard: str, *options: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `stimmung live` with `rules` on what a JACK client plays until the block ends."""
    words = ("engine.cli", "live", "--input", heard, "--engine", "rules", "--midi-out", "jack")
    with jack_program(server, PORT, *words, *options) as process:
        yield process
