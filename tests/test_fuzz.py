"""Broken, torn and hostile input: a clear error, or ignored and counted, never anything else.

Short here. ``pytest tests/test_fuzz.py --fuzz-minutes 10`` gives every parser ten minutes; what
is found goes into the table of regressions below.
"""

import json
import queue
import struct
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from fuzz_samples import EDITS, FLOATS, FUZZ, damaged
from hypothesis import given
from hypothesis import strategies as st
from inputs import FakeInput

from engine.audio.file_input import AudioFile
from engine.emotion.model import TrackerModel, shipped_model_path
from engine.errors import AudioFileError, InputError, ModelError, PresetError, SessionError
from engine.events import ControlEvent, NoteEvent
from engine.live.remote import _Server
from engine.mapping.input import InputMapper
from engine.mapping.table import InputMapping
from engine.midi.file import read_midi_file, write_midi_file
from engine.midi.sender.main import Sender
from engine.midi.sender.reporter import Reporter
from engine.midi.wire import Frame, FrameReader, Kind, WireError, encode
from engine.network.osc_input import OscInput
from engine.session.events_file import read_session
from engine.settings import presets as preset_files
from engine.settings.curve import read_curve
from engine.sync.source import MidiSync

# ------------------------------------------------------------------------- files


def midi_bytes(tmp_path: Path) -> bytes:
    """Return a good MIDI file."""
    notes = [NoteEvent(n + 1, n * 0.5, 0.4, 60 + n, 90, 0, "lead") for n in range(12)]
    controls = [ControlEvent(float(n), 20, n, 0) for n in range(8)]
    path = tmp_path / "good.mid"
    write_midi_file(path, notes, controls, tempo_bpm=120, key="C:maj", beats_per_bar=4)
    return path.read_bytes()


def test_midi_files(tmp_path, rounds):
    good, path = midi_bytes(tmp_path), tmp_path / "x.mid"

    @FUZZ
    @given(EDITS, st.none() | st.binary(max_size=300))
    def check(edits, tail):
        data = damaged(good, edits) if tail is None else good[:22] + tail
        path.write_bytes(data)
        try:
            contents = read_midi_file(path)
        except InputError:
            return
        assert all(0 <= note.pitch <= 127 and note.duration > 0 for note in contents.notes)

    rounds(check)


def test_audio_files(tmp_path, rounds):
    sine = np.sin(np.arange(4000) / 20).astype(np.float32)
    goods = []
    for kind in ("wav", "flac", "ogg"):
        soundfile.write(tmp_path / f"good.{kind}", sine, 16000)
        goods.append((tmp_path / f"good.{kind}").read_bytes())
    path = tmp_path / "x.audio"

    @FUZZ
    @given(st.sampled_from(goods), EDITS)
    def check(good, edits):
        path.write_bytes(damaged(good, edits))
        try:
            with AudioFile(path) as audio:
                for _ in range(64):
                    block = audio.read(4096)
                    if not len(block):
                        break
                    assert np.isfinite(block).all()
        except AudioFileError:
            return

    rounds(check)


def test_presets(tmp_path, rounds):
    good = next(iter(preset_files.list_presets())).path.read_bytes()
    path = tmp_path / "x.json"
    values = st.recursive(
        st.none() | st.booleans() | FLOATS | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=6,
    )
    names = st.sampled_from(
        ("engine", "mode", "valence", "parts", "outputs", "inputs", "settings", "key", "tempo_bpm")
    )

    @FUZZ
    @given(EDITS, st.none() | st.dictionaries(names, values, max_size=4))
    def check(edits, performance):
        content = damaged(good, edits)
        if performance is not None:
            content = json.dumps({"version": 1, "name": "x", "performance": performance}).encode()
        path.write_bytes(content)
        try:
            preset_files.load_preset(str(path))
        except PresetError as error:
            assert "\n" not in str(error)[:80]

    rounds(check)


def test_curves(tmp_path, rounds):
    good = b"beat,valence,arousal\n0,0.1,0.2\n4,-0.5,1\n8,0,0\n"
    path = tmp_path / "x.csv"

    @FUZZ
    @given(EDITS)
    def check(edits):
        path.write_bytes(damaged(good, edits))
        try:
            points = read_curve(path)
        except InputError:
            return
        assert all(-1 <= valence <= 1 and -1 <= arousal <= 1 for _, valence, arousal in points)

    rounds(check)


def test_sessions(tmp_path, rounds):
    header = {
        "event": "session",
        "format": 1,
        "started": "2026-01-01T00:00:00",
        "input": "x",
        "midi_out": "none",
        "seed": 0,
        "tempo_bpm": 100.0,
        "beats_per_bar": 4,
        "key": "auto",
    }
    note = {"event": "note", "at_s": 1, "on_s": 1, "off_s": 2, "note_id": 1, "onset": 0.0}
    note |= {"duration": 1.0, "pitch": 60, "velocity": 90, "channel": 0, "role": "lead"}
    control = {"event": "control", "at_s": 1, "beat": 1.0, "control": 20, "value": 3, "channel": 0}
    good = b"".join(json.dumps(line).encode() + b"\n" for line in (header, note, control, note))

    @FUZZ
    @given(EDITS)
    def check(edits):
        (tmp_path / "events.jsonl").write_bytes(damaged(good, edits))
        try:
            session = read_session(tmp_path)
        except SessionError:
            return
        assert all(timed.note.velocity > 0 for timed in session.notes)

    rounds(check)


def test_model_metadata(tmp_path, rounds):
    model = onnx.load(shipped_model_path())
    model.graph.ClearField("node")
    model.graph.ClearField("initializer")
    given_names = [item.key for item in model.metadata_props]
    path = tmp_path / "x.onnx"

    @FUZZ
    @given(
        st.dictionaries(st.sampled_from(given_names), st.text(max_size=12), max_size=4),
        st.sets(st.sampled_from(given_names), max_size=2),
        st.none() | EDITS,
    )
    def check(changed, left_out, edits):
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        for item in list(copy.metadata_props):
            item.value = changed.get(item.key, item.value)
            if item.key in left_out:
                copy.metadata_props.remove(item)
        data = copy.SerializeToString()
        path.write_bytes(data if edits is None else damaged(data, edits))
        with pytest.raises(ModelError):  # nodes are missing: it must be refused in any case
            TrackerModel(path)

    rounds(check)


# ------------------------------------------------------------------------- streams


class Nobody:
    """Takes orders and does nothing."""

    def change(self, values):
        if not isinstance(values, dict):
            raise InputError("no")

    def act(self, action):
        pass

    def setting(self, name):
        return 0.0

    def take_program(self, program):
        return True

    def set_frozen(self, frozen):
        pass

    def panic(self):
        pass

    def complain(self, message):
        assert len(message) < 1000


MESSAGES = st.lists(
    st.binary(min_size=1, max_size=4)
    | st.sampled_from([b"\xf8", b"\xfa", b"\xfb", b"\xfc", b"\xf2\x10\x00", b"\xf0\x7e", b"\xf7"]),
    max_size=60,
)


def test_midi_messages(rounds):
    @FUZZ
    @given(MESSAGES, st.lists(st.floats(0, 0.1, allow_subnormal=False), min_size=60, max_size=60))
    def check(messages, steps):
        keyboard, mapper = FakeInput(), InputMapper(Nobody())
        mapper.change([InputMapping.from_json({"on": "cc", "number": 7, "sets": "valence"})])
        sync, now = MidiSync(keyboard, 120.0), 10.0
        for message, step in zip(messages, steps, strict=False):
            now += step
            keyboard.waiting.append((now, message))
            mapper.push(message)
            sync.poll(now)
        assert 1.0 <= sync.clock.tempo_bpm < 1e5
        assert np.isfinite(sync.clock.beat_at(now + 1))

    rounds(check)


FRAMES = st.lists(
    st.builds(
        Frame,
        st.sampled_from([kind for kind in Kind if kind < 32 and kind != Kind.STOP]),
        st.integers(0, 15),
        st.integers(0, 127),
        st.integers(0, 127),
        st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5),
        st.floats(99.9, 100.2, allow_subnormal=False),
        st.floats(99.9, 100.4, allow_subnormal=False),
    ),
    max_size=40,
)


def test_frames_of_the_sender(rounds):
    @FUZZ
    @given(FRAMES, EDITS, st.booleans())
    def check(frames, edits, damage):
        data = b"".join(map(encode, frames))
        try:
            read = FrameReader().feed(damaged(data, edits) if damage else data)
        except WireError:
            return
        assert damage or read == frames
        realtime = [frame.data1 for frame in read if frame.kind == Kind.REALTIME]
        assert all(status >= 0xF8 or status == 0xF2 for status in realtime)
        now = [100.0]
        port = Strict()
        sender = Sender(
            lambda: port, queue.SimpleQueue(), Reporter(-1, lambda: None), clock=lambda: now[0]
        )
        sender.open(wait=False)
        for frame in read:
            if frame.kind != Kind.CONNECT:
                sender.carry_out([frame])
            now[0] += 0.01
            sender._send(sender.schedule.due(now[0]))
        sender._send(sender.schedule.end_all(now[0]))
        assert not port.sounding

    rounds(check)


class Strict:
    """A port that insists on well-formed messages and counts what sounds."""

    name, lookahead_s, alive = "strict", 0.0, True

    def __init__(self):
        self.sounding = set()

    def send(self, data, at_s, note_id):
        assert data and data[0] >= 0x80 and all(byte < 0x80 for byte in data[1:])
        if data[0] & 0xF0 == 0x90:
            assert (data[0] & 15, data[1]) not in self.sounding
            self.sounding.add((data[0] & 15, data[1]))
        elif data[0] & 0xF0 == 0x80:
            self.sounding.discard((data[0] & 15, data[1]))
        return 0.0

    def collect(self):
        return []

    def withdraw(self, note_ids):
        pass

    def adjust(self, sound):
        pass

    def refresh(self):
        pass

    def peers(self):
        return ()

    def connect(self, peer):
        pass


def osc(address: str, types: str, payload: bytes) -> bytes:
    """Return an OSC message."""

    def padded(text: str) -> bytes:
        raw = text.encode() + b"\0"
        return raw + b"\0" * (-len(raw) % 4)

    return padded(address) + padded(types) + payload


def test_osc_packets(rounds):
    server = OscInput(("127.0.0.1", 0), Nobody())._server
    goods = [
        osc("/stimmung/target", ",ff", struct.pack(">ff", 0.5, float("nan"))),
        osc("/stimmung/set", ",sf", b"valence\0" + struct.pack(">f", 1e30)),
        osc("/stimmung/freeze", ",i", struct.pack(">i", 1)),
        osc("/stimmung/preset", ",s", b"../../x\0"),
        osc("/*", ",", b""),
    ]
    goods.append(b"#bundle\0" + b"\0" * 8 + b"".join(struct.pack(">i", len(g)) + g for g in goods))

    @FUZZ
    @given(st.sampled_from(goods), EDITS, st.none() | st.binary(max_size=64))
    def check(good, edits, other):
        data = damaged(good, edits) if other is None else other
        # As the server does it; what it raises there is caught, and must be nothing worse.
        if server.verify_request((data, None), ("127.0.0.1", 9)):
            server.dispatcher.call_handlers_for_packet(data, ("127.0.0.1", 9))

    try:
        rounds(check)
    finally:
        server.server_close()


COMMANDS = st.sampled_from(
    ("start", "stop", "change", "freeze", "play", "regenerate", "panic", "act", "learn", "capture")
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | FLOATS | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)
NAMES = ("config", "values", "frozen", "playing", "seed", "name", "what", "bars", "action")


def test_lines_to_the_engine(rounds, capsys):
    server = _Server()

    @FUZZ
    @given(
        st.binary(max_size=100)
        | st.builds(
            lambda do, more: json.dumps({"do": do, **more}).encode(),
            COMMANDS,
            st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=3),
        )
    )
    def check(line):
        if b'"start"' in line and b'"config": {}' in line:
            return  # this is no nonsense: it would really start
        server._obey(line)
        assert server._runtime is None
        for answer in capsys.readouterr().out.splitlines():
            assert json.loads(answer)["is"] in ("error", "stopped")

    rounds(check)


REGRESSIONS = {
    "bytes that are no text": b"\xff\xfe\x00",
    "a seed that is no number": b'{"do": "regenerate", "seed": "x"}',
    "an endless number": b'{"do": "regenerate", "seed": 1e999}',
    "a list for a config": b'{"do": "start", "config": []}',
    "a do that cannot be looked up": b'{"do": []}',
    "nested beyond the interpreter's depth": b"[" * 100_000,
}


@pytest.mark.parametrize("line", REGRESSIONS.values(), ids=REGRESSIONS)
def test_line_that_once_did_harm(line, capsys):
    _Server()._obey(line)
    (answer,) = capsys.readouterr().out.splitlines()
    assert json.loads(answer)["is"] == "error"
