"""The engine as a program: commands in, snapshots out, notes ended when either side dies."""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

import presets

CONFIG = {"input": str(presets.DEMO_AUDIO), "midi_out": "none", "seed": 3}


class Engine:
    """Drives the program as the window does."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.live.remote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))

    def do(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def until(self, accept, patience_s=20.0):
        end = time.monotonic() + patience_s
        while (left := end - time.monotonic()) > 0:
            answer = self.answers.get(timeout=left)
            if accept(answer):
                return answer
        raise AssertionError("never answered")

    def answer(self, kind):
        return self.until(lambda answer: answer["is"] == kind)

    def snapshot(self, accept=lambda snapshot: True):
        return self.until(lambda answer: answer["is"] == "snapshot" and accept(answer))


@contextmanager
def running():
    program = Engine()
    program.answer("ready")
    yield program
    program.process.stdin.close()
    program.process.wait(10)
    program.process.stdout.close()


@pytest.fixture
def engine():
    with running() as program:
        yield program


@pytest.fixture(scope="module")
def idle():
    """Yield one engine for all that never starts it."""
    with running() as program:
        yield program


def test_it_plays_and_obeys(engine):
    engine.do(do="start", config=CONFIG)
    engine.answer("started")
    heard = engine.snapshot(lambda s: s["emotion"] is not None)
    assert heard["audio"]["alive"]
    assert engine.snapshot(lambda s: s["notes"] and s["draft"])["midi"]["port"] == "none"

    engine.do(do="change", values={"mode": "manual", "valence": -0.8, "slew_per_s": 100})
    engine.snapshot(lambda s: s["mode"] == "manual" and s["target_valence"] < -0.79)
    engine.do(do="freeze", frozen=True)
    engine.snapshot(lambda s: s["frozen"])
    engine.do(do="change", values={"tempo_bpm": 140})
    engine.snapshot(lambda s: s["tempo_bpm"] == 140)

    engine.do(do="play", playing=False)
    held = engine.snapshot(lambda s: not s["running"])
    assert engine.snapshot()["beat"] == held["beat"]
    engine.do(do="play", playing=True)
    engine.snapshot(lambda s: s["running"] and s["beat"] > held["beat"])

    engine.do(do="stop")
    engine.answer("stopped")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"do": "dance"}, "do must be one of"),
        ({"do": "freeze", "frozen": True}, "start first"),
        ({"do": "start", "config": {"colour": "red"}}, "config must hold only"),
        ({"do": "start", "config": {"performance": {"valence": 3}}}, "from -1 to 1"),
        ({"do": "start", "config": {"input": "none.wav"}}, "none.wav"),
        ({"do": "start", "config": {**CONFIG, "midi_out": "no such port"}}, "MIDI"),
        ({"do": "start"}, "config"),
        ([], "do must be one of"),
    ],
)
def test_bad_commands_are_answered_not_fatal(idle, command, words):
    idle.process.stdin.write(json.dumps(command) + "\n")
    assert words in idle.answer("error")["message"]
    idle.do(do="devices")
    assert "outputs" in idle.answer("devices")


def test_bad_change_leaves_everything_as_it_was(engine):
    engine.do(do="start", config=CONFIG)
    engine.do(do="change", values={"tempo_bpm": 77, "valence": 3})
    assert "valence" in engine.answer("error")["message"]
    assert engine.snapshot()["tempo_bpm"] == 100


@pytest.mark.parametrize("number", [signal.SIGTERM, None])
def test_it_ends_with_its_driver(engine, number):
    engine.do(do="start", config=CONFIG)
    engine.snapshot(lambda s: s["notes"])
    if number is None:
        engine.process.stdin.close()
    else:
        engine.process.send_signal(number)
    assert engine.process.wait(10) == 0


def test_a_preset_waits_for_the_bar_and_test_notes_sound_while_held(engine):
    engine.do(do="start", config=CONFIG | {"performance": {"tempo_bpm": 240}})
    engine.snapshot(lambda snapshot: snapshot["beat"] > 0.5)
    engine.do(do="preset", performance={"mode": "manual", "tempo_bpm": 240})
    changed = engine.snapshot(lambda snapshot: snapshot["mode"] == "manual")
    assert changed["beat"] >= 3.0  # its first beat is asked for a little ahead of the bar line
    engine.do(do="play", playing=False)
    held = engine.snapshot(lambda snapshot: not snapshot["running"])
    quiet = engine.snapshot(lambda s: s["midi"]["sounding"] == 0)
    engine.do(do="test_notes")
    engine.snapshot(lambda s: s["midi"]["sent"] >= quiet["midi"]["sent"] + 4)
    assert held["mode"] == "manual"


def test_a_replay_needs_a_session(idle, tmp_path):
    idle.do(do="replay", folder=str(tmp_path), midi_out="none")
    assert "no session" in idle.answer("error")["message"]
    idle.do(do="panic")  # with nothing that plays, nothing to be said
    idle.do(do="replay_hold")
    idle.do(do="devices")
    devices = idle.until(lambda answer: answer["is"] in ("error", "devices"))
    assert devices["is"] == "devices" and {"jack", "systems", "problem"} <= set(devices)
