"""Ardour as a recorder: a real workstation, headless, that leaves a MIDI file."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mido

from servers.jack import JackServer, until
from servers.needs import need_program

__all__ = ["ArdourRecording", "ardour_recording"]

_SCRIPT = Path(__file__).with_name("ardour_record.lua")


class ArdourRecording:
    """A recording in progress, then its file."""

    def __init__(self, server: JackServer, folder: Path, source: str, seconds: float) -> None:
        self._folder = folder / "session"
        self._said: list[str] = []
        environment = server.environment() | {
            "HOME": str(folder),
            "SESSION": str(self._folder),
            "SOURCE": source,
            "SECONDS": str(seconds),
        }
        for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DISPLAY"):
            environment.pop(variable, None)
        self._process = subprocess.Popen(
            [need_program("ardour*-lua"), str(_SCRIPT)],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=os.name == "posix",
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._said.append(line.strip())

    def _wait_for(self, word: str, patience_s: float) -> None:
        def there() -> bool:
            over = self._process.poll() is not None
            assert word in self._said or not over, "Ardour ended:\n" + "\n".join(self._said)
            return word in self._said

        until(there, f"Ardour to say {word}", patience_s)

    def wait_ready(self) -> None:
        """Wait until it records."""
        self._wait_for("READY", 60)

    def messages(self) -> list[tuple[float, mido.Message]]:
        """Wait until it has saved; return what it recorded with times [s]."""
        self._wait_for("SAVED", 60)
        self._process.wait(30)
        (path,) = self._folder.glob("interchange/*/midifiles/*.mid")
        now, found = 0.0, []
        for message in mido.MidiFile(path):
            now += message.time
            if not message.is_meta:
                found.append((now, message))
        return found

    def stop(self) -> None:
        """End it, whatever it is doing."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


@contextmanager
def ardour_recording(
    server: JackServer, folder: Path, source: str, seconds: float
) -> Iterator[ArdourRecording]:
    """Record a JACK MIDI port for some seconds."""
    recording = ArdourRecording(server, folder, source, seconds)
    try:
        yield recording
    finally:
        recording.stop()
