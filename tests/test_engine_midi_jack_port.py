"""The JACK port on a client that is only counted: order, withdrawal, a server that halts."""

import heapq

import pytest

from engine.midi import jack_port
from engine.midi.jack_port import JackPort
from engine.midi.ports import Written

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


class Client:
    """A server whose frames are the seconds of a fake clock."""

    samplerate, blocksize = RATE, PERIOD

    def __init__(self, clock):
        self.clock = clock
        self.last_frame_time = 0
        self.midi_outports = self
        self.buffer = Buffer()

    @property
    def frame_time(self):
        return round(self.clock.now * RATE) % 2**32

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
        monkeypatch.setattr(jack_port, "open_client", lambda name: (jack_port, self.client))
        monkeypatch.setattr(jack_port, "JackError", RuntimeError, raising=False)
        self.port = JackPort("Stimmung", clock)

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
    stage.port.withdraw(100.025)
    stage.port.send(bytes((0x80, 64, 64)), 100.03, -1)
    assert [data for _, data in stage.run(100.05)] == [ON, OFF]
    assert [sent.note_id for sent in stage.port.collect()] == [1]
    stage.port.send(bytes((0x90, 64, 80)), 100.07, 3)
    stage.port.send(bytes((0x80, 64, 64)), 100.08, -1)
    assert len(stage.run(100.1)) == 2  # the place sounds again, and ends


def test_a_place_whose_note_was_withdrawn_can_be_played_at_once(stage):
    stage.port.send(ON, 100.03, 1)
    stage.port.withdraw(100.0)
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
    kinds = [data[0] for _, data in first + rest]
    assert kinds == [0x90, 0x80] * 10
    assert len(stage.port.collect()) == 10
    assert not stage.port._waiting


def test_waiting_messages_are_a_heap_in_order_of_frames(stage):
    for at_s in (100.05, 100.03, 100.04):
        stage.port.send(bytes((0xF8,)), at_s, -1)
    frames = [heapq.heappop(stage.port._waiting)[0] for _ in range(3)]
    assert frames == sorted(frames)
