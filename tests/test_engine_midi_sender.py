"""The sender's turns with a recording port, and the client with a real process, without JACK."""

import os
import queue
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from servers.jack import until

from engine.errors import InputError, MidiPortError
from engine.midi.ports.outputs import open_output
from engine.midi.ports.port import NullPort, resolve_name
from engine.midi.sender import main as sender_main
from engine.midi.sender import spare
from engine.midi.sender import supervisor as link
from engine.midi.sender.client import SenderClient
from engine.midi.sender.reporter import Reporter
from engine.midi.wire import Counters, Frame, Kind


class RecordingPort:
    """Keeps what it is sent; can be lost."""

    name = "recorder"

    def __init__(self, lookahead_s=0.0):
        self.lookahead_s = lookahead_s
        self.alive = True
        self.closed = False
        self.sent = []
        self.connected = []
        self.withdrawn = set()

    def send(self, data, at_s, note_id):
        self.sent.append((data.hex(" "), at_s))
        return 0.0

    def collect(self):
        return []

    def withdraw(self, note_ids):
        self.withdrawn |= note_ids

    def adjust(self, sound):
        self.sound = sound

    def refresh(self):
        pass

    def peers(self):
        return ("synth:in",)

    def connect(self, peer):
        self.connected.append(peer)

    def close(self):
        self.closed = True


class Stage:
    """A sender on a fake clock, its ports in the order they were opened, and its reports."""

    def __init__(self, clock, ports):
        self.clock = clock
        self.ports = list(ports)
        self.opened = []
        self.inbox = queue.SimpleQueue()
        self.reporter = Reporter(-1, lambda: None)
        self.sender = sender_main.Sender(self.open_port, self.inbox, self.reporter, clock=clock)

    def open_port(self):
        port = self.ports.pop(0)
        if isinstance(port, Exception):
            raise port
        self.opened.append(port)
        return port

    def tell(self, *frames, at=None):
        self.clock.now = self.clock.now if at is None else at
        self.inbox.put(list(frames))
        self.sender.turn()

    def reports(self, kind):
        return [frame for frame in self.reporter._waiting if frame.kind == kind]


def note(note_id, on_s, off_s, pitch=60):
    return Frame(Kind.NOTE, 0, pitch, 90, note_id, on_s, off_s)


def test_turn_sends_what_is_due_and_reports_it(fake_clock):
    stage = Stage(fake_clock, [RecordingPort()])
    stage.sender.open(wait=False)
    stage.tell(note(7, 100.5, 101.0))
    stage.tell(at=100.5)
    assert stage.opened[0].sent == [("90 3c 5a", 100.5)]
    (report,) = stage.reports(Kind.SENT)
    assert (report.note_id, report.at_s, report.until_s) == (7, 100.5, 0.0)
    assert stage.reporter.counters == Counters(True, sounding=1, sent=1)


def test_port_that_takes_messages_ahead_gets_them_ahead(fake_clock):
    stage = Stage(fake_clock, [RecordingPort(lookahead_s=0.03)])
    stage.sender.open(wait=False)
    stage.tell(note(1, 100.5, 101.0))
    stage.tell(at=100.47)
    assert stage.opened[0].sent == [("90 3c 5a", 100.5)]


def test_stop_ends_every_note_and_closes_the_port(fake_clock):
    stage = Stage(fake_clock, [RecordingPort()])
    stage.sender.open(wait=False)
    stage.tell(note(1, 100.0, 200.0))
    stage.inbox.put([Frame(Kind.STOP)])
    stage.sender.run()
    assert [data for data, _ in stage.opened[0].sent] == [
        "90 3c 5a",
        "80 3c 40",
    ]
    assert stage.opened[0].closed


def test_error_in_the_loop_still_ends_every_note(fake_clock, monkeypatch):
    stage = Stage(fake_clock, [RecordingPort()])
    stage.sender.open(wait=False)
    stage.tell(note(1, 100.0, 200.0))

    def broken():
        raise RuntimeError("bug")

    monkeypatch.setattr(stage.sender, "turn", broken)
    with pytest.raises(RuntimeError):
        stage.sender.run()
    assert "80 3c 40" in [data for data, _ in stage.opened[0].sent]
    assert stage.opened[0].closed


def test_lost_port_is_opened_again_connected_and_given_its_note_offs(fake_clock):
    away = MidiPortError("not there")
    stage = Stage(fake_clock, [RecordingPort(), away, RecordingPort()])
    stage.sender.open(wait=False)
    stage.tell(note(1, 100.0, 200.0))
    stage.opened[0].alive = False
    stage.tell()
    assert stage.opened[0].closed
    assert "has gone" in stage.reports(Kind.ERROR)[0].text
    stage.tell(note(2, 100.1, 200.0, 62), at=100.1)
    stage.tell(at=101.2)  # tried, still away
    assert len(stage.opened) == 1
    stage.tell(at=102.4)
    assert stage.opened[1].connected == ["synth:in"]
    assert [data for data, _ in stage.opened[1].sent] == ["80 3c 40"]
    assert [frame.text for frame in stage.reports(Kind.READY)] == ["recorder", "", "recorder"]
    assert [frame.note_id for frame in stage.reports(Kind.DROPPED)] == [2]


def test_a_port_that_comes_back_is_set_as_the_lost_one_was(fake_clock):
    first, second = RecordingPort(), RecordingPort()
    stage = Stage(fake_clock, [first, second])
    stage.sender.open(wait=False)
    stage.tell(Frame(Kind.SOUND, payload=b"quiet"), at=100.0)
    assert first.sound == b"quiet" and not first.sent
    first.alive = False
    stage.tell(at=101.0)
    stage.tell(at=103.0)
    assert second.sound == b"quiet"


def test_port_that_is_away_at_the_start_is_an_error_unless_told_to_wait(fake_clock):
    with pytest.raises(MidiPortError, match="not there"):
        Stage(fake_clock, [MidiPortError("not there")]).sender.open(wait=False)
    stage = Stage(fake_clock, [MidiPortError("not there"), RecordingPort()])
    stage.sender.open(wait=True)
    stage.tell(at=101.1)
    assert len(stage.opened) == 1


def test_name_is_found_by_part_exactly_or_not_at_all():
    names = ["FLUID Synth:midi", "Synth", "Piano:in"]
    assert resolve_name("fluid", names) == "FLUID Synth:midi"
    assert resolve_name("synth", names) == "Synth"
    with pytest.raises(MidiPortError, match="'i' is ambiguous: it fits 'FLUID Synth:midi', 'Piano"):
        resolve_name("i", names)
    with pytest.raises(MidiPortError, match="no MIDI output port is named 'x'; there are 'FLUID"):
        resolve_name("x", names)
    with pytest.raises(MidiPortError, match="there is no MIDI output port"):
        resolve_name("x", [])


def test_no_output_is_a_port_too(fake_clock):
    assert isinstance(open_output("none", "Stimmung", fake_clock), NullPort)


def test_client_plays_through_a_process_that_has_no_port():
    with SenderClient("none") as client:
        now = time.perf_counter()
        # Handed over ahead, as the player does: a note whose end has passed is not played late.
        for number in range(10):
            on_s = now + 0.5 + 0.02 * number
            client.note(number, on_s, on_s + 0.01, 0, 60, 90)

        def over():
            status = client.status()
            return status.sent + status.dropped == 10 and not status.sounding

        until(over, "ten notes")  # a machine that stands still makes some too late to be sent
        status = client.status()
        assert (status.alive, status.port, status.port_alive) == (True, "none", True)
        assert 0 <= status.lateness_p50_ms <= status.lateness_p99_ms <= status.lateness_max_ms
        sent = [note.note_id for note in client.drain_sent()]
        assert len(sent) == status.sent > 0 and sent == sorted(set(sent) & set(range(10)))
        assert client.drain_sent() == []
    client.stop()
    assert not client.status().alive


@pytest.mark.parametrize("output", ["virtual", "jack", "some synth"])
def test_machine_without_midi_gets_one_line_with_the_cure(output, monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    if os.path.exists("/dev/snd/seq") and output != "jack":
        output = "surely no port has this name"
    with pytest.raises(MidiPortError) as caught:
        SenderClient(output).start()
    text = str(caught.value)
    assert "\n" not in text
    assert any(cure in text for cure in ("snd-seq", "jackd", "stimmung devices"))


def test_bad_values_are_refused_before_they_travel():
    client = SenderClient("none")
    for arguments, message in [
        ((1, 1.0, 1.0, 0, 60, 90), "off_s must be after on_s=1.0; got 1.0"),
        ((1, float("nan"), 1.0, 0, 60, 90), "on_s must be a finite time"),
        ((1, 0.0, 1.0, 16, 60, 90), "channel must be a whole number from 0 to 15; got 16"),
        ((1, 0.0, 1.0, 0, 128, 90), "pitch must be a whole number from 0 to 127; got 128"),
        ((1, 0.0, 1.0, 0, 60, 0), "velocity must be a whole number from 1 to 127; got 0"),
        ((1, 0.0, 1.0, 0, 60.5, 90), "pitch must be a whole number"),
        ((-1, 0.0, 1.0, 0, 60, 90), "note_id must be"),
    ]:
        with pytest.raises(InputError, match=message):
            client.note(*arguments)
    with pytest.raises(InputError, match="value must be a whole number from 0 to 127; got 128"):
        client.control(0.0, 0, 20, 128)
    with pytest.raises(InputError, match="latency_s must be from -0.2 to 0.2; got 0.3"):
        SenderClient("none", latency_s=0.3)
    client.note(1, 0.0, 1.0, np.int64(0), np.uint8(60), np.int32(90))
    with pytest.raises(InputError, match="note_id 1 is still in use"):
        client.note(1, 2.0, 3.0, 0, 60, 90)


def test_stopped_engine_does_not_stop_the_sender():
    """A reader that reads nothing loses reports, not notes: the pipe must not stall the sender."""
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.midi.sender.main", "--output", "none"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        from engine.midi.wire import FrameReader, encode

        now = time.perf_counter()
        for number in range(6000):  # far more reports than a pipe holds
            at_s = now + 0.2 + number * 1e-4
            frame = Frame(Kind.NOTE, 0, number % 128, 90, number, at_s, at_s + 5e-4)
            process.stdin.write(encode(frame))
        process.stdin.flush()
        time.sleep(1.2)  # until after the last note
        reader = FrameReader()

        def all_done():
            frames = reader.feed(os.read(process.stdout.fileno(), 65536))
            told = [Counters.unpack(f.payload) for f in frames if f.kind == Kind.COUNTERS]
            return any(c.sent + c.dropped == 6000 and c.sounding == 0 for c in told)

        until(all_done, "all notes to be sent or dropped")
        process.stdin.write(encode(Frame(Kind.STOP)))
        process.stdin.flush()
        while os.read(process.stdout.fileno(), 65536):
            pass
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def test_broken_stream_ends_the_sender_cleanly():
    done = subprocess.run(
        [sys.executable, "-m", "engine.midi.sender.main", "--output", "none"],
        input=b"\xff" * 64,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0


class ShortLived:
    """Stands in for a sender process that is ready and dies at once."""

    started = 0

    def __init__(self, *arguments, spare=False):
        type(self).started += 1
        self.pid = self.started

    def frames(self):
        yield Frame(Kind.READY, payload=b"port")

    def end_reason(self):
        return "killed by SIGSEGV"

    def write(self, data):
        return False

    def end(self, patience_s):
        pass

    def kill(self, reason=""):
        pass

    def close(self):
        pass


def test_spare_takes_over_and_another_waits_behind_it():
    with SenderClient("none") as client:
        line = client._supervisor
        for _ in range(2):
            until(lambda: line._spare._waiting is not None, "a spare")
            waiting = line._spare._waiting.pid
            restarts = client.status().restarts
            os.kill(client.pid, signal.SIGKILL)
            until(lambda: client.status().restarts > restarts and line.up, "a new sender")  # noqa: B023
            assert client.pid == waiting
        last = line._spare._waiting
    assert last is None or gone(last.pid)
    assert line._spare._waiting is None


def test_spare_that_died_unseen_costs_time_only():
    with SenderClient("none") as client:
        line = client._supervisor
        until(lambda: line._spare._waiting is not None, "a spare")
        os.kill(line._spare._waiting.pid, signal.SIGKILL)
        time.sleep(0.1)
        os.kill(client.pid, signal.SIGKILL)
        until(lambda: client.status().restarts >= 1 and line.up, "a new sender")


def test_sender_that_is_stopped_is_replaced(monkeypatch):
    monkeypatch.setattr(link, "_LOOK_S", 0.35)
    with SenderClient("none") as client:
        now = time.perf_counter()
        client.note(1, now, now + 100, 0, 60, 90)
        until(lambda: client.status().sounding, "the note")
        os.kill(client.pid, signal.SIGSTOP)
        until(lambda: client.status().restarts >= 1 and client._supervisor.up, "a new sender")
        said = "the MIDI sender ended: it did not answer"
        until(lambda: client.status().message == said, "the reason")  # behind the replacement
        until(lambda: len(client._supervisor._outstanding) == 0, "the note's end")


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_sender_that_keeps_dying_is_not_restarted_in_a_storm(monkeypatch):
    for place in (link, spare):
        monkeypatch.setattr(place, "SenderProcess", ShortLived)
    line = link.SenderSupervisor("none", "Stimmung", 0.0)
    line._process = ShortLived()
    monkeypatch.setattr(spare.SpareSender, "prepare", lambda self: None)
    ShortLived.started = 0
    pauses = []

    class Patient:
        def wait(self, seconds):
            pauses.append(seconds)
            return len(pauses) > 14

        def is_set(self):
            return len(pauses) > 14

    line._stopping = Patient()
    line._supervise()
    assert ShortLived.started == 14
    assert pauses[:9] == [0.0, 0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0]
    assert sum(pauses[:11]) > 55  # never more than ten in a minute
    assert line.message == "the MIDI sender ended: killed by SIGSEGV"


def test_stop_while_the_sender_is_dead_leaves_its_notes_to_a_last_successor(monkeypatch):
    with SenderClient("none") as client:
        now = time.perf_counter()
        client.note(1, now, now + 100, 0, 60, 90)
        until(lambda: client.status().sounding, "the note")
        os.kill(client.pid, signal.SIGKILL)
    assert client.status().restarts == 1
    assert len(client._supervisor._outstanding) == 0


def test_notes_pile_up_only_so_far_while_there_is_no_sender():
    line = link.SenderSupervisor("none", "Stimmung", 0.0)
    for number in range(20_000):
        line.submit(note(number, 1e6, 2e6))
    assert len(line._outstanding) + line.lost == 20_000
    assert len(line._outstanding) <= 16384
    line.up = True
    for frame in (Frame(Kind.END_NOTE, note_id=1, at_s=2e6), Frame(Kind.CONTROL, 0, 64, 0)):
        line.submit(frame)  # an end that is lost is a note that hangs
    assert len(line._unwritten) == 2


def test_sender_survives_ctrl_c():
    with SenderClient("none") as client:
        os.kill(client.pid, signal.SIGINT)
        time.sleep(0.1)
        assert client.status().alive
        assert client.status().restarts == 0


def test_full_queue_loses_and_counts_but_never_blocks():
    with SenderClient("none") as client:
        os.kill(client.pid, signal.SIGSTOP)
        try:
            now = time.perf_counter()
            for number in range(12_000):  # a call that waited would wait for ever
                client.note(number, now + 60.0, now + 61.0, 0, 60, 90)
            assert client.status().dropped > 0
        finally:
            os.kill(client.pid, signal.SIGCONT)
        client.panic()
        until(lambda: client.status().queued == 0, "panic to get through")
        assert client.status().alive


def test_latency_offset_moves_what_is_sent():
    with SenderClient("none", latency_s=0.1) as client:
        now = time.perf_counter()
        client.note(1, now + 0.1, now + 0.2, 0, 60, 90)
        until(lambda: client.status().sent, "the note")
        assert time.perf_counter() >= now + 0.2
        (sent,) = client.drain_sent()
        assert sent.deadline_s == pytest.approx(now + 0.1)


HANGING = """
import time
from engine.midi.sender import main as sender
from engine.midi.ports.port import NullPort

class Stuck(NullPort):
    def close(self):
        time.sleep(1000)

sender.open_output = lambda output, name, clock: Stuck(clock)
sender._CLOSING_S = 0.3
sender.main(["--output", "none"])
"""


def test_driver_that_hangs_while_closing_does_not_keep_the_process():
    with subprocess.Popen(
        [sys.executable, "-c", HANGING],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdin.close()
        assert b"close" in process.stderr.read()  # it says where it hung
        assert process.wait(10) != 0


def test_a_cancelled_beat_is_taken_back_from_the_port(fake_clock):
    port = RecordingPort(lookahead_s=0.05)
    stage = Stage(fake_clock, [port])
    stage.sender.open(wait=False)
    stage.tell(note(1, 100.04, 100.5), at=100.0)
    assert len(port.sent) == 1
    stage.tell(Frame(Kind.CANCEL_AFTER, at_s=100.01), at=100.005)
    assert port.withdrawn == {1}
