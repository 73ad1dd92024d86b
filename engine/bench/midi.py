"""How late notes leave: our sender beside the plain sleep loop most programs use.

Both play the same rhythm at the same time on the same machine, half a step apart, so that
whatever disturbs one disturbs the other.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, MidiPortError
from engine.midi.sender.client import SenderClient
from engine.process.child import child_command, child_environment

__all__ = ["Lateness", "MidiBenchmark", "measure_lateness"]

_AHEAD_S = 0.05  # how long before their deadline notes are handed over
_LEAD_IN_S = 1.0
_SHORTEST_STEP_S = 0.005


@dataclass(frozen=True, slots=True)
class Lateness:
    """Distribution of (sent - deadline) over note-ons [ms]."""

    name: str
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    @classmethod
    def of(cls, name: str, seconds: Sequence[float]) -> "Lateness":
        """Describe a series of latenesses [s] by nearest-rank quantiles."""
        ordered = sorted(seconds)

        def rank(share: float) -> float:
            if not ordered:
                return 0.0
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3

        return cls(name, len(ordered), rank(0.5), rank(0.95), rank(0.99), rank(0.999), rank(1.0))


@dataclass(frozen=True, slots=True)
class MidiBenchmark:
    """Result of `measure_lateness`.

    Attributes
    ----------
    port : str
        The port our sender played on.
    sender : Lateness
        Our sender, measured at its send call (``jack``: against the frame written).
    plain : Lateness or None
        The sleep loop with its own rtmidi port; None where rtmidi finds no MIDI system.
    dropped : int
        Notes our sender lost.
    sender_cpu : float
        Processor time of our sender per second of music; 0 where it cannot be read.
    """

    port: str
    sender: Lateness
    plain: Lateness | None
    dropped: int
    sender_cpu: float


def measure_lateness(
    output: str = "virtual", n_events: int = 1000, *, step_s: float = 0.02
) -> MidiBenchmark:
    """Play a rhythm in real time and measure every note-on.

    Parameters
    ----------
    output : str
        As for `SenderClient`.
    n_events : int
        Number of notes, at least 1.
    step_s : float
        Distance of two notes, at least 0.005 [s].

    Raises
    ------
    InputError
        If a value is out of range.
    MidiPortError
        If the port cannot be opened.
    """
    if n_events < 1:
        raise InputError(f"n_events must be at least 1; got {n_events!r}")
    if not step_s >= _SHORTEST_STEP_S:
        raise InputError(f"step_s must be at least {_SHORTEST_STEP_S}; got {step_s!r}")
    with SenderClient(output, port_name="Stimmung bench") as client:
        start_s = time.perf_counter() + _LEAD_IN_S
        plain = _start_plain_loop(start_s + step_s / 2, n_events, step_s)
        late: list[float] = []
        before = _cpu_seconds(client.pid)
        for number in range(n_events):
            on_s = start_s + number * step_s
            time.sleep(max(0.0, on_s - _AHEAD_S - time.perf_counter()))
            pitch = 36 + number % 48
            client.note(number, on_s, on_s + step_s / 2, 0, pitch, 64)
            if number % 256 == 0:
                late += [sent.lateness_s for sent in client.drain_sent()]
        time.sleep(2 * _AHEAD_S + step_s + 0.2)
        late += [sent.lateness_s for sent in client.drain_sent()]
        cpu = (_cpu_seconds(client.pid) - before) / (_LEAD_IN_S + n_events * step_s)
        status = client.status()
    plain_late = json.loads(plain.communicate()[0] or b"[]")
    compared = Lateness.of("plain rtmidi sleep loop", plain_late) if plain_late else None
    name = f"stimmung sender ({output})"
    return MidiBenchmark(status.port, Lateness.of(name, late), compared, status.dropped, cpu)


def _start_plain_loop(start_s: float, n_events: int, step_s: float) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        child_command("engine.bench.midi", repr(start_s), str(n_events), repr(step_s)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(JACK_NO_START_SERVER="1"),
    )


def _plain_loop(start_s: float, n_events: int, step_s: float) -> list[float]:
    """Do what one writes first: sleep until the note is due, send, go on."""
    from engine.midi.ports.rtmidi import RtMidiOutput, available_apis

    try:
        systems = available_apis()
    except MidiPortError:
        return []
    if not systems:
        return []  # nothing to compare with on this machine
    out = systems[0][2]
    out.open_virtual_port("Stimmung bench plain")
    port = RtMidiOutput(out, "Stimmung bench plain", time.perf_counter)
    late = []
    for number in range(n_events):
        deadline = start_s + number * step_s
        time.sleep(max(0.0, deadline - time.perf_counter()))
        pitch = 36 + number % 48
        late.append(port.send(bytes((0x90, pitch, 64)), deadline, number))
        port.send(bytes((0x80, pitch, 64)), deadline, -1)
    port.close()
    return late


def _cpu_seconds(pid: int | None) -> float:
    """Return the processor time all threads of a process have used [s]; 0 without /proc."""
    total = 0
    try:
        for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(stat.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 0.0
    return total / 1e9


if __name__ == "__main__":
    json.dump(_plain_loop(float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # threads of the C libraries need not be waited for
