"""The built-in instrument over JACK: notes sound, and end whoever dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from servers.fluidsynth import capture, tone_hz
from servers.jack import until

from engine.errors import MidiPortError
from engine.midi.ports import with_instrument
from engine.midi.ports.built_in import BuiltInOutput, with_options
from engine.midi.ports.outputs import open_output
from engine.midi.ports.port import NullPort, Written, sounding
from engine.midi.sender.client import SenderClient

OUTPUT = "Stimmung instrument:out_0"
MORTAL = Path(__file__).parent / "servers" / "mortal.py"


def instruments():
    """Return the process ids of instruments, with their parents."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes()
                status = (folder / "stat").read_text()
            except OSError:
                continue
            if b"engine.instrument.process" in words:
                found[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    return found


def of(parent):
    """Return the instrument that a sender runs."""
    return next((pid for pid, owner in instruments().items() if owner == parent), None)


def loudest(heard, seconds, rate):
    return float(np.abs(heard.samples()[-int(seconds * rate) :]).max(initial=0.0))


def test_a_note_sounds_at_its_pitch_and_ends(jack):
    with SenderClient("built-in") as client:
        assert client.status().port.startswith("built-in (system")
        client.sound("muser", 1.0)
        with capture(jack, "listener", OUTPUT) as heard:
            before = len(heard.samples())
            now = time.perf_counter() + 0.3
            client.note(1, now, now + 0.8, 0, 69, 110)
            until(lambda: client.status().sent == 1 and not client.status().sounding, "the note")
            samples = heard.samples()[before:]
            until(lambda: loudest(heard, 0.2, jack.rate) < 1e-3, "its end")
    assert tone_hz(samples, jack.rate) == pytest.approx(440.0, abs=5)


@pytest.mark.note_ends
@pytest.mark.parametrize("ending", ["SIGKILL", "raise", "leave"])
def test_nothing_sounds_on_however_the_engine_ends(jack, ending):
    process = subprocess.Popen(
        [sys.executable, str(MORTAL), "built-in", ending],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout.readline().startswith(b"READY built-in")
        with capture(jack, "listener", OUTPUT) as heard:
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(b"PLAYING")
            if ending == "SIGKILL":
                until(lambda: loudest(heard, 0.2, jack.rate) > 0.01, "sound")
                process.kill()
            process.wait()
            until(lambda: loudest(heard, 0.2, jack.rate) < 1e-4, "silence")
            until(lambda: OUTPUT not in jack.ports(), "the instrument to leave")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.note_ends
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_an_instrument_that_dies_or_hangs_holds_nobody_up_and_is_replaced(jack, how):
    with SenderClient("built-in") as client:
        first = of(client.pid)
        now = time.perf_counter()
        client.note(1, now, now + 600.0, 0, 60, 100)
        until(lambda: client.status().sounding == 1, "the note")
        os.kill(first, how)
        for number in range(300):  # far more than a pipe holds
            now = time.perf_counter()
            client.note(100 + number, now + 0.01, now + 0.02, 1, 60, 100)
            time.sleep(0.002)
        until(lambda: client.status().sent + client.status().dropped >= 301, "the sender to go on")
        until(lambda: of(client.pid) not in (None, first), "another instrument")
        until(lambda: client.status().port_alive, "its answer")
        assert client.status().restarts == 0  # the sender is the one it was
        assert first not in instruments()
        with capture(jack, "listener", OUTPUT) as heard:
            now = time.perf_counter() + 0.1
            client.note(2, now, now + 600.0, 0, 64, 100)
            until(lambda: loudest(heard, 0.2, jack.rate) > 0.01, "the next note")
            client.panic()
            until(lambda: loudest(heard, 0.2, jack.rate) < 1e-3, "silence")


@pytest.mark.note_ends
def test_a_sender_that_is_killed_leaves_silence_and_is_replaced(jack):
    with SenderClient("built-in") as client:
        client.sound("muser", 0.6)
        now = time.perf_counter()
        client.note(1, now, now + 600.0, 0, 60, 100)
        until(lambda: client.status().sounding == 1, "the note")
        with capture(jack, "listener", OUTPUT) as heard:
            until(lambda: loudest(heard, 0.2, jack.rate) > 0.01, "sound")
            os.kill(client.pid, signal.SIGKILL)
            until(lambda: loudest(heard, 0.2, jack.rate) < 1e-4, "silence")
        until(lambda: client.status().restarts == 1 and client.status().port_alive, "another")


class Instrument:
    """Takes the place of the instrument's process."""

    def __init__(self, output, clock):
        self.name, self.alive, self.heard = output, True, []
        made.append(self)

    def send(self, data, at_s, note_id):
        self.heard.append(data)
        return 0.001

    def adjust(self, sound):
        self.heard.append(sound)

    def close(self):
        self.alive = False


class Port(NullPort):
    """A port that writes at frames; somebody may connect."""

    name, lookahead_s = "Stimmung:Stimmung", 0.05

    def __init__(self):
        self.sent, self.written, self.there = [], [], ()

    def send(self, data, at_s, note_id):
        self.sent.append((data, note_id))
        if note_id >= 0:
            self.written.append(Written(note_id, 0.0, 0.0, 0))

    def collect(self):
        written, self.written = self.written, []
        return written

    def peers(self):
        return self.there


made: list[Instrument] = []


@pytest.fixture
def both(monkeypatch, fake_clock):
    made.clear()
    monkeypatch.setattr(with_instrument, "BuiltInOutput", Instrument)
    port = Port()
    both = with_instrument.PortWithInstrument(port, "device=x", fake_clock)
    both.adjust(b"sounds")
    both.send(bytes((0xC0, 5)), 0.0, -1)
    both.wait()
    return both, port


ON, OFF = bytes((0x90, 60, 80)), bytes((0x80, 60, 64))


@pytest.mark.note_ends
def test_the_instrument_plays_until_somebody_connects_and_again_once_nobody_is(both):
    both, port = both
    (instrument,) = made
    assert both.name == "Stimmung:Stimmung and built-in?device=x" and both.lookahead_s == 0.0
    assert sounding(both.name) == instrument.name
    assert instrument.heard == [b"sounds", bytes((0xC0, 5))]  # as it was set before it was there
    assert both.send(ON, 0.0, 1) == 0.001
    assert both.collect() == []  # `send` has told of it
    port.there = ("synth:in",)
    instrument.heard.clear()
    assert both.send(ON, 1.0, 2) is None  # the port will tell
    assert both.name == port.name and both.lookahead_s == port.lookahead_s
    ends = {(data[0] & 15, data[1]) for data in instrument.heard}
    assert ends == {(channel, mode) for channel in range(16) for mode in (120, 123)}
    both.send(OFF, 1.1, -1)
    both.send(bytes((0xB0, 7, 90)), 1.2, -1)
    assert instrument.heard[-2:] == [OFF, bytes((0xB0, 7, 90))] and ON not in instrument.heard
    assert [note.note_id for note in both.collect()] == [2]
    port.there = ()
    assert both.send(ON, 2.0, 3) == 0.001 and instrument.heard[-1] == ON
    assert [note_id for data, note_id in port.sent if data == ON] == [1, 2, 3]  # the port gets all


def test_an_instrument_that_dies_is_replaced_after_a_pause_and_without_one_the_port_plays(
    both, fake_clock, monkeypatch
):
    both, port = both
    made[0].alive = False
    both.collect()
    assert len(made) == 1  # not at once again and again
    fake_clock.now += 6.0
    both.collect()
    both.wait()
    assert len(made) == 2 and made[1].heard == made[0].heard
    both.close()
    assert not made[1].alive

    def no_output(_output, _clock):
        raise MidiPortError("no audio output")

    monkeypatch.setattr(with_instrument, "BuiltInOutput", no_output)
    alone = with_instrument.PortWithInstrument(port, "", fake_clock)
    alone.wait()
    assert alone.name == port.name and alone.send(ON, 0.0, 4) is None


@pytest.mark.proof
@pytest.mark.note_ends
def test_over_jack_it_falls_silent_for_a_receiver_and_comes_back(jack, dump):
    with SenderClient("auto") as client, capture(jack, "listener", OUTPUT) as heard:
        port = client.port.partition(" and ")[0]
        assert client.port.startswith("Stimmung:Stimmung and built-in (system")
        client.note(1, time.perf_counter(), time.perf_counter() + 600.0, 0, 60, 100)
        until(lambda: loudest(heard, 0.2, jack.rate) > 0.01, "sound")
        jack.connect(port, dump.port)
        until(lambda: client.port == port, "the news")
        until(lambda: loudest(heard, 0.2, jack.rate) < 1e-4, "silence")
        client.note(2, time.perf_counter(), time.perf_counter() + 600.0, 0, 64, 100)
        until(lambda: dump.ons, "the note at the receiver")
        assert loudest(heard, 0.2, jack.rate) < 1e-4
        dump.kill()
        until(lambda: client.port != port, "the news")
        client.note(3, time.perf_counter(), time.perf_counter() + 600.0, 0, 67, 100)
        until(lambda: loudest(heard, 0.2, jack.rate) > 0.01, "sound again")
        client.panic()
        until(lambda: loudest(heard, 0.2, jack.rate) < 1e-3, "silence")


def test_where_no_port_can_be_made_the_instrument_plays(jack, monkeypatch):
    from engine.midi.ports import outputs

    def no_port(*_arguments, **_options):
        raise MidiPortError("no MIDI system found")

    monkeypatch.setattr(outputs, "_open_virtual", no_port)
    port = open_output(with_options("auto", "system", ""), "Stimmung", time.perf_counter)
    try:
        assert isinstance(port, BuiltInOutput) and port.alive
    finally:
        port.close()
    with pytest.raises(MidiPortError, match="no MIDI system found"):
        open_output(with_options("auto", "no such card", ""), "Stimmung", time.perf_counter)


@pytest.mark.parametrize(
    ("device", "soundfont", "words"),
    [("no such card", "", "no audio output 'no such card'"), ("", "missing.sf2", "missing.sf2")],
)
def test_what_cannot_be_opened_is_named(jack, device, soundfont, words):
    client = SenderClient(with_options("built-in", device, soundfont))
    with pytest.raises(MidiPortError, match=words):
        client.start()
