"""Frames between engine and sender survive any chopping and are refused when impossible."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.midi.wire import Counters, Frame, FrameReader, Kind, WireError, encode

TIMES = st.floats(allow_nan=False, allow_infinity=False)
FRAMES = st.builds(
    Frame,
    kind=st.sampled_from(Kind),
    channel=st.integers(0, 15),
    data1=st.integers(0, 127),
    data2=st.integers(0, 127),
    note_id=st.integers(-1, 2**63 - 1),
    at_s=TIMES,
    until_s=TIMES,
    payload=st.binary(max_size=40),
).map(
    lambda frame: frame._replace(
        data1=0xF8 if frame.kind == Kind.REALTIME else frame.data1,
        data2=frame.data2 or int(frame.kind == Kind.NOTE),
    )
)


@given(st.lists(FRAMES, max_size=8), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_chopped(frames, size):
    data = b"".join(map(encode, frames))
    reader = FrameReader()
    out = []
    for start in range(0, len(data), size):
        out += reader.feed(data[start : start + size])
    assert out == frames


@given(st.binary(max_size=400))
def test_noise_gives_frames_or_a_wire_error_and_nothing_else(data):
    try:
        FrameReader().feed(data)
    except WireError:
        pass


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Kind.NOTE, at_s=math.nan),
        Frame(Kind.NOTE, until_s=math.inf),
        Frame(Kind.NOTE, channel=16),
        Frame(Kind.NOTE, data1=128),
        Frame(Kind.NOTE, data2=200),
    ],
)
def test_impossible_values_are_refused(frame):
    with pytest.raises(WireError):
        FrameReader().feed(encode(frame))


def test_unknown_kind_is_refused():
    data = bytearray(encode(Frame(Kind.PANIC)))
    data[0] = 99
    with pytest.raises(WireError, match="kind 99"):
        FrameReader().feed(bytes(data))


def test_counters_survive_the_way():
    counters = Counters(True, 3, 4, 500, 6, 7, 0.25)
    assert Counters.unpack(counters.pack()) == counters


def test_counters_of_wrong_length_are_refused():
    with pytest.raises(WireError, match="counters"):
        Counters.unpack(b"short")
