"""The small host for CLAP, VST3 and LV2 as a Python object."""

import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple

from engine.plugin.parameters import index_of

__all__ = ["Event", "PluginHost", "hanging", "note_ons"]


class Event(NamedTuple):
    """A MIDI message at a frame since activation, which is at a beat of so many beats a frame."""

    frame: int
    beat: float
    speed: float
    message: tuple[int, int, int]
    instance: int

    def frames_from(self, beat: float) -> float:
        """Return how far it is from where a beat falls [frames]."""
        return (self.beat - beat) / self.speed


class PluginHost:
    """Runs the plug-in in a process of its own.

    Parameters
    ----------
    program : Path
        The host, compiled.
    plugin : str
        The plug-in, see `plugin_host.built.loadable`.
    preload : Path or None
        A library loaded before all others.
    before : list of str
        What runs the program, such as wine.
    """

    def __init__(
        self,
        program: Path,
        plugin: str,
        preload: Path | None = None,
        before: list[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        extra = {"LD_PRELOAD": str(preload)} if preload is not None else {}
        self.process = subprocess.Popen(
            [*(before or []), str(program), plugin],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **extra, **(environment or {})},
        )
        self.events: list[Event] = []
        self.shown: list[tuple[int, int, float]] = []
        """Parameter values told by a plug-in: frame, index, value."""
        self.counted: tuple[int, ...] = ()
        """Calls of process(), allocations, locks, system calls, where rt_check is preloaded."""
        self.timed = (0, 0.0, 0.0)
        """Calls of process(), their mean and longest time [us]."""
        self.sound_changed = False
        self._values: list[float] = []
        self._done: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def tell(self, *orders: str) -> None:
        """Give orders, and return at once."""
        assert self.process.stdin is not None
        for order in orders:
            self.process.stdin.write(order + "\n")
        self.process.stdin.flush()

    def do(self, *orders: str, within_s: float = 60.0) -> None:
        """Give orders and wait until they are done."""
        self.tell(*orders)
        for order in orders:
            if self._done.get(timeout=within_s) != "ok":
                raise AssertionError(f"the host ended at {order!r}")

    def value(self, symbol: str) -> float:
        """Return where a parameter stands."""
        self.do(f"value {index_of(symbol)}")
        return self._values[-1]

    def set(self, symbol: str, value: float, frame: int = 0) -> None:
        """Set a parameter within the next block."""
        self.do(f"set {index_of(symbol)} {value} {frame}")

    def quit(self) -> None:
        """Leave as a host does: deactivate, destroy, end."""
        if self.process.poll() is None:
            self.tell("quit")
        self.process.wait(20)
        self._reader.join(5)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self) -> "PluginHost":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.process.poll() is None and exc_info[0] is not None:
            self.process.kill()
        self.quit()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            kind, *fields = line.split()
            if kind == "E":
                first, second, third = (int(field) for field in fields[4:7])
                place = int(fields[1]), float(fields[2]), float(fields[3])
                self.events.append(Event(*place, (first, second, third), int(fields[0])))
            elif kind == "P":
                self.shown.append((int(fields[1]), int(fields[2]), float(fields[3])))
            elif kind == "V":
                self._values.append(float(fields[0]))
            elif kind == "R":
                self.counted = tuple(int(field) for field in fields)
            elif kind == "T":
                self.timed = (int(fields[0]), float(fields[1]), float(fields[2]))
            elif kind == "X":
                self.sound_changed = True
            else:
                self._done.put(kind)
        self._done.put("end")


def note_ons(events: list[Event]) -> list[Event]:
    """Return the note-ons."""
    return [event for event in events if event.message[0] & 0xF0 == 0x90]


def hanging(events: list[Event]) -> set[tuple[int, int, int]]:
    """Return instance, channel, pitch of what sounds at the end; nothing may begin twice."""
    sounding: set[tuple[int, int, int]] = set()
    for event in events:
        status, pitch, _ = event.message
        place = event.instance, status & 15, pitch
        if status & 0xF0 == 0x90:
            assert place not in sounding, f"{place} begins while it sounds, at frame {event.frame}"
            sounding.add(place)
        elif status & 0xF0 == 0x80:
            assert place in sounding, f"{place} ends without a beginning, at frame {event.frame}"
            sounding.remove(place)
    return sounding
