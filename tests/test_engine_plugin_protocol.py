"""The line to the plug-in: frames, strangers, and whatever else may come through it."""

import os
import socket
import stat
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fuzz_samples import FUZZ
from hypothesis import given
from hypothesis import strategies as st
from servers.jack import until

from engine.choices import MODES, PARTS
from engine.generators.registry import GENERATORS
from engine.plugin.discovery import announce, withdraw
from engine.plugin.instance import CHANNELS
from engine.plugin.link import PluginLink
from engine.plugin.parameters import PARAMETERS, as_set, header, index_of
from engine.plugin.protocol import (
    TOKEN_BYTES,
    VERSION,
    Block,
    BlockFlag,
    FrameReader,
    Hello,
    ParameterChange,
    ProtocolError,
    encode_note,
    encode_welcome,
)

HEAD = struct.Struct("<HHI")


def frame(kind: int, body: bytes) -> bytes:
    return HEAD.pack(kind, 0, len(body)) + body


def hello(token: str, version: int = VERSION, rate: float = 48000.0) -> bytes:
    return frame(1, struct.pack("<I32sdI8s", version, token.encode(), rate, 256, b"CLAP"))


def block(samples: int = 4, frames: int = 4, bpm: float = 120.0, flags: int = 9) -> bytes:
    body = struct.pack(
        "<qqdddddddIIIIHHIIII", 100, 5_000_000_000, 2.5, 0.0, bpm, 0.0, 0.0, 0.0, 2.5,
        7, flags, frames, samples, 4, 4, 1, 2, 3, 4,
    )  # fmt: skip
    return frame(2, body + np.arange(samples, dtype="<f4").tobytes())


def read(data: bytes, cut: int = 10**6) -> list[Hello | Block | ParameterChange]:
    reader = FrameReader()
    pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
    return [found for piece in pieces for found in reader.feed(piece)]


@pytest.mark.parametrize("cut", [1, 7, 10**6])
def test_frames_are_read_in_any_pieces(cut: int) -> None:
    parameter = frame(3, struct.pack("<qIf", 120, index_of("valence"), -0.5))
    said, heard, changed = read(hello("a" * 32) + block() + parameter, cut)
    assert said == Hello(VERSION, "a" * 32, 48000.0, 256, "CLAP")
    assert isinstance(heard, Block)
    assert (heard.frame, heard.steady_s, heard.beat, heard.bpm) == (100, 5.0, 2.5, 120.0)
    assert heard.flags == BlockFlag.PLAYING | BlockFlag.LISTENS
    assert heard.samples.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert (heard.placed, heard.late, heard.lost, heard.sounding) == (1, 2, 3, 4)
    assert changed == ParameterChange(120, index_of("valence"), -0.5)


@pytest.mark.parametrize(
    "data",
    [
        frame(99, b""),
        frame(2, b"short"),
        HEAD.pack(2, 0, 1 << 30),
        HEAD.pack(2, 1, 0),
        block(samples=3, frames=4),
        block(bpm=float("nan")),
        block(samples=0, frames=0),
        hello("a" * 32, rate=float("inf")),
        frame(3, struct.pack("<qIf", 0, 999, 0.0)),
        frame(3, struct.pack("<qIf", 0, index_of("valence"), 5.0)),
    ],
)
def test_impossible_frames_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(data)


def test_any_bytes_end_in_frames_or_a_refusal(rounds) -> None:  # type: ignore[no-untyped-def]
    heads = st.builds(
        lambda kind, size, body: HEAD.pack(kind, 0, size) + body,
        st.integers(0, 30), st.integers(0, 200), st.binary(max_size=200),
    )  # fmt: skip
    flipped = st.builds(
        lambda at, byte: (lambda data: data[:at] + bytes([byte]) + data[at + 1 :])(
            block() + hello("a" * 32)
        ),
        st.integers(0, 150), st.integers(0, 255),
    )  # fmt: skip

    @FUZZ
    @given(st.one_of(st.binary(max_size=400), heads, flipped), st.integers(1, 50))
    def check(data: bytes, cut: int) -> None:
        try:
            read(data, cut)
        except ProtocolError:
            pass

    rounds(check)


def test_frames_down_have_the_sizes_that_the_plugin_knows() -> None:
    assert len(encode_note(1, 2, 3.0, 4.0, 0, 60, 100)) == 8 + 32
    assert len(encode_welcome()) == 8 + 4


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "run" / "plugin.txt"
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(path))
    return path


@pytest.fixture
def link(place: Path) -> Iterator[PluginLink]:
    line = PluginLink()
    line.start()
    yield line
    line.stop()


def connect(place: Path) -> tuple[socket.socket, str]:
    _, version, port, token = place.read_text().split()
    assert int(version) == VERSION and len(token) == TOKEN_BYTES
    connection = socket.create_connection(("127.0.0.1", int(port)), 5)
    connection.settimeout(5)
    return connection, token


def test_only_the_user_may_read_where_the_engine_is(place: Path) -> None:
    path = announce(1234, "b" * TOKEN_BYTES)
    assert path == place
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    withdraw(path, 4321, "b" * TOKEN_BYTES)
    assert path.exists(), "another engine's file was removed"
    withdraw(path, 1234, "b" * TOKEN_BYTES)
    assert not path.exists()


def test_a_plugin_is_welcomed_heard_and_obeyed(link: PluginLink, place: Path) -> None:
    heard: list[tuple[float, int]] = []
    link.on_audio = lambda samples, rate: heard.append((rate, samples.size))
    connection, token = connect(place)
    with connection:
        connection.sendall(hello(token))
        assert connection.recv(12) == encode_welcome()
        connection.sendall(frame(3, struct.pack("<qIf", 0, index_of("strength"), 0.25)) + block())
        until(lambda: heard, "the sound")
        assert heard == [(48000.0, 4)]
        assert link.take_changes() == [("strength", 0.25)]
        (came,) = link.take_blocks()
        assert came.block.beat == 2.5 and came.at_s <= time.perf_counter()
        assert link.leader is link.instances()[0]
    until(lambda: not link.instances(), "the plug-in to leave")
    assert link.leader is None


@pytest.mark.parametrize("wrong", ["token", "version", "no hello", "noise", "hello twice"])
def test_strangers_are_dropped_and_others_stay(link: PluginLink, place: Path, wrong: str) -> None:
    friend, token = connect(place)
    stranger, _ = connect(place)
    with friend, stranger:
        friend.sendall(hello(token))
        assert friend.recv(12) == encode_welcome()
        stranger.sendall(
            {
                "token": hello("0" * 32),
                "version": hello(token, version=VERSION + 1),
                "no hello": block(),
                "noise": os.urandom(64),
                "hello twice": hello(token) * 2,
            }[wrong]
        )
        while stranger.recv(4096):
            pass  # closed by the engine
        friend.sendall(block())
        until(link.take_blocks, "its block")
        assert link.dropped == 1


def test_who_says_nothing_is_dropped(link: PluginLink, place: Path) -> None:
    stranger, _ = connect(place)
    with stranger:
        assert stranger.recv(16) == b""


def test_choices_are_those_of_the_engine_and_stay_where_projects_have_them() -> None:
    known = {parameter.symbol: parameter for parameter in PARAMETERS}
    assert set(known["mode"].labels[1:]) | {"curve"} == set(MODES)  # a curve is a file
    assert set(known["engine"].labels[1:]) == set(GENERATORS)
    assert known["part"].labels[1:] == PARTS == tuple(CHANNELS)
    assert as_set(known["mode"], 0.0) is None
    assert as_set(known["mode"], 4.0) == "manual"
    symbols = [parameter.symbol for parameter in PARAMETERS]
    assert symbols[:8] == [
        "bypass", "part", "mode", "valence", "arousal", "strength", "freeze", "engine",
    ]  # fmt: skip
    assert all(symbol.upper() in header() for symbol in symbols)


def test_parts_go_to_the_channels_of_all_generators() -> None:
    from engine.generators.registry import create_generator

    for role, channel in create_generator("rules", 0, "scale").roles:
        assert CHANNELS[role] == channel
