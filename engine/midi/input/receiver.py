"""The receiver process: ``python -m engine.midi.input.receiver``.

Listens to one MIDI input and reports every message with its time on stdout. A process of its
own, because callbacks of MIDI systems must not wait for a busy interpreter: over JACK a late
callback loses what it should have read, elsewhere it stamps it late. It ends with its parent.

Who leaves sends no note-offs. Where a port goes, where somebody connected to ours leaves, or where
a keyboard that sends Active Sensing falls silent, a System Reset (`SYSTEM_RESET`) is reported in
its place among the messages: whatever came through this input is to be let go.
"""

import argparse
import os
import queue
import signal
import sys
import threading
import time

from engine.errors import MidiPortError
from engine.midi.messages import SYSTEM_RESET
from engine.midi.ports.inputs import open_input
from engine.midi.ports.port import Clock, InputPort
from engine.midi.sender.priority import raise_priority
from engine.midi.wire import Frame, Kind, encode

__all__ = ["Receiver", "main"]

_LOOK_S = 0.03  # who leaves shall be noticed within a tenth of a second
_REOPEN_S = 1.0
_MOST_AT_ONCE = 256
_MOST_WAITING = 8192  # eight seconds of the densest cable
_ACTIVE_SENSING = b"\xfe"
_SENSED_WITHIN_S = 0.33  # MIDI 1.0: sent at least every 300 ms, once it was sent at all


class Receiver:
    """Keeps an input open and passes on what comes.

    Parameters
    ----------
    source : str
        As for `engine.midi.ports.inputs.open_input`.
    name : str
        Name of our own port.
    wire : int
        File descriptor to write frames to.
    peers : tuple of str
        Who was connected before, and is to be again.
    """

    def __init__(
        self,
        source: str,
        name: str,
        wire: int,
        peers: tuple[str, ...] = (),
        clock: Clock = time.perf_counter,
    ) -> None:
        self._source = source
        self._name = name
        self._wire = wire
        self._clock = clock
        # Called from a real-time thread: `put` of a SimpleQueue neither waits nor fails.
        self._inbox: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
        self._lost = 0
        self._port: InputPort | None = None
        self._peers = peers
        self._came_s = 0.0
        self._senses = False  # whether whoever plays sends Active Sensing

    def stop(self) -> None:
        """End `run`; may be called from a signal handler."""
        self._inbox.put(None)

    def open(self) -> None:
        """Open the input, or raise `MidiPortError`."""
        self._port = port = open_input(self._source, self._name, self.arrived, self._clock)
        for peer in self._peers:
            port.connect(peer)
        self._say(Frame(Kind.READY, data1=int(port.reports_gaps), payload=port.name.encode()))

    def arrived(self, at_s: float, data: bytes) -> None:
        """Take one message, or lose it while too many wait. Real-time: safe."""
        self._came_s = self._clock()
        if data == _ACTIVE_SENSING:
            self._senses = True
        elif self._inbox.qsize() < _MOST_WAITING:
            self._inbox.put((at_s, data))
        else:
            self._lost += 1

    def run(self) -> None:
        """Pass on messages until told to stop."""
        look_s = self._clock() + _LOOK_S
        while True:
            try:
                item = self._inbox.get(timeout=max(0.0, look_s - self._clock()))
            except queue.Empty:
                look_s = self._clock() + self.look_after()
                continue
            batch = [item]
            while len(batch) < _MOST_AT_ONCE and not self._inbox.empty():
                batch.append(self._inbox.get())
            self._say(*(Frame(Kind.RECEIVED, at_s=m[0], payload=m[1]) for m in batch if m))
            if self._lost:
                lost, self._lost = self._lost, 0
                self._reset()  # note-offs may be among them
                self._say(
                    Frame(Kind.RECEIVED),
                    Frame(Kind.ERROR, payload=f"{lost} MIDI messages were lost".encode()),
                )
            if None in batch:
                break
            if self._clock() >= look_s:  # also while messages never pause
                look_s = self._clock() + self.look_after()
        if self._port is not None:
            self._port.close()

    def look_after(self) -> float:
        """Look after the port, or for it; return the pause until the next look [s]."""
        port = self._port
        if port is None:
            try:
                self.open()
            except MidiPortError:
                return _REOPEN_S  # still away; said once when it went
            return _LOOK_S
        port.refresh()
        if port.alive:
            peers = port.peers()
            if set(self._peers).difference(peers):
                self._reset()
            if peers != self._peers:
                self._peers = peers
                self._say(Frame(Kind.PEERS, payload="\n".join(peers).encode()))
            if self._senses and self._clock() - self._came_s > _SENSED_WITHIN_S:
                self._senses = False
                self._reset()
            return _LOOK_S
        self._port, self._senses = None, False
        port.close()
        self._reset()
        self._say(
            Frame(Kind.ERROR, payload=f"MIDI input {port.name!r} has gone".encode()),
            Frame(Kind.READY),
        )
        return _REOPEN_S

    def _reset(self) -> None:
        """Report that somebody has left, behind what they have sent."""
        self._inbox.put((self._clock(), SYSTEM_RESET))

    def _say(self, *frames: Frame) -> None:
        data = memoryview(b"".join(map(encode, frames)))
        try:
            while data:
                data = data[os.write(self._wire, data) :]
        except OSError:
            self.stop()  # nobody reads any more


def main(argv: list[str] | None = None) -> int:
    """Run the receiver process; return its exit status."""
    parser = argparse.ArgumentParser(prog="stimmung-receiver", description=__doc__)
    parser.add_argument("--source", required=True, help="virtual, jack or a port's name")
    parser.add_argument("--name", default="Stimmung in", help="name of our own port")
    parser.add_argument("--wait", action="store_true", help="start even if the port is away")
    parser.add_argument(
        "--connect", action="append", default=[], metavar="PORT", help="who was connected before"
    )
    args = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine decides when to stop
    raise_priority()
    # Whatever a C library prints must not fall between the frames.
    wire = os.dup(1)
    os.dup2(2, 1)
    receiver = Receiver(args.source, args.name, wire, tuple(args.connect))
    signal.signal(signal.SIGTERM, lambda *_: receiver.stop())
    try:
        receiver.open()
    except MidiPortError as error:
        if not args.wait:
            os.write(wire, encode(Frame(Kind.ERROR, data1=1, payload=str(error).encode())))
            return error.exit_code

    def watch_parent() -> None:
        while os.read(0, 4096):
            pass
        receiver.stop()

    threading.Thread(target=watch_parent, name="parent", daemon=True).start()
    receiver.run()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Threads of ALSA or JACK may still call into Python: leave without tearing it down.
    os._exit(status)
