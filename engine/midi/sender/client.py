"""The engine's side of the sender: hand over notes, hear what became of them.

No call waits for MIDI: frames go into a bounded queue that a thread writes to the sender's
pipe. A second thread reads the reports and replaces a sender that died.
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from engine.errors import InputError
from engine.midi.sender.process import SenderProcess
from engine.midi.sender.supervisor import SenderLink
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


class SenderClient:
    """Runs the sender process and gives it work. Safe to use from any thread.

    All times are `time.perf_counter` seconds.

    Parameters
    ----------
    output : str
        ``virtual``, ``jack``, ``rtmidi``, ``none`` or (part of) an existing port's name.
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
        self._link = SenderLink(output, port_name, latency_s, ready)

    def start(self) -> None:
        """Start the sender and wait until its port is open.

        Raises
        ------
        MidiPortError
            If the port cannot be opened; the message says what cures it.
        """
        self._link.start()

    def stop(self) -> None:
        """End every note, close the port, end the process. May be called twice."""
        self._link.stop()

    def __enter__(self) -> "SenderClient":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def note(
        self, note_id: int, on_s: float, off_s: float, channel: int, pitch: int, velocity: int
    ) -> None:
        """Hand over a note with both its ends.

        Raises
        ------
        InputError
            If a value is out of range, ``off_s`` is not after ``on_s``, or ``note_id`` is
            still in use.
        """
        _check_time("on_s", on_s)
        _check_time("off_s", off_s)
        if off_s <= on_s:
            raise InputError(f"off_s must be after on_s={on_s!r}; got {off_s!r}")
        _check_int("note_id", note_id, 0, 2**63 - 1)
        _check_int("channel", channel, 0, 15)
        _check_int("pitch", pitch, 0, 127)
        _check_int("velocity", velocity, 1, 127)
        self._link.submit(Frame(Kind.NOTE, channel, pitch, velocity, note_id, on_s, off_s))

    def control(self, at_s: float, channel: int, control: int, value: int) -> None:
        """Hand over a controller change; the sender leaves out what does not change.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        _check_time("at_s", at_s)
        _check_int("channel", channel, 0, 15)
        _check_int("control", control, 0, 127)
        _check_int("value", value, 0, 127)
        self._link.submit(Frame(Kind.CONTROL, channel, control, value, at_s=at_s))

    def bend(self, at_s: float, channel: int, value: int) -> None:
        """Hand over a pitch bend, 0..16383 with 8192 in the middle.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        _check_time("at_s", at_s)
        _check_int("channel", channel, 0, 15)
        _check_int("value", value, 0, 16383)
        self._link.submit(Frame(Kind.BEND, channel, value & 127, value >> 7, at_s=at_s))

    def pressure(self, at_s: float, channel: int, value: int) -> None:
        """Hand over a channel pressure, 0..127.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        _check_time("at_s", at_s)
        _check_int("channel", channel, 0, 15)
        _check_int("value", value, 0, 127)
        self._link.submit(Frame(Kind.PRESSURE, channel, value, at_s=at_s))

    def program(self, at_s: float, channel: int, program: int) -> None:
        """Hand over a program change, 0..127.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        _check_time("at_s", at_s)
        _check_int("channel", channel, 0, 15)
        _check_int("program", program, 0, 127)
        self._link.submit(Frame(Kind.PROGRAM, channel, program, at_s=at_s))

    def realtime(self, at_s: float, status: int) -> None:
        """Hand over a clock, start, continue or stop, 0xF8..0xFF.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        _check_time("at_s", at_s)
        _check_int("status", status, 0xF8, 0xFF)
        self._link.submit(Frame(Kind.REALTIME, data1=status, at_s=at_s))

    def song_position(self, at_s: float, sixteenths: int) -> None:
        """Hand over a song position pointer, 0..16383 sixteenths of 6 clocks.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        _check_time("at_s", at_s)
        _check_int("sixteenths", sixteenths, 0, 16383)
        self._link.submit(Frame(Kind.REALTIME, data1=0xF2, note_id=sixteenths, at_s=at_s))

    def end_note(self, note_id: int, at_s: float) -> None:
        """Move the end of a note already handed over; before its start, it never sounds."""
        _check_time("at_s", at_s)
        _check_int("note_id", note_id, 0, 2**63 - 1)
        self._link.submit(Frame(Kind.END_NOTE, note_id=note_id, at_s=at_s))

    def cancel_after(self, at_s: float) -> None:
        """Withdraw notes that start then or later; what sounds keeps its end."""
        _check_time("at_s", at_s)
        self._link.submit(Frame(Kind.CANCEL_AFTER, at_s=at_s))

    def release(self, channel: int, pitch: int) -> None:
        """End a note that another engine may have left sounding; said to all who connect later.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        _check_int("channel", channel, 0, 15)
        _check_int("pitch", pitch, 0, 127)
        self._link.submit(Frame(Kind.RELEASE, channel=channel, data1=pitch))

    def panic(self) -> None:
        """Silence everything now, on all channels, and forget what was handed over."""
        self._link.submit(Frame(Kind.PANIC))

    def set_latency(self, latency_s: float) -> None:
        """Change the output latency offset, -0.2..0.2 [s].

        Raises
        ------
        InputError
            If it is out of range.
        """
        _check_latency(latency_s)
        self._link.submit(Frame(Kind.LATENCY, at_s=latency_s))

    def status(self) -> SenderStatus:
        """Return the newest state."""
        link = self._link
        with link.lock:
            late = sorted(link.lateness)
            counters = link.counters
            return SenderStatus(
                alive=link.up,
                port=link.port,
                port_alive=counters.port_alive,
                sent=counters.sent,
                sounding=counters.sounding,
                queued=counters.queued,
                dropped=counters.dropped + link.lost,
                late=counters.late,
                lateness_p50_ms=_quantile(late, 0.5) * 1e3,
                lateness_p99_ms=_quantile(late, 0.99) * 1e3,
                lateness_max_ms=counters.lateness_max_s * 1e3,
                restarts=link.restarts,
                message=link.message,
            )

    def drain_sent(self) -> list[SentNote]:
        """Return and forget the notes sent since the last call, at most 8192."""
        link = self._link
        with link.lock:
            frames = list(link.sent)
            link.sent.clear()
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
    def pid(self) -> int | None:
        """Process id of the present sender."""
        return self._link.pid


def _check_time(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise InputError(f"{name} must be a finite time [s]; got {value!r}")


def _check_int(name: str, value: int, low: int, high: int) -> None:
    try:
        fits = low <= operator.index(value) <= high  # NumPy's integers are as good
    except TypeError:
        fits = False
    if not fits:
        raise InputError(f"{name} must be a whole number from {low} to {high}; got {value!r}")


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
