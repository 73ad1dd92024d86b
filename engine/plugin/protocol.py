"""What crosses the line between plug-in and engine, as ``src/wire.hpp`` has it.

Little endian. A frame is a head (kind, 0, bytes that follow) and its body. What comes in may be
anything: a frame of unknown kind, wrong size or impossible value raises `ProtocolError`, and its
sender is dropped.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray

from engine.plugin.parameters import PARAMETERS

__all__ = [
    "TOKEN_BYTES",
    "VERSION",
    "Block",
    "BlockFlag",
    "FrameReader",
    "Hello",
    "Kind",
    "ParameterChange",
    "ProtocolError",
    "encode_cancel",
    "encode_cue",
    "encode_horizon",
    "encode_message",
    "encode_move_end",
    "encode_note",
    "encode_panic",
    "encode_status",
    "encode_welcome",
]

VERSION = 2
TOKEN_BYTES = 32

MAX_FRAMES = 4096
"""Most frames in one block; the plug-in cuts longer ones."""

_HEAD = struct.Struct("<HHI")
_HELLO = struct.Struct(f"<I{TOKEN_BYTES}sdI8s")
_BLOCK = struct.Struct("<qqdddddddIIIIHHIIII")
_PARAMETER = struct.Struct("<qIf")
_WELCOME = struct.Struct("<I")
_NOTE = struct.Struct("<QIddBBBx")
_MOVE_END = struct.Struct("<QId")
_CANCEL = struct.Struct("<IId")
_MESSAGE = struct.Struct("<IIdB3s")
_STATUS = struct.Struct("<ff")
_HORIZON = struct.Struct("<q")

_MAX_BODY = _BLOCK.size + 4 * MAX_FRAMES
_RATES = (8_000.0, 768_000.0)
_TEMPOS = (1.0, 2_000.0)
_MOST = 2**53  # frames and beats are exact below


class Kind(IntEnum):
    """What a frame is; below 16 it goes up, from plug-in to engine."""

    HELLO = 1
    BLOCK = 2
    PARAMETER = 3
    WELCOME = 16
    NOTE = 17
    MOVE_END = 18
    CANCEL = 19
    MESSAGE = 20
    PANIC = 21
    STATUS = 22
    HORIZON = 23
    CUE = 24


class BlockFlag(IntFlag):
    """What holds throughout a block."""

    PLAYING = 1
    LOOPS = 2
    OFFLINE = 4
    LISTENS = 8


class ProtocolError(Exception):
    """A frame that no plug-in of ours sends."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame of a plug-in: who it is.

    ``rate`` [Hz], ``max_block`` [frames], ``format`` CLAP, VST3 or LV2.
    """

    version: int
    token: str
    rate: float
    max_block: int
    format: str


@dataclass(frozen=True, slots=True)
class Block:
    """Sound and transport of one or a few blocks of the host.

    Attributes
    ----------
    frame : int
        First frame, counted by the plug-in; never jumps.
    steady_s : float
        The plug-in's steady clock when the last of it was processed [s].
    beat : float
        Position of the first frame [quarter notes]; goes on through loops.
    shift : float
        Lengths of the loops gone through, contained in ``beat`` [quarter notes].
    bpm : float
        Tempo [quarter notes per minute].
    loop_start, loop_end, bar_start, position : float
        As the host has them, playing or not [quarter notes].
    generation : int
        Another after each start, stop and jump.
    flags : BlockFlag
        What holds throughout.
    frames : int
        Length.
    samples : ndarray
        float32, shape (frames,) mono, or (0,) where the plug-in does not listen.
    numerator, denominator : int
        Metre.
    placed, late, lost, sounding : int
        Note-ons at their frame, after it, never, so far; notes that sound.
    """

    frame: int
    steady_s: float
    beat: float
    shift: float
    bpm: float
    loop_start: float
    loop_end: float
    bar_start: float
    position: float
    generation: int
    flags: BlockFlag
    frames: int
    samples: NDArray[np.float32]
    numerator: int
    denominator: int
    placed: int
    late: int
    lost: int
    sounding: int


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """A value of `engine.plugin.parameters.PARAMETERS` that holds from a frame on."""

    frame: int
    index: int
    value: float


class FrameReader:
    """Takes bytes in any pieces, gives what has come from a plug-in."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Hello | Block | ParameterChange]:
        """Yield the frames that these bytes complete.

        Raises
        ------
        ProtocolError
            They are none of ours.
        """
        self._bytes += data
        at = 0
        try:
            while len(self._bytes) - at >= _HEAD.size:
                kind, reserved, size = _HEAD.unpack_from(self._bytes, at)
                if reserved or size > _MAX_BODY:
                    raise ProtocolError(f"a frame of kind {kind} and {size} bytes")
                end = at + _HEAD.size + size
                if len(self._bytes) < end:
                    break
                body = bytes(self._bytes[at + _HEAD.size : end])
                at = end
                yield _decode(kind, body)
        finally:
            del self._bytes[:at]


def _decode(kind: int, body: bytes) -> Hello | Block | ParameterChange:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ProtocolError(f"a frame of unknown kind {kind}")
    try:
        return decoder(body)
    except (struct.error, ValueError) as error:
        raise ProtocolError(f"a frame of kind {kind}: {error}") from error


def _decode_hello(body: bytes) -> Hello:
    version, token, rate, max_block, name = _HELLO.unpack(body)
    _check(rate, *_RATES)
    return Hello(
        version, token.decode("ascii"), rate, max_block, name.rstrip(b"\0").decode("ascii")
    )


def _decode_block(body: bytes) -> Block:
    frame, steady_ns, *positions = _BLOCK.unpack_from(body)
    beat, shift, bpm, loop_start, loop_end, bar_start, position = positions[:7]
    generation, flags, frames, samples, numerator, denominator, *counters = positions[7:]
    for value in (beat, shift, loop_start, loop_end, bar_start, position, frame):
        _check(value, -_MOST, _MOST)
    _check(bpm, *_TEMPOS)
    _check(frames, 1, MAX_FRAMES)
    if samples not in (0, frames) or len(body) != _BLOCK.size + 4 * samples:
        raise ValueError(f"{samples} samples of {frames} frames in {len(body)} bytes")
    pcm = np.frombuffer(body, "<f4", offset=_BLOCK.size)
    return Block(
        frame, steady_ns * 1e-9, beat, shift, bpm, loop_start, loop_end, bar_start, position,
        generation, BlockFlag(flags & 15), frames, pcm, numerator, denominator, *counters,
    )  # fmt: skip


def _decode_parameter(body: bytes) -> ParameterChange:
    frame, index, value = _PARAMETER.unpack(body)
    _check(index, 0, len(PARAMETERS) - 1)
    _check(value, PARAMETERS[index].low, PARAMETERS[index].high)
    return ParameterChange(frame, index, value)


_DECODERS: dict[int, Callable[[bytes], Hello | Block | ParameterChange]] = {
    Kind.HELLO: _decode_hello,
    Kind.BLOCK: _decode_block,
    Kind.PARAMETER: _decode_parameter,
}


def _check(value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{value!r} is not within {low:g} and {high:g}")


def _frame(kind: Kind, body: bytes = b"") -> bytes:
    return _HEAD.pack(kind, 0, len(body)) + body


def encode_welcome() -> bytes:
    """Say that the plug-in's hello is accepted."""
    return _frame(Kind.WELCOME, _WELCOME.pack(VERSION))


def encode_note(
    note_id: int, generation: int, on: float, off: float, channel: int, pitch: int, velocity: int
) -> bytes:
    """Give a note with both its ends [quarter notes]."""
    return _frame(Kind.NOTE, _NOTE.pack(note_id, generation, on, off, channel, pitch, velocity))


def encode_cue(
    note_id: int, generation: int, on: float, off: float, channel: int, pitch: int, velocity: int
) -> bytes:
    """Give a note of the beat that the music would begin with; velocity 0 takes all back."""
    return _frame(Kind.CUE, _NOTE.pack(note_id, generation, on, off, channel, pitch, velocity))


def encode_move_end(note_id: int, generation: int, off: float) -> bytes:
    """Move the end of a note [quarter notes]; before its start, it never sounds."""
    return _frame(Kind.MOVE_END, _MOVE_END.pack(note_id, generation, off))


def encode_cancel(generation: int, holder: int, start: float) -> bytes:
    """Withdraw a holder's notes and pedals from a beat on, and lift its pedals there."""
    return _frame(Kind.CANCEL, _CANCEL.pack(generation, holder, start))


def encode_message(generation: int, holder: int, beat: float, message: bytes) -> bytes:
    """Give a holder's message of 2 or 3 bytes that is no note."""
    return _frame(Kind.MESSAGE, _MESSAGE.pack(generation, holder, beat, len(message), message))


def encode_panic() -> bytes:
    """End every note and forget what waits."""
    return _frame(Kind.PANIC)


def encode_status(valence: float, arousal: float) -> bytes:
    """Tell what is heard; comes regularly, for silence means that the engine hangs."""
    return _frame(Kind.STATUS, _STATUS.pack(valence, arousal))


def encode_horizon(frame: int) -> bytes:
    """Say that all that belongs before this frame has been sent."""
    return _frame(Kind.HORIZON, _HORIZON.pack(frame))
