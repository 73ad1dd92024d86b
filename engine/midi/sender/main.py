"""The sender process: ``python -m engine.midi.sender.main``.

Sole owner of the MIDI port. It reads frames on stdin, sends each message at its deadline and
reports on stdout. It imports neither NumPy nor any model, runs at raised priority where
permitted, and survives its parent just long enough to end every sounding note.
"""

import argparse
import contextlib
import faulthandler
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from types import FrameType

from engine.errors import MidiPortError
from engine.midi.holders import holder_of
from engine.midi.messages import NO_NOTE, Outgoing
from engine.midi.ports.outputs import load_libraries, open_output
from engine.midi.ports.port import Clock, OutputPort
from engine.midi.ports.with_instrument import PortWithInstrument
from engine.midi.sender.priority import raise_priority
from engine.midi.sender.reporter import Reporter
from engine.midi.sender.schedule import Schedule
from engine.midi.sender.spare_port import SparePort
from engine.midi.sender.waiter import Waiter
from engine.midi.wire import Counters, Frame, FrameReader, Kind, WireError, encode

__all__ = ["LATE_S", "Sender", "main"]

LATE_S = 0.005
"""A note sent later than this counts as late [s]."""

_BUSY_S = 0.05  # look after things at least this often while notes sound or wait
_IDLE_S = 0.25
_REOPEN_S = 1.0
_NOTICED_S = 0.6  # who is connected is looked up four times a second
_PARENT_GONE = 1  # why it stops: the engine has gone
_CLOSING_S = 5.0  # notes end within milliseconds; the rest of the time is for drivers
_BACKLOG = 2048  # unread batches of frames; then the pipe fills and the engine is told


class Sender:
    """Carries out frames; everything it touches is given to it.

    Parameters
    ----------
    open_port : callable
        Opens the port, or raises `MidiPortError`.
    inbox : queue.SimpleQueue
        Batches of frames, put there by a reading thread or a signal handler.
    reporter : Reporter
        Takes what the engine should know.
    """

    def __init__(
        self,
        open_port: Callable[[], OutputPort],
        inbox: "queue.SimpleQueue[list[Frame]]",
        reporter: Reporter,
        *,
        latency_s: float = 0.0,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.schedule = Schedule(latency_s=latency_s)
        self._open_port = open_port
        self._inbox = inbox
        self._reporter = reporter
        self._clock = clock
        self._waiter: Waiter[list[Frame]] = Waiter(inbox, clock)
        self._port: OutputPort | None = None
        self._wanted_peers: tuple[str, ...] = ()
        self._peers: tuple[str, ...] = ()
        self._sound = b""
        self._named = ""
        self._gone_s: dict[str, float] = {}
        self._reopen_at_s = 0.0
        self._busy_until_s = 0.0
        self._inherited: list[Frame] = []  # what an earlier sender may have left sounding
        self._seen: set[str] = set()
        self._stopping = False
        self._sent = 0
        self._late = 0
        self._lateness_max_s = 0.0

    def open(self, *, wait: bool) -> None:
        """Open the port; with ``wait``, a port that is away is tried again while running.

        Raises
        ------
        MidiPortError
            If it cannot be opened and ``wait`` is False.
        """
        try:
            self._port = self._open_port()
        except MidiPortError as error:
            if not wait:
                raise
            self._reporter.say(Kind.ERROR, str(error))
            self.schedule.suspend()
            self._reopen_at_s = self._clock() + _REOPEN_S
        if not wait and isinstance(self._port, PortWithInstrument):
            self._port.wait()
        self._announce()

    def run(self) -> None:
        """Work until told to stop, then end every note and close the port."""
        try:
            while not self._stopping:
                self.turn()
        finally:
            self._finish()

    def turn(self) -> None:
        """Wait for the next thing to do, and do it."""
        port = self._port
        lookahead_s = port.lookahead_s if port else 0.0
        deadline = self.schedule.next_deadline()
        if deadline is not None:
            deadline -= lookahead_s
        busy = deadline is not None or self._clock() < self._busy_until_s
        precise = lookahead_s == 0.0  # ports that take frames ahead keep time themselves
        news = self._waiter.wait(deadline, _BUSY_S if busy else _IDLE_S, precise=precise)
        if news is not None:
            self.carry_out(news)
        self._send(self.schedule.due(self._clock(), lookahead_s))
        self._look_after_port()
        self._report()

    def carry_out(self, frames: Iterable[Frame]) -> None:
        """Take frames of the engine; send what must leave at once."""
        for frame in frames:
            if frame.kind == Kind.STOP:
                self._stopping = True
            elif frame.kind == Kind.FOLLOW:
                continue  # this is no spare any more
            elif frame.kind == Kind.CONNECT:
                self._wanted_peers += (frame.text,)
                if self._port is not None:
                    self._port.connect(frame.text)
            elif frame.kind == Kind.SOUND:
                self._sound = frame.payload
                self._adjust_port()
            else:
                if frame.kind == Kind.CANCEL_AFTER and self._port is not None:
                    holder = holder_of(frame.note_id)
                    self._port.withdraw(self.schedule.given_ahead(frame.at_s, holder))
                if frame.kind == Kind.RELEASE:
                    self._inherited.append(frame)
                self._send(self.schedule.handle(frame, self._clock()))

    def _send(self, messages: list[Outgoing]) -> None:
        port = self._port
        if port is None:
            return
        if messages:
            self._busy_until_s = self._clock() + _IDLE_S  # `collect` will have news
        for data, at_s, note_id in messages:
            lateness = port.send(data, at_s, note_id)
            if lateness is not None and note_id != NO_NOTE:
                self._note_sent(note_id, at_s, lateness)

    def _note_sent(self, note_id: int, at_s: float, lateness_s: float, frame: bytes = b"") -> None:
        self._sent += 1
        self._late += lateness_s > LATE_S
        self._lateness_max_s = max(self._lateness_max_s, lateness_s)
        deadline_s = at_s - self.schedule.latency_s
        self._reporter.put(
            Frame(Kind.SENT, 0, 0, 0, note_id, deadline_s, lateness_s, payload=frame)
        )

    def _look_after_port(self) -> None:
        port = self._port
        if port is not None:
            for note_id, at_s, lateness, frame in port.collect():
                self._note_sent(note_id, at_s, lateness, frame.to_bytes(4, "little"))
            if port.alive:
                self._look_after_peers(port.peers())
                if port.name != self._named:  # the built-in instrument plays now, or no more
                    self._name_port()
                return
            self._wanted_peers = port.peers() or self._wanted_peers
            self.schedule.suspend()
            self._close_port()
            self._reporter.say(Kind.ERROR, f"MIDI output {port.name!r} has gone")
            self._announce()
            self._reopen_at_s = self._clock() + _REOPEN_S
        elif self._clock() >= self._reopen_at_s:
            self._reopen_at_s = self._clock() + _REOPEN_S
            try:
                self._port = self._open_port()
            except MidiPortError:
                return  # still away; said once when it went
            for peer in self._wanted_peers:
                self._port.connect(peer)
            self._announce()
            self._send(self.schedule.resume(self._clock()))

    def _look_after_peers(self, peers: tuple[str, ...]) -> None:
        """Tell a receiver that was disconnected and is back which notes have ended meanwhile."""
        now = self._clock()
        for peer in peers:
            gone_s = self._gone_s.pop(peer, None)
            if gone_s is not None:
                self._send(self.schedule.remind(gone_s - _NOTICED_S, now))
        if self._inherited and not self._seen.issuperset(peers):
            for frame in self._inherited:  # somebody has come who may still hold those
                self._send(self.schedule.handle(frame, now))
        self._seen.update(peers)
        for peer in set(self._peers).difference(peers):
            self._gone_s[peer] = now
        self._peers = peers

    def _adjust_port(self) -> None:
        if self._port is not None and self._sound:
            self._port.adjust(self._sound)

    def _announce(self) -> None:
        self._adjust_port()
        self._reporter.watch(self._port)
        self._name_port()

    def _name_port(self) -> None:
        self._named = self._port.name if self._port else ""
        self._reporter.say(Kind.READY, self._named)

    def _report(self) -> None:
        for frame in self.schedule.take_reports():
            self._reporter.put(frame)
        self._reporter.counters = self._counters()
        self._reporter.turns += 1

    def _counters(self) -> Counters:
        return Counters(
            port_alive=self._port is not None,
            sounding=len(self.schedule.ledger),
            queued=self.schedule.queued,
            sent=self._sent,
            dropped=self.schedule.dropped,
            late=self._late,
            lateness_max_s=self._lateness_max_s,
        )

    def _finish(self) -> None:
        self._send(self.schedule.end_all(self._clock()))
        self._report()
        self._close_port()

    def _close_port(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            self._reporter.watch(None)  # it must not look at a port that is being closed
            port.close()


def _read_frames(fd: int, inbox: "queue.SimpleQueue[list[Frame]]") -> None:
    """Read frames until the engine closes the pipe or dies; both mean: stop."""
    reader = FrameReader()
    try:
        while data := os.read(fd, 65536):
            while inbox.qsize() > _BACKLOG:
                time.sleep(0.005)
            if frames := reader.feed(data):
                inbox.put(frames)
    except (OSError, WireError):
        pass  # a broken stream cannot be read on; the notes must still end
    inbox.put([Frame(Kind.STOP, data1=_PARENT_GONE)])
    # A driver whose server died may hang for ever while its port is closed: nobody is left to
    # end this process then, so it ends itself, from a thread that needs no interpreter.
    faulthandler.dump_traceback_later(_CLOSING_S, exit=True)


def _wait_as_spare(inbox: "queue.SimpleQueue[list[Frame]]", spare_port: SparePort) -> list[Frame]:
    """Wait as a spare; return `Kind.OPEN` with the orders behind it, or [] if never needed.

    When it comes to that, notes of the dead sender have been ended.
    """
    parent = os.getppid()
    while os.getppid() == parent:  # a forked sibling may hold our stdin open after its death
        if not spare_port.check():
            return []  # what a dead server left in this process cannot be trusted
        with contextlib.suppress(queue.Empty):
            frames = inbox.get(timeout=_IDLE_S)
            kinds = [frame.kind for frame in frames]
            spare_port.end(frames[: kinds.index(Kind.OPEN)] if Kind.OPEN in kinds else frames)
            for number, frame in enumerate(frames):
                if frame.kind == Kind.OPEN:
                    spare_port.leave()
                    return frames[number:]
                if frame.kind == Kind.STOP:
                    spare_port.close(at_once=frame.data1 != _PARENT_GONE)
                    return []
                if frame.kind == Kind.FOLLOW:
                    spare_port.follow(tuple(filter(None, frame.text.split("\n"))))
    spare_port.close(at_once=False)
    return []


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stimmung-sender", description=__doc__)
    parser.add_argument("--output", required=True, help="virtual, jack, none or a port's name")
    parser.add_argument("--name", default="Stimmung", help="name of our own port")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to deadlines")
    parser.add_argument(
        "--spare", action="store_true", help="be ready, and wait to be told to open"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the sender process; return its exit status."""
    args = _arguments(argv)
    # The engine decides when to stop: Ctrl-C in a terminal reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_priority()  # threads inherit it: none of them may hold the interpreter asleep
    inbox: queue.SimpleQueue[list[Frame]] = queue.SimpleQueue()

    def terminate(signum: int, frame: FrameType | None) -> None:
        inbox.put([Frame(Kind.STOP)])

    threading.Thread(target=_read_frames, args=(0, inbox), name="reader", daemon=True).start()
    orders: list[Frame] = []
    if args.spare:
        load_libraries(args.output)
        orders = _wait_as_spare(inbox, SparePort(f"{args.name} spare"))
        if not orders:
            return 0
        args.latency = orders[0].at_s
    signal.signal(signal.SIGTERM, terminate)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, terminate)
    # Whatever a C library prints must not fall between the frames.
    wire = os.dup(1)
    os.dup2(2, 1)
    reporter = Reporter(wire, orphaned=lambda: inbox.put([Frame(Kind.STOP)]))
    sender = Sender(
        lambda: open_output(args.output, args.name, time.perf_counter),
        inbox,
        reporter,
        latency_s=args.latency,
    )
    try:
        sender.open(wait=args.spare)
    except MidiPortError as error:
        os.write(wire, encode(Frame(Kind.ERROR, data1=1, payload=str(error).encode())))
        return error.exit_code
    sender.carry_out(orders[1:])
    reporter.start()
    sender.run()
    reporter.finish()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Threads of ALSA or JACK may still call into Python: leave without tearing it down.
    os._exit(status)
