"""The receiver process: ``python -m engine.midi.input.receiver``.

Listens to one MIDI input and reports every message with its time on stdout. A process of its
own, because callbacks of MIDI systems must not wait for a busy interpreter: over JACK a late
callback loses what it should have read, elsewhere it stamps it late. It ends with its parent.
"""

import argparse
import os
import queue
import signal
import sys
import threading
import time

from engine.errors import MidiPortError
from engine.midi.input.device import InputDevice, open_input
from engine.midi.sender.priority import be_punctual
from engine.midi.wire import Frame, Kind, encode

__all__ = ["main"]

_LOOK_S = 0.25
_REOPEN_S = 1.0
_MOST_AT_ONCE = 256
_MOST_WAITING = 8192  # eight seconds of the densest cable


class _Receiver:
    """Keeps the input open and passes on what comes."""

    def __init__(self, source: str, name: str, wire: int, peers: tuple[str, ...] = ()) -> None:
        self._source = source
        self._name = name
        self._wire = wire
        # Called from a real-time thread: `put` of a SimpleQueue neither waits nor fails.
        self._inbox: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
        self._lost = 0
        self._device: InputDevice | None = None
        self._peers = peers

    def stop(self) -> None:
        """End `run`; may be called from a signal handler."""
        self._inbox.put(None)

    def open(self) -> None:
        """Open the input, or raise `MidiPortError`."""
        self._device = open_input(
            self._source,
            self._name,
            self.take,
            time.perf_counter,
        )
        for peer in self._peers:
            self._device.connect(peer)
        ready = Frame(
            Kind.READY,
            data1=int(self._device.tells_holes),
            payload=self._device.name.encode(),
        )
        self._say(ready)

    def take(self, at_s: float, data: bytes) -> None:
        """Take one message, or lose it while too many wait. Real-time: safe."""
        if self._inbox.qsize() < _MOST_WAITING:
            self._inbox.put((at_s, data))
        else:
            self._lost += 1

    def run(self) -> None:
        """Pass on messages until told to stop."""
        look_s = time.perf_counter() + _LOOK_S
        while True:
            try:
                item = self._inbox.get(timeout=max(0.0, look_s - time.perf_counter()))
            except queue.Empty:
                look_s = time.perf_counter() + self._look_after()
                continue
            batch = [item]
            while len(batch) < _MOST_AT_ONCE and not self._inbox.empty():
                batch.append(self._inbox.get())
            self._say(*(Frame(Kind.RECEIVED, at_s=m[0], payload=m[1]) for m in batch if m))
            if self._lost:
                lost, self._lost = self._lost, 0
                self._say(Frame(Kind.RECEIVED))
                self._say(Frame(Kind.ERROR, payload=f"{lost} MIDI messages came in vain".encode()))
            if None in batch:
                break
        if self._device is not None:
            self._device.close()

    def _look_after(self) -> float:
        """See after the port, or for it; return the pause until the next look [s]."""
        device = self._device
        if device is None:
            try:
                self.open()
            except MidiPortError:
                return _REOPEN_S  # still away; said once when it went
            return _LOOK_S
        device.refresh()
        if device.alive:
            if device.peers() != self._peers:
                self._peers = device.peers()
                self._say(Frame(Kind.PEERS, payload="\n".join(self._peers).encode()))
            return _LOOK_S
        self._device = None
        device.close()
        self._say(Frame(Kind.ERROR, payload=f"MIDI input {device.name!r} has gone".encode()))
        self._say(Frame(Kind.READY))
        return _REOPEN_S

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
    be_punctual()
    # Whatever a C library prints must not fall between the frames.
    wire = os.dup(1)
    os.dup2(2, 1)
    receiver = _Receiver(args.source, args.name, wire, tuple(args.connect))
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
