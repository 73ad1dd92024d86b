"""Frames between the engine and the sender process, over its stdin and stdout.

Every frame is a fixed 32-byte header, for a few kinds followed by a short payload (text or
counters). Plain ``struct``, no pickle: a broken or hostile peer can be refused, never obeyed.
Times are `time.perf_counter` seconds, which all processes of a machine share.
"""

import math
import struct
from enum import IntEnum
from typing import NamedTuple

__all__ = [
    "MAX_PAYLOAD",
    "Counters",
    "DropReason",
    "Frame",
    "FrameReader",
    "Kind",
    "WireError",
    "encode",
]

# kind, channel, data1, data2, payload length, note id, time, second time
_HEADER = struct.Struct("<BBBBIqdd")
# port alive, sounding, queued, sent, dropped, late, longest lateness [s]
_COUNTERS = struct.Struct("<?IIQQQd")

MAX_PAYLOAD = 4096
"""Longest payload of a frame [bytes]."""


class WireError(ValueError):
    """A frame that cannot be right: the stream is broken and must be given up."""


class Kind(IntEnum):
    """What a frame says; up to 31 from engine to sender, from 32 the other way."""

    NOTE = 1  # note id, channel, data1 pitch, data2 velocity, at on, until off
    CONTROL = 2  # at, channel, data1 control, data2 value
    PROGRAM = 3  # at, channel, data1 program
    REALTIME = 4  # at, data1 status: 0xF8..0xFF, or 0xF2 song position, sixteenths as note id
    END_NOTE = 5  # note id, at: the note's new end
    CANCEL_AFTER = 6  # at: forget notes that would start then or later
    PANIC = 7
    RELEASE = 8  # channel, data1 pitch: end what an earlier sender left; data2 1: its pedal as well
    CONNECT = 9  # payload: name of a port to connect to
    LATENCY = 10  # at: seconds added to every deadline
    STOP = 11
    OPEN = 12  # to a spare: open the port; at: seconds added to every deadline
    BEND = 13  # at, channel, data1 low seven bits, data2 high seven bits
    PRESSURE = 14  # at, channel, data1 pressure of the channel
    KEY_PRESSURE = 16  # at, channel, data1 pitch, data2 pressure of one key
    SOUND = 17  # payload: JSON for the built-in instrument: engine, volume
    FOLLOW = 15  # to a spare; payload: who is connected to the port, one a line

    READY = 32  # payload: name of the open port, empty while away; data1: a receiver tells gaps
    ERROR = 33  # payload: message; data1 1 if the sender gives up
    SENT = 34  # note id, at deadline, until lateness, payload: frame meant (JACK), 4 bytes
    ENDED = 35  # note id
    DROPPED = 36  # note id (-1: not a note), data1 DropReason
    COUNTERS = 37  # payload: Counters
    PEERS = 38  # payload: connected ports, one a line (from the receiver process too)
    RECEIVED = 39  # at arrival, payload: one message (from the receiver); empty: gap, or at shift


class DropReason(IntEnum):
    """Why something handed over was never played."""

    LATE = 1
    QUEUE_FULL = 2
    CANCELLED = 3
    DUPLICATE_ID = 4
    PORT_AWAY = 5
    PANIC = 6


_KINDS = {int(kind): kind for kind in Kind}


class Frame(NamedTuple):
    """One message of the wire (a named tuple because thousands are made per minute)."""

    kind: Kind
    channel: int = 0
    data1: int = 0
    data2: int = 0
    note_id: int = 0
    at_s: float = 0.0
    until_s: float = 0.0
    payload: bytes = b""

    @property
    def text(self) -> str:
        """The payload as text."""
        return self.payload.decode("utf-8", "replace")


class Counters(NamedTuple):
    """Counters of a sender since its start."""

    port_alive: bool = False
    sounding: int = 0
    queued: int = 0
    sent: int = 0
    dropped: int = 0
    late: int = 0
    lateness_max_s: float = 0.0

    def after(self, before: "Counters") -> "Counters":
        """Return these counters with what earlier senders had counted added in."""
        return self._replace(
            sent=before.sent + self.sent,
            dropped=before.dropped + self.dropped,
            late=before.late + self.late,
            lateness_max_s=max(before.lateness_max_s, self.lateness_max_s),
        )

    def pack(self) -> bytes:
        """Return the counters as a payload."""
        return _COUNTERS.pack(*self)

    @classmethod
    def unpack(cls, payload: bytes) -> "Counters":
        """Read the counters from a payload; `WireError` if it has another length."""
        if len(payload) != _COUNTERS.size:
            raise WireError(f"counters of {len(payload)} bytes, expected {_COUNTERS.size}")
        return cls(*_COUNTERS.unpack(payload))


def encode(frame: Frame) -> bytes:
    """Return a frame as bytes; payloads are cut at `MAX_PAYLOAD`."""
    payload = frame.payload[:MAX_PAYLOAD]
    header = _HEADER.pack(
        frame.kind,
        frame.channel,
        frame.data1,
        frame.data2,
        len(payload),
        frame.note_id,
        frame.at_s,
        frame.until_s,
    )
    return header + payload


class FrameReader:
    """Cuts a byte stream into frames, however the pipe chopped it."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes and return the frames they complete.

        Raises
        ------
        WireError
            If a header is impossible; nothing after it can be trusted.
        """
        buffer = self._rest + data
        frames: list[Frame] = []
        start = 0
        while len(buffer) - start >= _HEADER.size:
            kind, channel, data1, data2, length, note_id, at_s, until_s = _HEADER.unpack_from(
                buffer, start
            )
            if kind not in _KINDS or channel > 15 or length > MAX_PAYLOAD:
                raise WireError(f"impossible frame: kind {kind}, channel {channel}, {length} bytes")
            if not (math.isfinite(at_s) and math.isfinite(until_s)):
                raise WireError(f"frame of kind {kind} with time {at_s}, {until_s}")
            if data2 > 127 or (data1 > 127 and kind != Kind.REALTIME):
                raise WireError(f"frame of kind {kind} with data {data1}, {data2}")
            if kind == Kind.REALTIME and data1 < 0xF8 and data1 != 0xF2:
                raise WireError(f"frame of kind {kind} with status {data1}")
            if kind == Kind.NOTE and data2 == 0:
                raise WireError("a note with velocity 0 would end one")
            end = start + _HEADER.size + length
            if len(buffer) < end:
                break
            payload = buffer[start + _HEADER.size : end]
            frames.append(
                Frame(_KINDS[kind], channel, data1, data2, note_id, at_s, until_s, payload)
            )
            start = end
        self._rest = buffer[start:]
        return frames
