"""The load of a concert: the window, drawing, with its engine `muser` and the tracker behind it.

The window is the program a musician starts, on a screen that nobody sees; its engine listens over
JACK to the demo piece, tracks it and answers with notes.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.bench.soak.jack_rig import JackServer, until
from engine.process.child import child_command, child_environment

__all__ = ["concert", "stage_load"]

_CONCERT = "bench-concert"
_READY_S = 60.0


@contextmanager
def concert(server: JackServer, folder: Path) -> Iterator[str]:
    """Have the demo piece played into JACK, again and again; yield the client's name."""
    import soundfile
    import soxr

    import presets

    path = folder / "concert.wav"
    if not path.exists():
        samples, rate = soundfile.read(presets.DEMO_AUDIO, dtype="float32", always_2d=True)
        soundfile.write(path, soxr.resample(samples[:, 0], rate, server.rate), server.rate)
    environment = child_environment(JACK_DEFAULT_SERVER=server.name, JACK_NO_START_SERVER="1")
    with subprocess.Popen(
        child_command("engine.bench.soak.concert", str(path), _CONCERT),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as playing:
        try:
            until(lambda: f"{_CONCERT}:out" in server.ports(), "the demo piece on JACK", _READY_S)
            yield _CONCERT
        finally:
            playing.kill()


@contextmanager
def stage_load(server: JackServer, engine: str = "muser") -> Iterator[str]:
    """Run the whole program on the demo piece; yield its MIDI output once it plays."""
    with tempfile.TemporaryDirectory(prefix="stimmung-load-") as scratch:
        folder = Path(scratch)
        with concert(server, folder) as heard:
            _write_settings(folder, heard, engine)
            environment = child_environment(
                JACK_DEFAULT_SERVER=server.name,
                JACK_NO_START_SERVER="1",
                QT_QPA_PLATFORM="offscreen",
                XDG_CONFIG_HOME=str(folder),
                HOME=str(folder),
            )
            log = folder / "window.log"
            with log.open("w") as said:
                window = subprocess.Popen(
                    child_command("gui", "--start"),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env=environment,
                )
            try:
                until(lambda: _port(server), "the window's engine", _READY_S, log.read_text)
                yield _port(server)
            finally:
                window.terminate()
                try:
                    window.wait(15.0)
                except subprocess.TimeoutExpired:
                    window.kill()
                    window.wait()


def _port(server: JackServer) -> str:
    return next((port for port in server.ports() if port == "Stimmung:Stimmung"), "")


def _write_settings(folder: Path, heard: str, engine: str) -> None:
    """Leave the settings a musician would have made in the window."""
    store = folder / "Stimmung" / "Stimmung.conf"
    store.parent.mkdir(parents=True)
    performance = json.dumps({"engine": engine, "mode": "follow"}).replace('"', '\\"')
    lines = ["[General]", f"audio_input={heard}", "midi_out=jack", f'performance="{performance}"']
    store.write_text("\n".join(lines) + "\n", encoding="utf-8")
