"""The JACK port on a client that is only counted: order, withdrawal, a server that halts."""

import heapq
import itertools
from types import SimpleNamespace

import pytest

from engine.midi.ports import jack as jack_port
from engine.midi.ports.jack import JackOutput
from engine.midi.ports.port import Written

RATE, PERIOD = 48000, 256
ON, OFF = bytes((0x90, 60, 90)), bytes((0x80, 60, 64))


class Buffer:
    name = "Stimmung:Stimmung"
    connections = ()

    def __init__(self):
        self.written = []

    def clear_buffer(self):
        self.written = []

    def write_midi_event(self, offset, data):
        assert not self.written or self.written[-1][0] <= offset
        self.written.append((offset, data))


class Named:
    def __init__(self, name):
        self.name = name


class Client:
    """A server whose frames are the seconds of a fake clock, but for those it slept."""

    samplerate, blocksize = RATE, PERIOD

    def __init__(self, clock):
        self.clock = clock
        self.slept_s = 0.0
        self.last_frame_time = 0
        self.midi_outports = self
        self.buffer = Buffer()

    @property
    def frame_time(self):
        return round((self.clock.now - self.slept_s) * RATE) % 2**32

    def register(self, name):
        return self.buffer

    def set_shutdown_callback(self, call):
        pass

    set_blocksize_callback = set_shutdown_callback

    def set_process_callback(self, call):
        self.process = call

    def set_xrun_callback(self, call):
        self.xrun = call

    def activate(self):
        pass


class Stage:
    def __init__(self, monkeypatch, clock):
        self.clock = clock
        self.client = Client(clock)
        jack = SimpleNamespace(JackError=RuntimeError, version_string=lambda: "1.9.21")
        monkeypatch.setattr(jack_port, "open_client", lambda name: (jack, self.client))
        self.port = JackOutput("Stimmung", clock)

    def frame(self, seconds):
        return round(seconds * RATE)

    def run(self, until_s):
        """Go through the server's periods; return what was written with its frame."""
        written = []
        while self.clock.now < until_s:
            self.client.last_frame_time = self.client.frame_time
            self.client.process(PERIOD)
            start = self.client.last_frame_time
            written += [(start + offset, data) for offset, data in self.client.buffer.written]
            self.clock.now += PERIOD / RATE
        return written


@pytest.fixture
def stage(monkeypatch, fake_clock):
    return Stage(monkeypatch, fake_clock)


def test_messages_are_written_at_their_frames(stage):
    stage.port.send(ON, 100.02, 1)
    stage.port.send(OFF, 100.03, -1)
    assert stage.run(100.1) == [(stage.frame(100.02), ON), (stage.frame(100.03), OFF)]
    assert stage.port.collect() == [Written(1, 100.02, 0.0, stage.frame(100.02))]
    assert stage.port.collect() == []


def test_a_late_message_goes_at_once_and_says_how_late(stage):
    stage.run(100.02)
    late_s = stage.clock.now - 100.01
    stage.port.send(ON, 100.01, 7)
    (sent,) = stage.run(100.03)
    assert sent == (stage.frame(stage.clock.now) // PERIOD * PERIOD, ON) or sent[1] == ON
    (report,) = stage.port.collect()
    assert report.lateness_s == pytest.approx(late_s, abs=2 / RATE)


def test_a_note_on_never_overtakes_the_note_off_of_its_place(stage):
    port = stage.port
    assert port._in_order(OFF, 1000) == 1000
    # A line fitted anew rounds the same moment to an earlier frame.
    assert port._in_order(ON, 997) == 1000
    assert port._in_order(bytes((0x90, 61, 90)), 997) == 997
    assert port._in_order(bytes((0xB0, 60, 90)), 997) == 997  # not a note
    # A counter that jumped back by seconds is a new truth, not a rounding.
    assert port._in_order(ON, 1000 - 10 * RATE) == 1000 - 10 * RATE


def test_what_is_withdrawn_is_not_written_nor_is_its_end(stage):
    stage.port.send(ON, 100.02, 1)
    stage.port.send(OFF, 100.022, -1)
    stage.port.send(bytes((0x90, 64, 90)), 100.03, 2)
    stage.port.withdraw({2})
    stage.port.send(bytes((0x80, 64, 64)), 100.03, -1)
    assert [data for _, data in stage.run(100.05)] == [ON, OFF]
    assert [sent.note_id for sent in stage.port.collect()] == [1]
    stage.port.send(bytes((0x90, 64, 80)), 100.07, 3)
    stage.port.send(bytes((0x80, 64, 64)), 100.08, -1)
    assert len(stage.run(100.1)) == 2  # the place sounds again, and ends


def test_a_place_whose_note_was_withdrawn_can_be_played_at_once(stage):
    stage.port.send(ON, 100.03, 1)
    stage.port.withdraw({1})
    stage.port.send(OFF, 100.03, -1)
    stage.port.send(ON, 100.03, 2)
    stage.port.send(OFF, 100.04, -1)
    assert [data for _, data in stage.run(100.06)] == [ON, OFF]


@pytest.mark.parametrize("halt_s", [0.03, 0.06, 0.09])
def test_a_server_that_halts_neither_loses_nor_doubles(stage, halt_s):
    """The counter stands still, then goes on: what was due meanwhile comes at once, once."""
    for number in range(10):
        at_s = 100.02 + 0.01 * number
        stage.port.send(bytes((0x90, 60, 90)), at_s, number)
        stage.port.send(bytes((0x80, 60, 64)), at_s + 0.005, -1)
    first = stage.run(100.05)
    stage.clock.now += halt_s
    rest = stage.run(100.3)
    # Ends may be said twice in a row, a note-on never.
    kinds = [data[0] for _, data in first + rest]
    assert kinds.count(0x90) == 10
    assert [kind for kind, _ in itertools.groupby(kinds)] == [0x90, 0x80] * 10
    assert len(stage.port.collect()) == 10
    assert not stage.port._waiting


def test_waiting_messages_are_a_heap_in_order_of_frames(stage):
    for at_s in (100.05, 100.03, 100.04):
        stage.port.send(bytes((0xF8,)), at_s, -1)
    frames = [heapq.heappop(stage.port._waiting)[0] for _ in range(3)]
    assert frames == sorted(frames)


@pytest.mark.parametrize("slept_s", [0.1, 0.5, 3.0])
def test_after_a_server_slept_no_note_on_waits_behind_its_note_off(stage, slept_s):
    """Its counter goes on where it stopped: frames reckoned before are far ahead."""
    stage.run(100.5)
    stage.clock.now += slept_s
    stage.client.slept_s = slept_s
    woke_s = stage.clock.now
    stage.port.send(ON, woke_s + 0.02, 1)  # reckoned as if the counter had gone on
    written = stage.run(woke_s + 0.01)
    for step in range(1, 6):  # news of the counter
        stage.port.refresh()
        written += stage.run(woke_s + 0.01 + 0.005 * step)
    stage.port.send(OFF, woke_s + 0.07, -1)
    written += stage.run(woke_s + slept_s + 0.5)
    assert [data for _, data in written[:2]] == [ON, OFF]
    assert ON not in [data for _, data in written[1:]]
    assert written[0][0] - stage.frame(woke_s - slept_s) < 0.05 * RATE


def heard_of_ends(stage, looks):
    """Look that often, four times a second; return how many note-offs each look brought."""
    counts = []
    for _ in range(looks):
        stage.port.refresh()
        counts.append(sum(data == OFF for _, data in stage.run(stage.clock.now + 0.25)))
    return counts


def test_ends_are_said_again_after_a_period_that_was_lost(stage):
    heard_of_ends(stage, 2)  # calm again after opening
    stage.port.send(ON, stage.clock.now, 1)
    stage.port.send(OFF, stage.clock.now + 0.03, -1)
    assert sum(data == OFF for _, data in stage.run(stage.clock.now + 0.05)) == 1
    assert heard_of_ends(stage, 2) == [0, 0]
    stage.clock.now += 4 * PERIOD / RATE  # the server went on without us
    stage.run(stage.clock.now + 0.01)
    assert heard_of_ends(stage, 10) == [1, 1, 0, 1, 0, 0, 0, 1, 0, 0]


def test_a_pedal_lifted_in_a_period_that_was_lost_is_lifted_again_unless_pressed(stage):
    down, lift = bytes((0xB0, 64, 127)), bytes((0xB0, 64, 0))
    heard_of_ends(stage, 2)
    stage.port.send(down, stage.clock.now, -1)
    stage.port.send(lift, stage.clock.now + 0.03, -1)
    assert [data for _, data in stage.run(stage.clock.now + 0.05)] == [down, lift]
    stage.client.xrun(0.0)
    stage.port.refresh()
    assert [data for _, data in stage.run(stage.clock.now + 0.05)] == [lift]
    stage.port.send(down, stage.clock.now, -1)
    stage.port.refresh()
    assert [data for _, data in stage.run(stage.clock.now + 0.05)] == [down]


def test_what_ended_while_we_stood_still_is_said_again_too(stage):
    heard_of_ends(stage, 2)
    stage.port.send(ON, stage.clock.now, 1)
    off_s = stage.clock.now + 0.1
    stage.run(stage.clock.now + 0.05)
    stage.clock.now += 2.0
    stage.port.send(OFF, off_s, -1)
    stage.run(stage.clock.now + 0.01)  # into a period that its receiver may not have seen
    assert heard_of_ends(stage, 2) == [1, 1]


def test_a_place_that_sounds_again_is_not_ended_again(stage):
    heard_of_ends(stage, 2)
    stage.port.send(ON, stage.clock.now, 1)
    stage.port.send(OFF, stage.clock.now + 0.03, -1)
    stage.run(stage.clock.now + 0.05)
    stage.client.xrun(0.0)
    stage.port.send(ON, stage.clock.now, 2)
    # Once before it sounds, in case that nobody heard the first end; never while it does.
    assert [data for _, data in stage.run(stage.clock.now + 0.05)] == [OFF, ON]
    assert heard_of_ends(stage, 8) == [0] * 8


def test_a_place_played_anew_in_calm_is_not_ended_twice(stage):
    heard_of_ends(stage, 10)
    for number in (1, 2):
        stage.port.send(ON, stage.clock.now, number)
        stage.port.send(OFF, stage.clock.now + 0.03, -1)
        assert [data for _, data in stage.run(stage.clock.now + 0.1)] == [ON, OFF]


def test_a_place_never_played_is_not_ended(stage):
    stage.client.xrun(0.0)
    stage.port.send(ON, stage.clock.now, 1)
    assert [data for _, data in stage.run(stage.clock.now + 0.1)] == [ON]


def test_a_connection_the_server_refuses_is_tried_again_until_it_is_seen(stage):
    tried = []

    def connect(_source, peer):
        tried.append(peer)
        if len(tried) < 3:
            raise RuntimeError("busy")
        stage.client.buffer.connections = (Named(peer),)

    stage.client.connect = connect
    stage.port.connect("daw:in")
    for _ in range(6):
        stage.port.refresh()
    assert tried == ["daw:in"] * 3
    stage.client.buffer.connections = ()  # the user took it away: that stands
    stage.port.refresh()
    assert len(tried) == 3


def test_a_port_that_stays_away_is_not_asked_for_for_ever(stage):
    tried = []

    def connect(_source, peer):
        tried.append(peer)
        raise RuntimeError("gone")

    stage.client.connect = connect
    stage.port.connect("daw:in")
    for _ in range(100):
        stage.port.refresh()
    assert len(tried) == 41
