"""The engine's side of the sender: hand over notes, hear what became of them.

No call waits for MIDI: frames go into a bounded queue that a thread writes to the sender's
pipe. A second thread reads the reports and replaces a sender that died.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.midi.output import NoteOutput, check_int
from engine.midi.sender.process import SenderProcess
from engine.midi.sender.supervisor import SenderSupervisor
from engine.midi.wire import Frame, Kind

__all__ = ["MAX_LATENCY_S", "SenderClient", "SenderStatus", "SentNote"]

MAX_LATENCY_S = 0.2
"""Largest output latency offset, either way [s]."""


@dataclass(frozen=True, slots=True)
class SentNote:
    """A note-on that left: its deadline and how much later it was sent [s].

    ``frame`` is the server's frame it was meant for, 32 bits, where JACK carries it; else -1.
    """

    note_id: int
    deadline_s: float
    lateness_s: float
    frame: int = -1


@dataclass(frozen=True, slots=True)
class SenderStatus:
    """What is known of the sender, at most a twentieth of a second old.

    Attributes
    ----------
    alive : bool
        Whether the process runs.
    port : str
        The open port as other programs see it, or the one asked for while it is away.
    port_alive : bool
        Whether the port is open.
    sent, dropped, late : int
        Notes sent, messages lost (too late, queue full, port away), notes sent more than
        5 ms late; since `start`.
    sounding, queued : int
        Notes that sound; notes and controllers that wait.
    lateness_p50_ms, lateness_p99_ms : float
        Over the last 2048 notes [ms]; 0 before the first.
    lateness_max_ms : float
        Since `start` [ms].
    restarts : int
        How often a dead sender was replaced.
    message : str
        The last trouble, in one line; empty if there was none.
    latency_s : float
        What is added to every deadline [s].
    """

    alive: bool
    port: str
    port_alive: bool
    sent: int
    sounding: int
    queued: int
    dropped: int
    late: int
    lateness_p50_ms: float
    lateness_p99_ms: float
    lateness_max_ms: float
    restarts: int
    message: str
    latency_s: float = 0.0


class SenderClient(NoteOutput):
    """Runs the sender process and gives it work. Safe to use from any thread.

    All times are `time.perf_counter` seconds.

    Parameters
    ----------
    output : str
        As for `engine.midi.ports.outputs.open_output`.
    port_name : str
        Name of our own port where one is made.
    latency_s : float
        Added to every deadline, -0.2..0.2 [s].
    ready : SenderProcess or None
        A spare for this very output and name, which waits already; it then runs even while its
        port is away.

    Raises
    ------
    InputError
        If ``latency_s`` is out of range.
    """

    def __init__(
        self,
        output: str = "virtual",
        *,
        port_name: str = "Stimmung",
        latency_s: float = 0.0,
        ready: SenderProcess | None = None,
    ) -> None:
        _check_latency(latency_s)
        self._supervisor = SenderSupervisor(output, port_name, latency_s, ready)
        super().__init__(self._supervisor.submit)
        self.latency_s = latency_s

    def start(self) -> None:
        """Start the sender and wait until its port is open.

        Raises
        ------
        MidiPortError
            If the port cannot be opened; the message says what cures it.
        """
        self._supervisor.start()

    def stop(self) -> None:
        """End every note, close the port, end the process. May be called twice."""
        self._supervisor.stop()

    def __enter__(self) -> "SenderClient":
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def release(self, channel: int, pitch: int) -> None:
        """End a note that an engine that died may have left, and lift the channel's sustain pedal.

        Said to all who connect later, too.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        check_int("channel", channel, 0, 15)
        check_int("pitch", pitch, 0, 127)
        self._submit(Frame(Kind.RELEASE, channel, pitch, 1))

    def sound(self, engine: str, volume: float) -> None:
        """Give the built-in instrument the sounds of an engine, and a volume, 0..1."""
        payload = json.dumps({"engine": engine, "volume": volume}).encode()
        self._submit(Frame(Kind.SOUND, payload=payload))

    def panic(self) -> None:
        """Silence everything now, on all channels, and forget what was handed over."""
        self._submit(Frame(Kind.PANIC))

    def set_latency(self, latency_s: float) -> None:
        """Change the output latency offset, -0.2..0.2 [s].

        Raises
        ------
        InputError
            If it is out of range.
        """
        _check_latency(latency_s)
        self.latency_s = latency_s
        self._submit(Frame(Kind.LATENCY, at_s=latency_s))

    def status(self) -> SenderStatus:
        """Return the newest state."""
        supervisor = self._supervisor
        with supervisor.lock:
            late = sorted(supervisor.lateness)
            counters = supervisor.counters
            return SenderStatus(
                alive=supervisor.up,
                port=supervisor.port,
                port_alive=counters.port_alive,
                sent=counters.sent,
                sounding=counters.sounding,
                queued=counters.queued,
                dropped=counters.dropped + supervisor.lost,
                late=counters.late,
                lateness_p50_ms=_quantile(late, 0.5) * 1e3,
                lateness_p99_ms=_quantile(late, 0.99) * 1e3,
                lateness_max_ms=counters.lateness_max_s * 1e3,
                restarts=supervisor.restarts,
                message=supervisor.message,
                latency_s=self.latency_s,
            )

    def drain_sent(self) -> list[SentNote]:
        """Return and forget the notes sent since the last call, at most 8192."""
        supervisor = self._supervisor
        with supervisor.lock:
            frames = list(supervisor.sent)
            supervisor.sent.clear()
        return [
            SentNote(
                frame.note_id,
                frame.at_s,
                frame.until_s,
                int.from_bytes(frame.payload, "little") if frame.payload else -1,
            )
            for frame in frames
        ]

    @property
    def port(self) -> str:
        """The port's name, as in `status`."""
        return self._supervisor.port

    @property
    def pid(self) -> int | None:
        """Process id of the present sender."""
        return self._supervisor.pid


def _check_latency(value: float) -> None:
    if not -MAX_LATENCY_S <= value <= MAX_LATENCY_S:  # NaN fails too
        raise InputError(
            f"latency_s must be from {-MAX_LATENCY_S:g} to {MAX_LATENCY_S:g}; got {value!r}"
        )


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of ascending values by nearest rank; 0 if there are none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
