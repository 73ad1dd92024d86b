"""The engine's end of one plug-in's line: what it said last, and what goes down to it."""

import socket
import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from engine.choices import PARTS
from engine.events import NoteEvent
from engine.plugin.parameters import PARAMETERS, index_of
from engine.plugin.protocol import (
    Block,
    BlockFlag,
    FrameReader,
    Hello,
    encode_cancel,
    encode_cue,
    encode_message,
    encode_move_end,
    encode_note,
)

__all__ = ["CHANNELS", "Counts", "Instance"]

CHANNELS = {"lead": 0, "chords": 1, "bass": 2, "pad": 3, "drums": 9}
"""MIDI channel of each part, as all generators have it."""

_PART = index_of("part")
_MAX_BACKLOG = 1 << 20  # bytes that a host has not taken; more means that it hangs


class Counts(NamedTuple):
    """Note-ons that were played, how many of these late, and how many never came."""

    played: int
    late: int
    lost: int


def _counts(block: Block) -> Counts:
    return Counts(block.placed + block.late, block.late, block.lost)


class Instance:
    """One plug-in in a host. One thread reads, any may send.

    Parameters
    ----------
    connection : socket
        The line, accepted and not blocking.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.reader = FrameReader()
        self.hello: Hello | None = None
        self.block: Block | None = None
        """The newest one."""
        self.values = [parameter.initial for parameter in PARAMETERS]
        self.offset_s: float | None = None
        """From the plug-in's steady clock to `time.perf_counter` [s]."""
        self._before = Counts(0, 0, 0)
        self._lock = threading.Lock()
        self._backlog: deque[bytes] = deque()
        self._waiting = 0

    def take(self, block: Block) -> None:
        """Take its newest block."""
        if self.block is None:
            self._before = _counts(block)
        self.block = block

    def counts(self) -> Counts:
        """Return what it has counted since it connected."""
        if self.block is None:
            return Counts(0, 0, 0)
        now = _counts(self.block)
        return Counts(*(after - before for after, before in zip(now, self._before, strict=True)))

    @property
    def part(self) -> str:
        """The part it plays; empty if it listens and plays all."""
        chosen = round(self.values[_PART])
        return PARTS[chosen - 1] if chosen else ""

    def plays(self, channel: int) -> bool:
        """Whether a channel's notes go to it."""
        return not self.part or CHANNELS[self.part] == channel

    def heard_at(self, block: Block, arrived_s: float) -> float:
        """Return when the last of a block was processed, on `time.perf_counter` [s]."""
        offset_s = arrived_s - block.steady_s
        if self.offset_s is None or offset_s < self.offset_s:
            self.offset_s = offset_s
        return block.steady_s + self.offset_s

    def send(self, data: bytes) -> bool:
        """Send without waiting; False where the line is dead or nobody takes what is sent."""
        with self._lock:
            self._backlog.append(data)
            self._waiting += len(data)
            return self._flush()

    def flush(self) -> bool:
        """Send what still waits."""
        with self._lock:
            return self._flush()

    def _flush(self) -> bool:
        while self._backlog:
            data = self._backlog[0]
            try:
                sent = self.connection.send(data)
            except BlockingIOError:
                return self._waiting < _MAX_BACKLOG
            except OSError:
                return False
            self._waiting -= sent
            if sent < len(data):
                self._backlog[0] = data[sent:]
            else:
                self._backlog.popleft()
        return True

    def cue(self, notes: Iterable[NoteEvent]) -> None:
        """Say what the music begins with, should the host start from where it stands now."""
        if self.block is None:
            return
        generation = self.block.generation
        frames = [encode_cue(0, generation, 0.0, 0.0, 0, 0, 0)]
        frames += [
            encode_cue(
                note.note_id,
                generation,
                note.onset,
                note.onset + note.duration,
                note.channel,
                note.pitch,
                note.velocity,
            )
            for note in notes
            if self.plays(note.channel)
        ]
        self.send(b"".join(frames))

    # ------------------------------------------------------------------ in the leader's beats

    def note(
        self,
        leader: "Instance",
        note_id: int,
        on: float,
        off: float,
        channel: int,
        pitch: int,
        velocity: int,
    ) -> None:
        """Give a note with both its ends [quarter notes of the leader]."""
        place = self._place(leader)
        if place is not None and self.plays(channel):
            generation, back = place
            self.send(
                encode_note(note_id, generation, on - back, off - back, channel, pitch, velocity)
            )

    def move_end(self, leader: "Instance", note_id: int, off: float) -> None:
        """Move the end of a note."""
        place = self._place(leader)
        if place is not None:
            self.send(encode_move_end(note_id, place[0], off - place[1]))

    def cancel(self, leader: "Instance", holder: int, start: float) -> None:
        """Withdraw a holder's notes and pedals from there on."""
        place = self._place(leader)
        if place is not None:
            self.send(encode_cancel(place[0], holder, start - place[1]))

    def message(self, leader: "Instance", holder: int, beat: float, message: bytes) -> None:
        """Give a holder's message that is no note."""
        place = self._place(leader)
        if place is not None and self.plays(message[0] & 15):
            self.send(encode_message(place[0], holder, beat - place[1], message))

    def _place(self, leader: "Instance") -> tuple[int, float] | None:
        """Return our generation, and how far the leader's beats are ahead of ours.

        Both go on through loops, each from its own start; where both are in the same round the
        difference is that of their shifts.
        """
        own, leading = self.block, leader.block
        if own is None or leading is None:
            return None
        if self is leader or own.flags & leading.flags & BlockFlag.PLAYING == 0:
            return own.generation, 0.0
        return own.generation, leading.shift - own.shift
