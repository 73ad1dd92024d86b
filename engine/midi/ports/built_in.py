"""The built-in instrument as a MIDI output: a process of its own, fed through a pipe.

Messages go in as `MESSAGE` headers and their bytes; `SOUND` marks JSON with volume and programs.
The process answers with one JSON line, then with `BEAT`: how many bytes it has read, a few times a
second. One that falls silent, or does not read, is ended; the sender then opens another.
"""

import contextlib
import json
import os
import struct
from typing import IO, Final
from urllib.parse import parse_qsl, urlencode

from engine.choices import BUILT_IN
from engine.errors import MidiPortError
from engine.midi.ports.port import Clock, Written
from engine.process.child import child_command
from engine.process.child_pipe import ChildPipe

__all__ = ["BEAT", "MESSAGE", "SOUND", "BuiltInOutput", "with_options"]

MESSAGE: Final = struct.Struct("<dH")
"""Time of a message [s, `time.perf_counter`] and its length [bytes]."""
BEAT: Final = struct.Struct("<Q")
"""Bytes read since the start."""
SOUND: Final = 0xF0
"""First byte of what is no MIDI message: JSON follows."""

_PATIENCE_S: Final = 4.0  # the engine takes a sender that is silent for five seconds for dead
_SILENT_S: Final = 1.0
_MOST_UNREAD: Final = 3000  # [bytes]; the smallest pipe, that of Windows, holds 4096


def with_options(word: str, device: str, soundfont: str) -> str:
    """Return ``auto`` or ``built-in`` with the choices of the instrument."""
    chosen = {"device": device, "soundfont": soundfont}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"{word}?{query}" if query else word


class BuiltInOutput:
    """Starts the instrument; everything sounds at once.

    Parameters
    ----------
    output : str
        As `with_options` returns it.
    clock : callable
        `time.perf_counter`.

    Raises
    ------
    MidiPortError
        There is no audio output, or the SoundFont cannot be read.
    """

    lookahead_s = 0.0

    def __init__(self, output: str, clock: Clock) -> None:
        self._clock = clock
        self._child = _Instrument(dict(parse_qsl(output.partition("?")[2])))
        self.name = f"{BUILT_IN} ({self._child.answer['device']})"

    @property
    def alive(self) -> bool:
        """False once the process has ended, hangs or has lost its device."""
        return not self._child.gone

    def send(self, data: bytes, at_s: float, note_id: int) -> float:
        """Send at once; the lateness is that of the call."""
        lateness = self._clock() - at_s
        self._child.write(data, at_s)
        return lateness

    def adjust(self, sound: bytes) -> None:
        """Change volume and programs: JSON, see `engine.instrument.process`."""
        self._child.write(bytes((SOUND,)) + sound, self._clock())

    def collect(self) -> list[Written]:
        """Return nothing: `send` has told already."""
        return []

    def withdraw(self, note_ids: object) -> None:
        """Do nothing: what is sent has left."""

    def refresh(self) -> None:
        """Do nothing: `alive` looks."""

    def peers(self) -> tuple[str, ...]:
        """Return nothing: no one can connect."""
        return ()

    def connect(self, peer: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Let what sounds end, then end the process."""
        self._child.close()


class _Instrument(ChildPipe):
    """One run of the instrument's process."""

    def __init__(self, options: dict[str, str]) -> None:
        self._written = self._read_bytes = 0
        self._stuck = False
        try:
            super().__init__(
                child_command("engine.instrument.process", json.dumps(options)),
                "instrument",
                patience_s=_PATIENCE_S,
                silent_s=_SILENT_S,
            )
        except OSError as error:
            raise MidiPortError(f"cannot start the built-in instrument: {error}") from error
        if "device" not in self.answer:
            self._stuck = not self.answered
            self.close()
            raise MidiPortError(self.answer.get("error", "the built-in instrument did not start"))

    @property
    def gone(self) -> bool:
        """Whether it has ended or hangs."""
        return self._stuck or super().gone

    def write(self, data: bytes, at_s: float) -> None:
        """Hand over a message without ever waiting for the process to read."""
        assert self._process.stdin is not None
        packet = MESSAGE.pack(at_s, len(data)) + data
        if self._written + len(packet) - self._read_bytes > _MOST_UNREAD:
            self._stuck = True
        if not self._stuck:
            self._written += len(packet)
            with contextlib.suppress(OSError, ValueError):  # it has ended: see `gone`
                os.write(self._process.stdin.fileno(), packet)

    def close(self) -> None:
        """Ask it to end; kill it at once where it hangs."""
        if self.gone:
            self._process.kill()
        super().close()

    def _follow(self, pipe: IO[bytes]) -> None:
        while len(beat := pipe.read(BEAT.size)) == BEAT.size:
            (self._read_bytes,) = BEAT.unpack(beat)
            self._heard()
