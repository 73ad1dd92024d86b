"""Ableton Link against a second, independent member of the session in another process."""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from inputs import polled
from servers.needs import missing

from engine.errors import DeviceError
from engine.sync.link import LinkSync
from engine.sync.session_clock import SessionClock

PEER = Path(__file__).parent / "servers" / "link_peer.py"
HAS_LINK = importlib.util.find_spec("link") is not None


class Peer:
    def __init__(self, tempo: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(PEER), str(tempo)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None and self.process.stdin is not None
        self.process.stdout.readline()

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def look(self) -> tuple[float, float, float, bool, int]:
        """Return its clock [s], beat, tempo, whether the session plays, and its peers."""
        self.say("look")
        assert self.process.stdout is not None
        micros, beat, tempo, playing, peers = self.process.stdout.readline().split()
        return int(micros) * 1e-6, float(beat), float(tempo), playing == "1", int(peers)

    def leave(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture
def session() -> Iterator[tuple[LinkSync, Peer]]:
    if not HAS_LINK:
        missing("Ableton Link (extra `link`)")
    sync = LinkSync(120.0, 4)
    sync.open()
    peer = Peer(93.0)
    try:
        if not polled(sync, lambda: sync.health().peers == 1):
            missing("UDP multicast on this machine")
        yield sync, peer
    finally:
        sync.close()
        peer.leave()


def test_tempo_goes_both_ways(session: tuple[LinkSync, Peer]) -> None:
    sync, peer = session
    # Whose session is the older keeps its tempo; the other takes it over.
    assert polled(sync, lambda: abs(sync.clock.tempo_bpm - peer.look()[2]) < 0.01)
    peer.say("tempo 101.5")
    assert polled(sync, lambda: abs(sync.clock.tempo_bpm - 101.5) < 0.01)
    sync.set_tempo(140.0, time.perf_counter())
    assert polled(sync, lambda: abs(peer.look()[2] - 140.0) < 0.01)


def test_bars_fall_together_and_begin_on_a_bar_line(session: tuple[LinkSync, Peer]) -> None:
    sync, peer = session
    began_s = time.perf_counter()
    sync.begin(began_s)
    assert polled(sync, lambda: sync.clock.running)
    assert sync.clock.landing == 0.0
    # A second to join, a bar of the slower tempo, and what the machine needs to look.
    assert sync.clock.time_at(0.0) - began_s < 1.0 + 4 * 60.0 / 93.0 + 2.0
    assert polled(sync, lambda: sync.clock.beat_at(time.perf_counter()) > 1.0)
    offsets = []
    for _ in range(20):
        assert polled(sync, lambda: True)
        seen_s, beat, tempo, _, _ = peer.look()
        ours = sync.clock.beat_at(seen_s + sync._lag_s)
        offsets.append(((ours - beat + 2.0) % 4.0 - 2.0) * 60.0 / tempo)
    assert sorted(map(abs, offsets))[10] < 3e-3  # the test plan of Link allows 3 ms
    assert sync.health().locked


def test_start_and_stop_are_shared(session: tuple[LinkSync, Peer]) -> None:
    sync, peer = session
    peer.say("play")
    assert polled(sync, lambda: sync.clock.running)
    assert sync.clock.landing == 0.0
    jumps = sync.clock.jumps
    peer.say("stop")
    assert polled(sync, lambda: not sync.clock.running)
    assert sync.clock.jumps == jumps + 1 and "stopped" in sync.health().message
    sync.set_playing(True, time.perf_counter(), 0)
    assert polled(sync, lambda: peer.look()[3])
    sync.set_playing(False, time.perf_counter(), 0)
    assert polled(sync, lambda: not peer.look()[3])


def test_a_peer_that_leaves_is_missed_and_the_music_goes_on(
    session: tuple[LinkSync, Peer],
) -> None:
    sync, peer = session
    sync.begin(time.perf_counter())
    assert polled(sync, lambda: sync.clock.running)
    jumps = sync.clock.jumps
    other = Peer(60.0)
    try:
        assert polled(sync, lambda: sync.health().peers == 2)
    finally:
        other.leave()
    assert polled(sync, lambda: sync.health().peers == 1)
    assert sync.clock.running and sync.clock.jumps == jumps


def test_without_the_extra_the_message_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "link", None)
    sync = LinkSync(120.0, 4)
    with pytest.raises(DeviceError, match=r"stimmung\[link\]"):
        sync.open()
    sync.close()


def test_the_clock_moves_with_the_session_and_holds_when_stopped() -> None:
    clock = SessionClock(120.0)
    clock.update(10.0, 0.0, 90.0)
    assert (clock.tempo_bpm, clock.beat_at(20.0)) == (90.0, 0.0)
    clock.start(20.0, -1.5, 0.0)
    assert clock.beat_at(21.0) == pytest.approx(0.0)
    assert clock.time_at(3.0) == pytest.approx(23.0)
    clock.update(22.0, 1.5, 180.0)
    assert clock.beat_at(23.0) == pytest.approx(4.5)
    clock.stop(23.0)
    assert (clock.running, clock.landing, clock.jumps) == (False, pytest.approx(4.5), 2)
    assert clock.beat_at(99.0) == pytest.approx(4.5)
