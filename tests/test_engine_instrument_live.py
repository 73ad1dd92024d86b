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
from engine.midi.ports.built_in import BuiltInOutput, with_options
from engine.midi.ports.outputs import open_output
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
