"""The JACK transport on a real server, moved by another client."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from inputs import polled
from servers.jack import RATE, JackServer

from engine.errors import MidiPortError
from engine.sync.jack_transport import JackTransportSync, beat_of


def at_its_beat(sync: JackTransportSync, other: Any, per_second: float) -> bool:
    """Tell whether our beat is that of the other's frame, between two looks at the time."""
    before = sync.clock.beat_at(time.perf_counter())
    beat = other.transport_frame / RATE * per_second
    return before - 0.04 <= beat <= sync.clock.beat_at(time.perf_counter()) + 0.04


@pytest.fixture
def other(jack: JackServer) -> Iterator[Any]:
    """Yield another client of the server, with the transport at rest at frame 0."""
    import jack as library

    client = library.Client("transport-boss", no_start_server=True, servername=jack.name)
    client.activate()
    client.transport_stop()
    client.transport_frame = 0
    yield client
    client.transport_stop()
    client.deactivate()
    client.close()


@pytest.fixture
def sync(other: Any) -> Iterator[JackTransportSync]:
    made = JackTransportSync(120.0)
    made.open()
    yield made
    made.close()


def test_roll_locate_and_stop_are_followed(sync: JackTransportSync, other: Any) -> None:
    assert polled(sync, lambda: sync.clock.beat_at(time.perf_counter()) == 0.0)
    assert not sync.clock.running
    other.transport_start()
    assert polled(sync, lambda: sync.clock.running)
    assert sync.clock.landing <= 0.0  # beat 0 itself is played
    assert polled(sync, lambda: sync.clock.beat_at(time.perf_counter()) > 2.0)
    assert polled(sync, lambda: at_its_beat(sync, other, 2.0))
    jumps = sync.clock.jumps
    other.transport_frame = RATE * 30
    assert polled(sync, lambda: sync.clock.beat_at(time.perf_counter()) > 60.0)
    assert sync.clock.jumps > jumps
    other.transport_stop()
    assert polled(sync, lambda: not sync.clock.running)
    assert "stopped" in sync.health().message


def test_we_may_start_and_stop_it_too(sync: JackTransportSync, other: Any) -> None:
    sync.set_playing(True, time.perf_counter(), 0)
    assert polled(sync, lambda: sync.clock.running)
    sync.set_playing(False, time.perf_counter(), 0)
    assert polled(sync, lambda: not sync.clock.running)


def test_a_timebase_master_tells_bars_and_tempo(sync: JackTransportSync, other: Any) -> None:
    def tell(_state: int, _frames: int, position: Any, _new: bool) -> None:
        import jack as library

        beats = position.frame / position.frame_rate * 90.0 / 60.0
        position.valid = library._lib.JackPositionBBT
        position.beats_per_bar, position.beat_type = 3.0, 4.0
        position.ticks_per_beat, position.beats_per_minute = 1920.0, 90.0
        position.bar, position.beat = int(beats // 3) + 1, int(beats % 3) + 1
        position.tick = int(beats % 1 * 1920)

    other.set_timebase_callback(tell)
    other.transport_start()
    assert polled(sync, lambda: sync.clock.beat_at(time.perf_counter()) > 2.0)
    assert sync.clock.tempo_bpm == pytest.approx(90.0)
    assert polled(sync, lambda: at_its_beat(sync, other, 1.5))
    other.release_timebase()


def test_beats_of_an_eighth_meter_are_counted_in_quarters() -> None:
    position = {
        "frame": 1000,
        "frame_rate": 48000,
        "bar": 3,
        "beat": 4,
        "tick": 960,
        "ticks_per_beat": 1920.0,
        "beats_per_bar": 6.0,
        "beat_type": 8.0,
        "beats_per_minute": 180.0,
    }
    beat, tempo = beat_of(position, 1000, 120.0)
    assert (beat, tempo) == (pytest.approx((12 + 3 + 0.5) / 2), pytest.approx(90.0))
    later, _ = beat_of(position, 49000, 120.0)
    assert later - beat == pytest.approx(1.5)
    assert beat_of({"frame": 0, "frame_rate": 48000}, 48000, 120.0) == (2.0, 120.0)


def test_without_a_server_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-is-here")
    with pytest.raises(MidiPortError, match="no JACK server"):
        JackTransportSync(120.0).open()
