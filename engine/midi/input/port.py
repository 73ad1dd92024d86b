"""MIDI in: messages with their times, from a port of our own or an existing one by name.

The port belongs to a receiver process. A port that goes away is waited for and opened again
by its name; a receiver that dies is replaced.
"""

import threading
import time
from collections import deque

from engine.errors import MidiPortError
from engine.midi.child import MidiChild
from engine.midi.messages import SYSTEM_RESET
from engine.midi.wire import Frame, Kind, WireError
from engine.process.restarts import Losses, Restarts

__all__ = ["MidiInput", "MidiMessage"]

MidiMessage = tuple[float, bytes]
"""Arrival on `time.perf_counter` [s], and the bytes of one message.

No bytes with 0 are a gap: messages may have been missed there. With anything else they tell by how
much what came before was later than its time says [s]. With `SYSTEM_RESET`,
whoever played has left."""

_START_S = 10.0
_STOP_S = 1.5
_RESTARTS = Restarts((1.0,))
_MOST_WAITING = 8192


class MidiInput:
    """Listens from `start` to `stop`. Safe to use from any thread.

    Parameters
    ----------
    source : str
        ``virtual``, ``jack`` or (part of) an existing port's name.
    port_name : str
        Name of our own port.
    """

    def __init__(self, source: str, *, port_name: str = "Stimmung in") -> None:
        self.port = source
        """The open port, or the one asked for while it is away."""
        self.alive = False
        """Whether the port is open."""
        self.reports_gaps = False
        """Whether nothing is missed without a gap among the messages."""
        self.message = ""
        """The last trouble, in one line; empty if there was none."""
        self._source = source
        self._port_name = port_name
        # `append` and `popleft` need no lock.
        self._messages: deque[MidiMessage] = deque(maxlen=_MOST_WAITING)
        self._process: MidiChild | None = None
        self._thread = threading.Thread(target=self._supervise, name="midi-in", daemon=True)
        self._peers: tuple[str, ...] = ()  # who was connected to our own port
        self._answered = threading.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Open the port.

        Raises
        ------
        MidiPortError
            If it cannot be opened; the message says what cures it.
        """
        self._process = self._start_receiver(wait=False)
        self._thread.start()
        answered = self._answered.wait(_START_S)
        if not self.alive:
            self.stop()
            silent = f"the MIDI receiver did not answer within {_START_S:g} s"
            raise MidiPortError(self.message if answered else silent)

    def stop(self) -> None:
        """Close the port and end the process; may be called twice."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        process.close_input()
        process.end(_STOP_S)
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        self.alive = False

    def poll(self) -> list[MidiMessage]:
        """Return and forget the messages that have come since the last call, in order."""
        taken = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken

    def _start_receiver(self, *, wait: bool) -> MidiChild:
        options = [f"--source={self._source}", f"--name={self._port_name}"]
        options += [f"--connect={peer}" for peer in self._peers] + ["--wait"] * wait
        return MidiChild("engine.midi.input.receiver", options, "MIDI receiver")

    def _supervise(self) -> None:
        losses = Losses(_RESTARTS)
        process = self._process
        while process is not None:
            self._listen(process)
            self._messages.append((time.perf_counter(), SYSTEM_RESET))
            self.alive = False
            if self._stopping.is_set() or not self._answered.is_set():
                self._answered.set()  # it never was ready: `start` reports why
                return
            self.message = "the MIDI receiver ended; starting another"
            if self._stopping.wait(losses.pause_s(time.monotonic())):
                return
            try:
                process = self._process = self._start_receiver(wait=True)
            except MidiPortError as error:
                self.message = str(error)
                return

    def _listen(self, process: MidiChild) -> None:
        try:
            for frame in process.frames():
                self._take_report(frame)
        except (OSError, WireError):
            process.kill()
        process.end(_STOP_S)
        process.close()

    def _take_report(self, frame: Frame) -> None:
        if frame.kind == Kind.RECEIVED:
            if len(self._messages) == _MOST_WAITING:  # nobody asks, and note-offs would be lost
                self._messages.clear()
                self._messages += [(0.0, b""), (frame.at_s, SYSTEM_RESET)]
            self._messages.append((frame.at_s, frame.payload))
        elif frame.kind == Kind.PEERS:
            self._peers = tuple(filter(None, frame.text.split("\n")))
        elif frame.kind == Kind.ERROR:
            self.message = frame.text
        elif frame.kind == Kind.READY:
            self.alive = bool(frame.text)
            self.reports_gaps = bool(frame.data1)
            self._messages.append((0.0, b""))  # who knows what was missed
            self.port = frame.text or self.port
            self._answered.set()
