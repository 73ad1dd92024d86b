"""Supervising the sender: a bounded queue out, reports in, and a new sender when one dies."""

import threading
import time
from collections import deque

from engine.errors import InputError, MidiPortError
from engine.midi.messages import is_end
from engine.midi.ports.port import is_own
from engine.midi.sender.outstanding import Outstanding
from engine.midi.sender.process import SenderProcess
from engine.midi.sender.spare import SpareSender
from engine.midi.wire import Counters, Frame, Kind, WireError, encode
from engine.process.restarts import Losses, Restarts

__all__ = ["SenderSupervisor"]

_START_S = 10.0
_INSIST_S = 0.5
_STOP_S = 4.0  # the sender waits for a server that has stalled, up to twice 1.5 s
_MOST_UNWRITTEN = 4096
_MOST_OUTSTANDING = 16384  # twice what a sender queues
_WINDOW = 2048  # notes over which lateness is described
_KEPT_SENT = 8192
_RESTARTS = Restarts((0.0, 0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0), most=10)
_LOOK_S = 1.0
_SILENT_LOOKS = 2  # a sender reports every half second, unless stopped or stuck in a driver
_OPENING_LOOKS = 5  # while it has no port: a stalled server may take its time


class SenderSupervisor:
    """Keeps a sender process alive and tells it everything. Safe to use from any thread.

    Parameters
    ----------
    output, port_name, latency_s, ready
        As in `engine.midi.sender.client.SenderClient`.
    """

    def __init__(
        self, output: str, port_name: str, latency_s: float, ready: SenderProcess | None = None
    ) -> None:
        self._output = output
        self._port_name = port_name
        self.latency_s = latency_s
        self.lock = threading.Lock()
        """Guards what follows; held for microseconds only."""
        self.up = False
        """Whether the sender is ready and has been told what it must know."""
        self.port = output
        self.message = ""
        self.counters = Counters()
        self.lost = 0
        self.restarts = 0
        self.lateness: deque[float] = deque(maxlen=_WINDOW)
        self.sent: deque[Frame] = deque(maxlen=_KEPT_SENT)
        self._before = Counters()  # of the senders that died
        self._wake = threading.Condition(self.lock)
        self._answered = threading.Event()
        self._stopping = threading.Event()
        self._ready = ready
        self._process: SenderProcess | None = None
        self._spare = SpareSender(output, port_name)
        self._heard = 0  # frames of the present sender
        self._unwritten: deque[bytes] = deque()
        self._outstanding = Outstanding()
        self._peers: tuple[str, ...] = ()
        self._over = False
        self._threads: list[threading.Thread] = []

    @property
    def pid(self) -> int | None:
        """Process id of the present sender."""
        process = self._process
        return process.pid if process is not None else None

    def start(self) -> None:
        """Start the sender and wait until its port is open.

        Raises
        ------
        MidiPortError
            If it cannot be opened.
        """
        if self._process is not None:
            raise RuntimeError("the sender was started already")
        self._process = self._first()
        self._threads = [
            threading.Thread(target=self._supervise, name="sender-reports", daemon=True),
            threading.Thread(target=self._write, name="sender-writer", daemon=True),
            threading.Thread(target=self._watch, name="sender-watch", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        answered = self._answered.wait(_START_S)
        if not self.up:
            self.stop()
            silent = f"the MIDI sender did not answer within {_START_S:g} s"
            raise MidiPortError(self.message if answered else silent)

    def _first(self) -> SenderProcess:
        ready, self._ready = self._ready, None
        if ready is not None and ready.write(encode(Frame(Kind.OPEN, at_s=self.latency_s))):
            return ready
        return SenderProcess(self._output, self._port_name, self.latency_s)

    def stop(self) -> None:
        """Have every note ended and the port closed, then end the process."""
        self._stopping.set()
        with self.lock:
            self._unwritten.append(encode(Frame(Kind.STOP)))
            self._wake.notify()
        for thread in self._threads:
            thread.join(_STOP_S)
        process = self._process
        if process is not None:
            process.end(_INSIST_S)
        for thread in self._threads:
            thread.join(_STOP_S)
        with self.lock:
            self.up = False

    def submit(self, frame: Frame) -> None:
        """Hand over one frame without waiting; a full queue loses it and counts.

        Raises
        ------
        InputError
            If a note's id is still in use.
        """
        with self.lock:
            if frame.kind == Kind.NOTE and frame.note_id in self._outstanding:
                raise InputError(f"note_id {frame.note_id} is still in use")
            if frame.kind == Kind.LATENCY:
                self.latency_s = frame.at_s
            full = (
                len(self._unwritten) >= _MOST_UNWRITTEN
                or len(self._outstanding) >= _MOST_OUTSTANDING
            )
            if full and not is_end(frame):
                self.lost += 1
                return
            self._outstanding.enter(frame)
            if not self.up:
                return  # the next sender is told of it
            if frame.kind == Kind.PANIC:
                self._unwritten.clear()
            self._unwritten.append(encode(frame))
            self._wake.notify()

    def _write(self) -> None:
        """Move frames to the pipe for as long as there is a sender."""
        while True:
            with self.lock:
                while not (self._unwritten and self._process) and not self._over:
                    self._wake.wait()
                process = self._process
                if self._over or process is None:
                    return
                data = b"".join(self._unwritten)
                self._unwritten.clear()
            process.write(data)  # if that fails it died, and `_supervise` knows

    def _watch(self) -> None:
        """Kill a sender that has fallen silent: stopped, or stuck in a driver.

        Looks are counted, not seconds: after this very process was stopped, the reports that
        wait in the pipe are heard between two looks.
        """
        last: tuple[SenderProcess | None, int] = (None, 0)
        silent = 0
        while not self._stopping.wait(_LOOK_S):
            with self.lock:
                now = (self._process, self._heard)
                most = _SILENT_LOOKS if self.counters.port_alive else _OPENING_LOOKS
            silent = silent + 1 if now == last else 0
            last = now
            if silent >= most and now[0] is not None:
                now[0].kill("it did not answer")
                silent = 0

    def _supervise(self) -> None:
        """Take the reports of senders, one after the other, until no more is wanted."""
        try:
            self._replace_senders()
        finally:
            self._spare.close()
            self._answered.set()  # if it never was ready, `start` says why
            with self.lock:
                self._over = True
                self._wake.notify()

    def _replace_senders(self) -> None:
        """Start another sender whenever one ends unasked."""
        losses = Losses(_RESTARTS)
        process = self._process
        while process is not None:
            last = self._stopping.is_set()
            ready = self._listen(process)
            # A sender that died before it could stop leaves notes to its successor.
            if (
                not self._answered.is_set()
                or last
                or (self._stopping.is_set() and not self._outstanding)
            ):
                self._close_process(process, ready)
                return
            left = len(self._outstanding)
            self._end_left_notes()
            pause_s = losses.pause_s(time.monotonic())
            ended = self._stopping.wait(pause_s) and not (left or self._outstanding)
            successor = None if ended else self._replace()
            self._close_process(process, ready)  # who takes over does not wait for that
            process = successor

    def _listen(self, process: SenderProcess) -> bool:
        """Take reports until the sender has ended; return whether it ever was ready."""
        try:
            for frame in process.frames():
                self._take_report(frame)
                if frame.kind == Kind.READY and not self._stopping.is_set():
                    self._spare.prepare()
                if frame.kind in (Kind.READY, Kind.PEERS):
                    self._spare.follow(self._receivers())
        except (OSError, WireError):
            process.kill()
        with self.lock:
            ready, self.up = self.up, False
            self._process = None
            self._before = self.counters
            self.counters = self._before._replace(port_alive=False, sounding=0, queued=0)
        return ready

    def _receivers(self) -> tuple[str, ...]:
        """Return who hears us: those connected to our port, or the port we play into."""
        if is_own(self._output):
            return self._peers
        return (self.port,) if self.counters.port_alive else ()

    def _end_left_notes(self) -> None:
        """End what a dead sender left sounding, before all else."""
        with self.lock:
            frames = self._outstanding.recovery(time.perf_counter(), self.latency_s)
        self._spare.end_notes([f for f in frames if f.kind in (Kind.RELEASE, Kind.CONTROL)])

    def _close_process(self, process: SenderProcess, ready: bool) -> None:
        """Say why a sender ended, and let go of its pipes."""
        reason = process.end_reason()
        process.end(_INSIST_S)
        process.close()
        with self.lock:
            if not self._stopping.is_set() and (ready or not self.message):
                self.message = f"the MIDI sender ended: {reason}"

    def _replace(self) -> SenderProcess | None:
        while True:
            with self.lock:
                orders = self._first_orders()
            try:
                process = self._spare.take_over(self.latency_s, orders)
                break
            except MidiPortError as error:
                with self.lock:
                    self.message = str(error)
                    self.up = False
                if self._stopping.wait(_RESTARTS.pauses_s[-1]):
                    return None
        with self.lock:
            self._process = process
            self.restarts += 1
            self._wake.notify()
        return process

    def _take_report(self, frame: Frame) -> None:
        with self.lock:
            self._heard += 1
            self._outstanding.report(frame)
            if frame.kind == Kind.SENT:
                self.sent.append(frame)
                self.lateness.append(frame.until_s)
            elif frame.kind == Kind.COUNTERS:
                self.counters = Counters.unpack(frame.payload).after(self._before)
            elif frame.kind == Kind.PEERS:
                self._peers = tuple(filter(None, frame.text.split("\n")))
            elif frame.kind == Kind.ERROR:
                self.message = frame.text
            elif frame.kind == Kind.READY:
                self.port = frame.text or self.port
                self.counters = self.counters._replace(port_alive=bool(frame.text))
                self.up = True
                self._outstanding.settle()  # orders are carried out before the port is announced
                self._answered.set()

    def _first_orders(self) -> list[Frame]:
        """Return what a new sender must do at once; queue what it must know.

        From here on it is given everything, ready or not: what waits in its pipe is not lost.
        """
        orders = [Frame(Kind.CONNECT, payload=peer.encode()) for peer in self._peers]
        later: list[Frame] = []
        for frame in self._outstanding.recovery(time.perf_counter(), self.latency_s):
            (later if frame.kind == Kind.NOTE else orders).append(frame)
        if self._stopping.is_set():
            later.append(Frame(Kind.STOP))
        self._unwritten.clear()
        self._unwritten.extend(map(encode, later))
        self.up = True
        return orders
