"""A third party's sequencer: MIDI clock over JACK with as much jitter as is asked for.

``python -m engine.bench.sequencer CLIENT TEMPO JITTER_S SEED`` ticks on CLIENT:clock until standard
input ends. On CLIENT:marks it sends a note at the very frame of each beat it plays; clocks stray
around their frames. Lines on standard input: ``start``, ``stop``.
"""

import heapq
import itertools
import os
import random
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from engine.bench.our_program import jack_program
from engine.bench.soak.jack_rig import JackServer

__all__ = ["MOST_JITTER_S", "Sequencer", "beat_of", "run", "sequencer"]

MOST_JITTER_S = 0.004
"""Largest deviation of a clock; everything is sent this long after it is decided, to keep order."""

_CLOCK, _START, _STOP = 0xF8, 0xFA, 0xFC
_CLOCKS_PER_BEAT = 24
_BEATS_PER_VELOCITY = 128


def beat_of(data: bytes) -> int:
    """Return which beat a mark stands for."""
    return data[1] + _BEATS_PER_VELOCITY * (data[2] - 1)


class Sequencer:
    """The other end of the process."""

    def __init__(self, process: "subprocess.Popen[bytes]", name: str) -> None:
        self.clock = f"{name}:clock"
        """Where the clock comes from."""
        self.marks = f"{name}:marks"
        """Where the marks come from."""
        self._process = process

    def say(self, order: str) -> None:
        """Give an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n".encode())
        self._process.stdin.flush()


@contextmanager
def sequencer(
    server: JackServer, name: str, tempo_bpm: float, jitter_s: float = 0.0, seed: int = 1
) -> Iterator[Sequencer]:
    """Run the program for the length of a ``with`` block."""
    words = ("engine.bench.sequencer", name, repr(tempo_bpm), repr(jitter_s), str(seed))
    with jack_program(server, f"{name}:marks", *words) as process:
        yield Sequencer(process, name)


class _Course:
    """Decides what is sent when; frames count from the start of the process."""

    def __init__(self, rate: int, tempo_bpm: float, jitter_s: float, seed: int) -> None:
        self.orders: deque[list[str]] = deque()
        self._jitter = jitter_s * rate
        self._most = MOST_JITTER_S * rate
        self._random = random.Random(seed)
        self._step = rate * 2.5 / tempo_bpm
        self._due = 0.0
        self._running = False
        self._position = 0  # of the next clock
        self._clocks_sent = 0.0  # frame of the last one
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, bool, bytes]] = []  # frame, order, is a mark, data

    def until(self, end: int) -> Iterator[tuple[int, bool, bytes]]:
        """Yield frame, whether it is a mark, and message of all before a frame."""
        while self._due < end:
            self._tick()
        while self._waiting and self._waiting[0][0] < end:
            frame, _, is_mark, data = heapq.heappop(self._waiting)
            yield frame, is_mark, data

    def _tick(self) -> None:
        true = self._due + self._most
        stray = max(-self._most, min(self._most, self._random.gauss(0.0, self._jitter)))
        at = max(true + stray, self._clocks_sent)
        while self.orders:
            self._obey(self.orders.popleft(), at)
        self._put(at, False, bytes((_CLOCK,)))
        self._clocks_sent = at
        if self._running:
            beat, clock = divmod(self._position, _CLOCKS_PER_BEAT)
            if clock == 0:
                velocity, pitch = divmod(beat, _BEATS_PER_VELOCITY)
                self._put(true, True, bytes((0x9F, pitch, 1 + velocity % 127)))
            self._position += 1
        self._due += self._step

    def _obey(self, order: list[str], at: float) -> None:
        match order:
            case ["start"]:
                self._running, self._position = True, 0
                self._put(at, False, bytes((_START,)))
            case ["stop"]:
                self._running = False
                self._put(at, False, bytes((_STOP,)))

    def _put(self, at: float, is_mark: bool, data: bytes) -> None:
        heapq.heappush(self._waiting, (round(at), next(self._order), is_mark, data))


def run(name: str, tempo_bpm: float, jitter_s: float, seed: int) -> None:
    """Tick until standard input ends."""
    from engine.midi.ports.jack_server import open_client

    _, client = open_client(name)
    clock = client.midi_outports.register("clock")
    marks = client.midi_outports.register("marks")
    course = _Course(int(client.samplerate), tempo_bpm, jitter_s, seed)
    begin = -1

    def process(frames: int) -> None:
        nonlocal begin
        clock.clear_buffer()
        marks.clear_buffer()
        now = client.last_frame_time
        begin = now if begin < 0 else begin
        played = now - begin  # by the server's own count: periods may be missed
        for frame, is_mark, data in course.until(played + frames):
            (marks if is_mark else clock).write_midi_event(max(0, frame - played), data)

    client.set_process_callback(process)
    with client:
        for line in sys.stdin:
            course.orders.append(line.split())


if __name__ == "__main__":
    run(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    sys.stdout.flush()
    os._exit(0)  # threads of the C library need not be waited for
