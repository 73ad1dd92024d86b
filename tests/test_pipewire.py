"""A real PipeWire through its JACK library: played, killed, and there again."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import soundfile
import soxr
from conftest import FakeClock
from servers.jack import RATE, hanging, midi_dump, since_connected, sounding, until
from servers.pipewire import PipeWireServer

import presets
from engine.bench.our_program import PORT
from engine.midi.ports.jack_server import ServerWatch

LISTENERS = """
import sys, threading, time
from engine.midi.input.port import MidiInput
from engine.sync.jack_transport import JackTransportSync

keys = MidiInput("jack")
keys.start()
transport = JackTransportSync(120.0)
transport.open()
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
was = None
while not over.wait(0.02):
    transport.poll(time.perf_counter())
    now = f"keys {keys.alive} transport {transport.health().locked}"
    if now != was:
        print(now, flush=True)
    was = now
transport.close()
keys.stop()
"""
SPARE = "Stimmung spare:Stimmung spare"
PLAYER, EAR = "concert", "Stimmung audio:in_0"
BOTH, NONE = "keys True transport True", "keys False transport False"
AGAIN_S = 20.0


@pytest.fixture
def pipewire() -> Iterator[PipeWireServer]:
    with tempfile.TemporaryDirectory(prefix="pw-") as folder:  # a socket's path must be short
        server = PipeWireServer(Path(folder))
        yield server
        server.stop()


def heard_there(pipewire: PipeWireServer, name: str) -> None:
    """Wait until another program hears notes of ours."""
    with midi_dump(pipewire, name) as dump:
        pipewire.connect(PORT, dump.port)
        until(lambda: sounding(dump), "notes", AGAIN_S)


@contextmanager
def player(pipewire: PipeWireServer, sound: Path) -> Iterator[None]:
    """Play the demo piece as another program does; it dies with the server."""
    command = [sys.executable, "-P", "-m", "engine.bench.player", PLAYER, str(sound)]
    with subprocess.Popen(command, env=pipewire.environment(), stdin=subprocess.PIPE) as process:
        try:
            until(lambda: f"{PLAYER}:out" in pipewire.ports(), "the player")
            yield
        finally:
            process.kill()


@pytest.mark.proof
def test_sound_and_notes_come_back_with_the_server(
    pipewire: PipeWireServer, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(presets.DEMO_AUDIO, dtype="float32", always_2d=True)
    sound = tmp_path / "demo.wav"
    soundfile.write(sound, soxr.resample(samples[:, 0], rate, RATE), RATE)
    command = [sys.executable, "-P", "-m", "engine.cli", "live", "--engine", "rules"]
    command += ["--input", PLAYER, "--midi-out", "jack"]
    with ExitStack() as first:
        first.enter_context(player(pipewire, sound))
        live = first.enter_context(subprocess.Popen(command, env=pipewire.environment()))
        first.callback(live.kill)
        heard_there(pipewire, "before")
        assert pipewire.connections(EAR) == [f"{PLAYER}:out"]
        pipewire.kill()
        time.sleep(3.0)
        pipewire.restart()
        with player(pipewire, sound):
            until(lambda: pipewire.connections(EAR) == [f"{PLAYER}:out"], "the sound", AGAIN_S)
            with midi_dump(pipewire, "after") as dump:
                pipewire.connect(PORT, dump.port)
                until(lambda: sounding(dump), "notes after the restart", AGAIN_S)
                until(lambda: pipewire.connections(SPARE) == [dump.port], "the spare", AGAIN_S)
                live.terminate()
                assert live.wait(20.0) == 0
                until(lambda: not hanging(since_connected(dump.heard)), "the notes to end")


@pytest.mark.proof
def test_listeners_come_back_with_the_server(pipewire: PipeWireServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", LISTENERS],
        env=pipewire.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None and program.stdout is not None
        told = iter(program.stdout)
        try:
            assert BOTH in next(told)
            pipewire.kill()
            while NONE not in next(told):
                pass
            pipewire.restart()
            while BOTH not in next(told):
                pass
        finally:
            program.stdin.close()


def test_a_server_that_dies_without_a_word_is_noticed(fake_clock: FakeClock) -> None:
    client = SimpleNamespace(last_frame_time=0)
    pipewire = SimpleNamespace(version_string=lambda: "3.0.0.0 (using PipeWire 0.3.65)")
    watch = ServerWatch(pipewire, client, fake_clock)
    for _ in range(20):
        fake_clock.sleep(0.25)
        client.last_frame_time += 256
        assert not watch.has_stopped()
    fake_clock.sleep(60.0)  # the computer slept, and the server with it
    assert not watch.has_stopped()
    looks = 0
    while not watch.has_stopped():
        assert (looks := looks + 1) < 10
        fake_clock.sleep(0.25)
    assert looks >= 4


def test_a_jack_server_that_stands_still_is_left_to_its_own_library(fake_clock: FakeClock) -> None:
    watch = ServerWatch(
        SimpleNamespace(version_string=lambda: "1.9.21"), SimpleNamespace(), fake_clock
    )
    for _ in range(50):
        fake_clock.sleep(0.25)
        assert not watch.has_stopped()
