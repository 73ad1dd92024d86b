"""Broken input where a library of others reads first: sockets, films, models, streams of MIDI.

``pytest tests/test_fuzz_outside.py --fuzz-minutes 10`` gives every parser ten minutes.
"""

import contextlib
import os
import socket
import struct
from pathlib import Path

import mido
import numpy as np
from film_samples import encode, shots
from fuzz_samples import EDITS, FUZZ, damaged
from gui_samples import look
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.emotion.model import TrackerModel, shipped_model_path
from engine.errors import InputError, ModelError, SessionError
from engine.midi.file import read_midi_file
from engine.network.monitor import Monitor
from engine.session.rerun import rerun
from engine.video.film import Film

FEW = settings(FUZZ, max_examples=8)
TOKEN = "open sesame now"


class Desk:
    """Takes orders and does nothing."""

    def act(self, action):
        assert isinstance(action, str)

    def change(self, values):
        if not isinstance(values, dict):
            raise InputError("no")


# ------------------------------------------------------------------------- sockets


def frame(opcode: int, payload: bytes, *, masked: bool = True, length: int | None = None) -> bytes:
    """Return a WebSocket frame as a browser sends it, or one that lies about its length."""
    said = len(payload) if length is None else length
    mask = os.urandom(4)
    head = bytes((0x80 | opcode, (0x80 if masked else 0) | 126)) + struct.pack(">H", said & 0xFFFF)
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + (mask + body if masked else payload)


FRAMES = st.lists(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=200)
        | st.sampled_from(
            [b'{"act": "panic"}', b'{"target": [1e999, 0]}', b"\xff\xfe", b"[" * 900]
        ),
        masked=st.booleans(),
        length=st.none() | st.integers(0, 65535),
    ),
    max_size=6,
)


def test_websocket_frames(rounds):
    monitor = Monitor(look, Desk(), ("127.0.0.1", 0), TOKEN)
    monitor.start()
    host, port = monitor._server.socket.getsockname()
    greeting = (
        f"GET /live?token={TOKEN.replace(' ', '%20')} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()

    @settings(FUZZ, max_examples=20)
    @given(FRAMES, EDITS, st.booleans())
    def check(frames, edits, damage_greeting):
        with socket.create_connection((host, port), 5.0) as client:
            client.settimeout(0.05)
            with contextlib.suppress(OSError):
                client.sendall(damaged(greeting, edits) if damage_greeting else greeting)
                client.sendall(damaged(b"".join(frames), edits))
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
        assert monitor._thread.is_alive()

    try:
        rounds(check)
        with socket.create_connection((host, port), 5.0) as client:  # it still serves
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(16).startswith(b"HTTP/1.1 200")
    finally:
        monitor.stop()


# ------------------------------------------------------------------------- files


def test_films(tmp_path, rounds):
    goods = {}
    for kind in ("mp4", "mkv"):
        path = tmp_path / f"good.{kind}"
        encode(path, iter(shots([8, 8])))
        goods[kind] = path.read_bytes()
    path = tmp_path / "x.film"

    @FEW
    @given(st.sampled_from(sorted(goods)), EDITS)
    def check(kind, edits):
        path.write_bytes(damaged(goods[kind], edits))
        try:
            with Film(path) as film:
                for number, picture in enumerate(film.pictures()):
                    assert np.isfinite(picture.time_s) and number < 1000
        except InputError as error:
            assert "\n" not in str(error)

    rounds(check)


def test_whole_models(tmp_path, rounds):
    good = shipped_model_path().read_bytes()
    path = tmp_path / "x.onnx"

    @settings(FUZZ, max_examples=2)
    @given(EDITS.filter(bool), st.integers(0, len(good)), st.booleans())
    def check(edits, at, head):
        # Edits reach 64 kB: the file's beginning, its end, or anywhere.
        cut = min(at, 65536) if head else at
        path.write_bytes(good[:cut] + damaged(good[cut:], edits))
        try:
            model = TrackerModel(path)
        except ModelError as error:
            assert "\n" not in str(error)
            return
        assert model.hop_length > 0 and model.sample_rate > 0

    rounds(check)


# A track's bytes: running status, system exclusive cut short, real-time bytes in between.
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 300),
        st.sampled_from(
            [
                b"\x90\x3c\x40",
                b"\x3e\x40",
                b"\x40\x00",
                b"\x80\x3c\x40",
                b"\xb0\x40\x7f",
                b"\xc0\x05",
            ]
        )
        | st.sampled_from([b"\xf0\x03\x01\x02\xf7", b"\xf0\x7f\x01", b"\xf7\x02\x01", b"\xf8"])
        | st.sampled_from([b"\xff\x51\x03\x07\xa1\x20", b"\xff\x58\x04\x00\x00\x00\x00", b"\xff"])
        | st.binary(min_size=1, max_size=4),
    ),
    max_size=40,
)


def track_of(events) -> bytes:
    """Return a MIDI file of one track with these bytes."""
    body = b""
    for delta, data in events:
        body += bytes((0x80 | delta >> 7, delta & 127)) if delta > 127 else bytes((delta,))
        body += data
    return (
        b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(body)) + body
    )


def test_streams_of_midi(tmp_path, rounds):
    path = tmp_path / "x.mid"

    @settings(FUZZ, max_examples=30)
    @given(EVENTS, EDITS)
    def check(events, edits):
        data = damaged(track_of(events), edits)
        path.write_bytes(data)
        with contextlib.suppress(InputError):
            assert all(note.duration > 0 for note in read_midi_file(path).notes)
        # What a cable brings, byte by byte, as the libraries below us split it.
        for message in mido.Parser(b"".join(data for _, data in events)):
            assert all(byte < 128 for byte in message.bytes()[1:] if message.type != "sysex")

    rounds(check)


def test_sessions_made_again(tmp_path, rounds):
    run = '{"origin_s":5.0,"performance":{},"curve":[],"resume":null,"others":[]}'
    good = (
        '{"event":"session","format":2,"started":"x","input":"x","midi_out":"none","seed":0,'
        f'"tempo_bpm":100.0,"beats_per_bar":4,"key":"auto","run":{run}}}\n'
        '{"event":"order","at_s":5.1,"do":"begin"}\n'
        '{"event":"turns","at_s":0.2,"heard":null,"us":[200000,5000,500000],"pace":[[1,1,false]]}\n'
        '{"event":"order","at_s":5.9,"do":"change","performance":{"tempo_bpm":90},"at_bar":true}\n'
        '{"event":"turns","at_s":1.2,"heard":0.5,"us":[1200000,5000,900000]}\n'
    ).encode()

    @FUZZ
    @given(EDITS)
    def check(edits):
        (tmp_path / "events.jsonl").write_bytes(damaged(good, edits))
        with contextlib.suppress(SessionError, InputError):
            rerun(tmp_path)

    rounds(check)


def test_the_good_ones_are_taken(tmp_path):
    path: Path = tmp_path / "x.mid"
    path.write_bytes(track_of([(0, b"\x90\x3c\x40"), (10, b"\x3c\x00"), (0, b"\xff\x2f\x00")]))
    assert [note.pitch for note in read_midi_file(path).notes] == [60]
