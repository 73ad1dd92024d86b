"""A real JACK server: what another client plays reaches the ring, and a dead server comes back."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from servers.jack import JackServer, until

from engine.audio import DeviceInput, Ring, find_input, list_devices
from engine.errors import AudioDeviceError

PLAYER = Path(__file__).parent / "servers" / "jack_player.py"
CLIENT = "Stimmung audio"
RATE = 16_000
HZ = (440.0, 1000.0)
AMPLITUDE = 0.4


@contextmanager
def player(server: JackServer, name: str) -> Iterator[None]:
    """Play one tone on each of two outputs."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(PLAYER), name, str(AMPLITUDE), *map(str, HZ)],
        env=server.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    # Not killed: a client that leaves without a word halts the whole server for seconds.
    with process:
        assert process.stdout.readline() == "playing\n"
        yield
        process.stdin.close()


def connect(server: JackServer, name: str) -> None:
    for index in range(2):
        sink = f"{CLIENT}:in_{index}"
        until(lambda port=sink: port in server.ports(), sink)
        for source in server.connections(sink):
            server.run("jack_disconnect", source, sink)
        server.connect(f"{name}:out_{index}", sink)


def heard(ring: Ring, seconds: float) -> np.ndarray:
    ring.skip(ring.available)
    pieces = [np.zeros(0, np.float32)]
    until(lambda: ring.available >= int(seconds * RATE), "audio")
    pieces.append(ring.read(int(seconds * RATE)))
    return np.concatenate(pieces)


def lost(source: DeviceInput) -> bool:
    """Tell whether a busy machine lost periods: the tones are weaker by the gaps then."""
    return source.overruns > 0


def without_tones(sound: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Return what is left when the best fitting sines are taken away, and their amplitudes."""
    time_s = np.arange(sound.size) / RATE
    waves = [f(2 * np.pi * hz * time_s) for hz in HZ for f in (np.sin, np.cos)]
    basis = np.stack(waves, axis=1)
    weights = np.linalg.lstsq(basis, sound, rcond=None)[0]
    return sound - basis @ weights, [float(np.hypot(*weights[i : i + 2])) for i in (0, 2)]


def test_inputs_are_listed_through_portaudio(jack: JackServer) -> None:
    device = find_input("system jack")
    assert device in list_devices()["input"]
    assert device.host_api == "JACK Audio Connection Kit"
    assert (device.channels, device.default_sample_rate) == (2, jack.rate)
    until(lambda: not any(CLIENT in port for port in jack.ports()), "no port left by the listing")
    with pytest.raises(AudioDeviceError, match="'system, JACK Audio Connection Kit'"):
        find_input("no such thing")


def test_what_another_client_plays_is_heard_without_a_gap(jack: JackServer) -> None:
    ring = Ring(4 * RATE, RATE)
    with DeviceInput("system jack") as source, player(jack, "tones"):
        source.start(ring)
        assert source.alive
        assert (source.sample_rate, source.channels) == (jack.rate, 2)
        connect(jack, "tones")
        until(lambda: source.level > -20.0, "the tones")
        sound = heard(ring, 2.0)
        assert source.error is None
        gaps = lost(source)
    rest, amplitudes = without_tones(sound)
    # Two channels averaged: each tone at half its level.
    assert amplitudes == pytest.approx([AMPLITUDE / 2] * 2, rel=0.5 if gaps else 0.02)
    assert gaps or np.abs(rest).max() < 0.01
    until(lambda: not any(CLIENT in port for port in jack.ports()), "the ports to go")
    assert source.ended


def test_one_channel_can_be_chosen(jack: JackServer) -> None:
    ring = Ring(4 * RATE, RATE)
    with DeviceInput("system jack", first_channel=2, channels=1) as source, player(jack, "second"):
        source.start(ring)
        connect(jack, "second")
        until(lambda: source.level > -20.0, "the tone")
        _, amplitudes = without_tones(heard(ring, 0.5))
        gaps = lost(source)
    assert source.channels == 1
    assert amplitudes == pytest.approx([0.0, AMPLITUDE], abs=0.2 if gaps else 0.02)


def test_channels_a_device_lacks_are_refused(jack: JackServer) -> None:
    with pytest.raises(AudioDeviceError, match=r"channels 1\.\.2; got 3\.\.3"):
        DeviceInput("system jack", first_channel=3).start(Ring(100, RATE))


def test_capture_ends_with_the_engine(jack: JackServer) -> None:
    script = (
        "import time; from engine.audio import DeviceInput, Ring;"
        "source = DeviceInput('system jack'); source.start(Ring(100, 16000));"
        "print(source.name, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env={**jack.environment(), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        try:
            assert engine.stdout.readline() == "system, JACK Audio Connection Kit\n"
            assert f"{CLIENT}:in_0" in jack.ports()
        finally:
            engine.kill()
        until(lambda: f"{CLIENT}:in_0" not in jack.ports(), "the capture process to end")


def test_a_killed_server_is_reported_and_found_again_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = JackServer()
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    ring = Ring(4 * RATE, RATE)
    try:
        with DeviceInput("system jack") as source:
            source.start(ring)
            until(lambda: ring.available > 1000, "audio")
            server.kill()
            began = time.perf_counter()
            until(lambda: not source.alive, "the loss")
            noticed_s = time.perf_counter() - began
            until(lambda: source.error, "the report")
            assert "system, JACK Audio Connection Kit" in source.error
            assert source.level == -120.0
            assert not source.ended

            server.restart()
            began = time.perf_counter()
            until(lambda: source.alive, "the device to come back")
            print(f"loss noticed after {noticed_s * 1e3:.0f} ms", end=", ")
            print(f"back {time.perf_counter() - began:.2f} s after the server")
            assert source.error is None
            assert source.restarts >= 1
            written = ring.frames_written
            until(lambda: ring.frames_written > written + 1000, "audio again")
    finally:
        server.stop()


def test_a_program_that_leaves_is_missed_and_heard_again_when_it_returns(jack: JackServer) -> None:
    ring = Ring(4 * RATE, RATE)
    with DeviceInput("singer") as source:
        with player(jack, "singer"):
            source.start(ring)
            until(lambda: source.level > -20.0, "its sound")
        until(lambda: source.error, "the report")
        assert "'singer, JACK Audio Connection Kit' lost" in source.error
        with player(jack, "singer"):
            until(lambda: source.alive and source.level > -20.0, "its sound again")
            assert source.error is None and source.restarts >= 1


def test_a_source_that_was_replaced_in_the_patchbay_may_leave(jack: JackServer) -> None:
    ring = Ring(4 * RATE, RATE)
    with DeviceInput("singer") as source, player(jack, "other"):
        with player(jack, "singer"):
            source.start(ring)
            connect(jack, "other")
        time.sleep(1.0)  # twice as long as a source that says nothing counts as there
        assert source.alive and source.restarts == 0
        until(lambda: source.level > -20.0, "the other's tones")


def test_a_lost_device_ends_the_source_where_it_is_not_to_be_reopened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = JackServer()
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    try:
        with DeviceInput("system jack", reopen=False) as source:
            source.start(Ring(4 * RATE, RATE))
            server.stop()
            until(lambda: source.ended, "the end")
            assert "lost" in source.error
    finally:
        server.stop()
