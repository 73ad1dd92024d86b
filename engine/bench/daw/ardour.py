"""Ardour without a screen: sends MIDI clock or follows JACK, and records one MIDI track.

It cannot follow a MIDI clock here: Ardour 7.3 then counts every clock thirtyfold.
"""

import contextlib
import os
import subprocess
import threading
from pathlib import Path
from typing import Literal

import mido

from engine.bench.soak.jack_rig import JackServer, until
from engine.errors import DeviceError
from engine.process.child import external_environment

__all__ = ["TEMPO_BPM", "Ardour", "find_ardour"]

TEMPO_BPM = 120.0
"""Tempo of a new session of Ardour."""

_SCRIPT = Path(__file__).with_name("ardour.lua")
_READY_S = 60.0
_ORDER_S = 20.0
_FOLLOWER = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour>
  <Config/>
  <TransportMasters current="JACK Transport">
    <TransportMaster type="Engine" name="JACK Transport" collect="1" removeable="0"/>
  </TransportMasters>
</Ardour>
"""


def find_ardour() -> str:
    """Return the path of Ardour's interpreter without a window.

    Raises
    ------
    DeviceError
        It is not installed.
    """
    for folder in os.get_exec_path():
        for path in sorted(Path(folder).glob("ardour*-lua"), reverse=True):
            return str(path)
    raise DeviceError("ardour7-lua is missing (Debian: apt install ardour)")


class Ardour:
    """A session on a JACK server.

    Parameters
    ----------
    server : JackServer
        Where it runs.
    folder : Path
        For its session and settings.
    clock : str
        ``send``: it sends MIDI clock; ``follow``: it follows the JACK transport.
    """

    def __init__(self, server: JackServer, folder: Path, clock: Literal["send", "follow"]) -> None:
        self._session = folder / "session"
        self._said: list[str] = []
        environment = external_environment() | server.environment()
        environment |= {"HOME": str(folder), "SESSION": str(self._session), "CLOCK": clock}
        for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DISPLAY"):
            environment.pop(variable, None)
        program = find_ardour()
        if clock == "follow":
            settings = folder / ".config" / Path(program).name.partition("-")[0]
            settings.mkdir(parents=True)
            (settings / "config").write_text(_FOLLOWER, encoding="utf-8")
        before = set(server.ports())
        self._process = subprocess.Popen(
            [program, str(_SCRIPT)],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, name="ardour", daemon=True).start()
        self.clock_out = ""
        """The port its clock comes from, if it sends one."""
        self._sends = clock == "send"
        try:
            self._wait_for("READY", 1, _READY_S)
            # Now and then the server drops it while it starts.
            until(lambda: self._is_there(server, before), "its ports", shown=self.last_words)
        except DeviceError:
            self.stop()
            raise

    def say(self, order: str) -> None:
        """Give an order of the script and wait until it is carried out."""
        assert self._process.stdin is not None
        count = self._said.count("OK")
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        self._wait_for("OK", count + 1, _ORDER_S)

    def save(self) -> list[tuple[float, mido.Message]]:
        """Save, end, and return what was recorded with its beat, in order of time."""
        self.say("save")
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_READY_S)
        found: list[tuple[float, mido.Message]] = []
        for path in self._session.glob("interchange/*/midifiles/*.mid"):
            file = mido.MidiFile(path)
            for track in file.tracks:
                tick = 0
                for message in track:
                    tick += message.time
                    if not message.is_meta:
                        found.append((tick / file.ticks_per_beat, message))
        return sorted(found, key=lambda there: there[0])

    def stop(self) -> None:
        """End it, whatever it is doing."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_ORDER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """Return what it said last."""
        return " / ".join(self._said[-4:])

    def _is_there(self, server: JackServer, before: set[str]) -> bool:
        theirs = sorted(set(server.ports()) - before)
        self.clock_out = next((port for port in theirs if port.endswith("MIDI Clock out")), "")
        return bool(self.clock_out if self._sends else theirs)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._said.append(line.strip())

    def _wait_for(self, word: str, count: int, patience_s: float) -> None:
        def there() -> bool:
            if self._process.poll() is not None:
                raise DeviceError(f"Ardour ended: {self.last_words()}")
            return self._said.count(word) >= count

        until(there, f"Ardour to say {word}", patience_s, self.last_words)
