"""Real servers and receivers: notes arrive, on time, and none is left behind by any death."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from servers.ardour import ardour
from servers.fluidsynth import capture, fluidsynth, tone_hz
from servers.jack import JackServer, hanging, midi_dump, until

from engine.errors import DeviceError, MidiPortError
from engine.midi.ports.probe import list_input_ports, list_output_ports
from engine.midi.sender.client import SenderClient

ROOT = Path(__file__).resolve().parents[1]
MORTAL = Path(__file__).with_name("servers") / "mortal.py"
WAYS = pytest.mark.parametrize("output", ["virtual", "jack"])


def play(client, count, start_s, step_s, first_id=0):
    """Hand over a rhythm of overlapping notes, long enough to survive a stall of the machine."""
    for number in range(count):
        on_s = start_s + number * step_s
        client.note(first_id + number, on_s, on_s + 0.12, 0, 60 + number % 12, 90)


@WAYS
def test_notes_and_controllers_reach_a_strange_receiver(jack, dump, output):
    with SenderClient(output) as client:
        jack.connect(client.status().port, dump.port)
        start_s = time.perf_counter() + 0.1
        play(client, 20, start_s, 0.03)
        client.control(start_s, 0, 20, 99)
        client.program(start_s, 0, 40)
        until(lambda: len(dump.offs) >= 20, "twenty note-offs")
        until(lambda: client.status().sent == 20, "the sender's report")
        sent = client.drain_sent()
        assert client.status().dropped == 0
    assert [message.data[1] for message in dump.ons] == [60 + n % 12 for n in range(20)]
    assert hanging(dump.heard) == set()
    assert [m.data for m in dump.heard if m.kind == 0xC0] == [bytes((0xC0, 40))]
    assert bytes((0xB0, 20, 99)) in [message.data for message in dump.heard]
    assert [note.note_id for note in sent] == list(range(20))
    assert [note.deadline_s for note in sent] == pytest.approx(
        [start_s + n * 0.03 for n in range(20)]
    )


def unsteadiness(frames):
    """Return the largest distance of a series from its straight line [frames]."""
    steps = range(len(frames))
    slope, start = np.polyfit(steps, frames, 1)
    return max(abs(frame - start - slope * step) for step, frame in zip(steps, frames, strict=True))


def done(client):
    """Return how many notes were sent, or dropped for being late."""
    status = client.status()
    return status.sent + status.dropped


def test_jack_path_is_exact_to_the_frame(jack, dump):
    """Its own clock against the wall may drift; the rhythm at the receiver is the schedule's.

    A machine short of processor time skips periods, and with them frames of the schedule and
    notes, or comes so late that notes are dropped: then the rhythm is played once more.
    """
    step_s = 0.0201  # no multiple of a period
    with SenderClient("jack") as client:
        jack.connect(client.status().port, dump.port)
        for attempt in range(5):
            heard, dropped = len(dump.ons), client.status().dropped
            play(client, 40, time.perf_counter() + 0.2, step_s, first_id=100 * attempt)
            until(lambda: done(client) >= 40 * (attempt + 1), "forty notes")  # noqa: B023
            time.sleep(0.3)  # for the last of them to be heard, and to end
            frames = [message.frame for message in dump.ons[heard:]]
            whole = len(frames) == 40 and client.status().dropped == dropped
            if whole and unsteadiness(frames) <= 1.5:
                break
        else:
            off = unsteadiness(frames)
            raise AssertionError(f"{len(frames)} of 40 notes, the rhythm off by {off:.1f} frames")
    assert (frames[-1] - frames[0]) / 39 == pytest.approx(step_s * jack.rate, rel=1e-3)


def test_existing_port_is_chosen_by_part_of_its_name(jack, dump):
    name = dump.port.split(":")[0]
    assert dump.port in list_output_ports()
    with SenderClient(name.upper()) as client:
        assert client.status().port == dump.port
        assert any("Stimmung" in port for port in list_input_ports())
        play(client, 3, time.perf_counter() + 0.05, 0.03)
        until(lambda: len(dump.offs) >= 3, "three note-offs")


def test_unknown_and_ambiguous_names_list_the_candidates(jack, dump):
    with pytest.raises(MidiPortError, match=f"no MIDI output port is named 'nowhere'.*{dump.port}"):
        SenderClient("nowhere").start()
    with midi_dump(jack, dump.port.split(":")[0] + "b"):
        with pytest.raises(MidiPortError, match=r"'dump-' is ambiguous.*b:input"):
            SenderClient("dump-").start()


def test_taken_name_is_reported_as_the_server_changed_it(jack):
    # The server may still list the port of a sender that was killed.
    until(lambda: not any(port.startswith("Stimmung:") for port in jack.ports()), "a free name")
    with SenderClient() as first, SenderClient() as second:
        assert first.status().port == "Stimmung:Stimmung"
        assert second.status().port == "Stimmung-01:Stimmung"


@WAYS
@pytest.mark.note_ends
def test_stop_ends_what_sounds(jack, dump, output):
    with SenderClient(output) as client:
        jack.connect(client.status().port, dump.port)
        now = time.perf_counter()
        client.note(1, now + 0.05, now + 100, 0, 60, 90)
        client.control(now + 0.04, 0, 64, 127)
        until(lambda: dump.ons, "a note-on")
    assert client.status().alive is False
    until(lambda: bytes((0xB0, 64, 0)) in [m.data for m in dump.heard], "the pedal released")
    assert hanging(dump.heard) == set()


@WAYS
@pytest.mark.note_ends
def test_panic_silences_everything_and_the_next_note_plays(jack, dump, output):
    with SenderClient(output) as client:
        jack.connect(client.status().port, dump.port)
        now = time.perf_counter()
        client.note(1, now + 0.05, now + 100, 0, 60, 90)
        client.note(2, now + 50, now + 100, 0, 62, 90)
        until(lambda: dump.ons, "a note-on")
        client.panic()
        until(lambda: bytes((0xBF, 121, 0)) in [m.data for m in dump.heard], "panic")
        assert hanging(dump.heard) == set()
        now = time.perf_counter()
        client.note(3, now + 0.05, now + 0.1, 0, 64, 90)
        until(lambda: bytes((0x80, 64, 64)) in [m.data for m in dump.offs], "the next note")
        until(lambda: client.status().queued == 0, "an empty queue")


@contextmanager
def player(jack, dump, output, ending="wait"):
    """Run a program that plays two long notes; yield it and its sender's process id."""
    process = subprocess.Popen(
        [sys.executable, str(MORTAL), output, ending],
        env=jack.environment() | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None and process.stdin is not None
        port = process.stdout.readline().split(maxsplit=1)[1].strip()
        # RtMidi names a port by itself, without its client.
        jack.connect(port if ":" in port else f"{port}:{port}", dump.port)
        process.stdin.write("\n")
        process.stdin.flush()
        word, pid = process.stdout.readline().split()
        assert word == "PLAYING"
        yield process, int(pid)
    finally:
        process.kill()
        process.communicate()


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("how", "output"),
    [
        ("SIGKILL", "virtual"),
        ("SIGKILL", "jack"),
        ("SIGKILL", "rtmidi"),  # messages leave when they are given over, as on ALSA
        ("SIGTERM", "jack"),
        ("SIGTERM", "rtmidi"),
        ("SIGINT to the group", "virtual"),
        ("exception", "rtmidi"),
        ("return", "jack"),
    ],
)
@pytest.mark.note_ends
def test_no_note_hangs_however_the_engine_ends(jack, dump, output, how):
    ending = {"exception": "raise", "return": "leave"}.get(how, "wait")
    with player(jack, dump, output, ending) as (process, sender):
        if how == "SIGINT to the group":
            os.killpg(process.pid, signal.SIGINT)
        elif ending == "wait":
            os.kill(process.pid, getattr(signal, how))
        until(lambda: len(dump.offs) >= 2, "both note-offs", shown=lambda: dump.heard)
        until(lambda: gone(sender), "the sender to end")
    assert hanging(dump.heard) == set()
    controls = [message.data for message in dump.heard if message.kind == 0xB0]
    assert controls.pop(0) == bytes((0xB3, 64, 127))
    # Before it leaves, the port says every end again.
    assert set(controls) == {bytes((0xB3, 64, 0))}  # the pedal that was pressed, no other


@WAYS
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.note_ends
def test_sender_that_dies_is_replaced_its_notes_ended_and_its_pedal_lifted(jack, dump, output, how):
    with SenderClient(output) as client:
        jack.connect(client.status().port, dump.port)
        until(lambda: len(jack.connections(dump.port)) == 2, "the spare at the same receiver")
        now = time.perf_counter()
        client.control(now + 0.05, 0, 64, 127)
        client.note(1, now + 0.05, now + 100, 0, 60, 90)
        client.note(2, now + 2.0, now + 2.05, 0, 62, 90)  # JACK itself may halt for 0.5 s
        until(lambda: dump.ons, "a note-on")
        first = client.pid
        os.kill(first, how)
        until(lambda: client.status().restarts == 1 and client.status().alive, "a new sender")
        assert client.pid != first
        until(lambda: dump.offs, "the note-off from the new sender")
        until(lambda: len(dump.ons) == 2, "the note that was still to come")
        until(lambda: len(dump.offs) >= 2, "its end")
        pedal = [message.data[2] for message in dump.heard if message.data[:2] == b"\xb0\x40"]
        assert pedal[0] == 127 and set(pedal[1:]) == {0}
        if how == signal.SIGKILL:
            assert "SIGKILL" in client.status().message
    # SIGTERM ends the notes at once, and the new sender, which cannot know, ends them again.
    pitches = [message.data[1] for message in dump.offs]
    assert set(pitches) == {60, 62}
    assert dump.offs[-1].data[1] == 62


def test_receiver_that_was_disconnected_is_told_what_ended_meanwhile(jack, dump):
    with SenderClient("jack") as client:
        port = client.status().port
        jack.connect(port, dump.port)
        until(lambda: len(jack.connections(dump.port)) == 2, "the spare at the same receiver")
        now = time.perf_counter()
        client.note(1, now + 0.05, now + 60.0, 0, 60, 90)
        until(lambda: dump.ons, "a note-on")
        jack.run("jack_disconnect", port, dump.port)
        until(lambda: not jack.connections(dump.port), "the spare to be disconnected too")
        client.end_note(1, time.perf_counter())
        until(lambda: not client.status().sounding, "the end")
        assert not dump.offs
        jack.connect(port, dump.port)
        until(lambda: dump.offs, "the note-off it had missed")
    assert hanging(dump.heard) == set()


def test_destination_that_goes_is_noticed_and_taken_back(jack):
    with midi_dump(jack, "visitor"):
        client = SenderClient("visitor")
        client.start()
    try:
        until(lambda: not client.status().port_alive, "the loss to be noticed")
        assert "has gone" in client.status().message
        with midi_dump(jack, "visitor") as back:
            until(lambda: client.status().port_alive, "the port to be taken back")
            play(client, 2, time.perf_counter() + 0.05, 0.03)
            until(lambda: len(back.offs) >= 2, "notes at the returned port")
    finally:
        client.stop()


@WAYS
def test_server_that_dies_and_comes_back_is_played_on_again(output, monkeypatch):
    server = JackServer()
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    try:
        with SenderClient(output) as client:
            now = time.perf_counter()
            client.note(1, now + 0.05, now + 100, 0, 60, 90)
            until(lambda: client.status().sounding == 1, "a sounding note")
            server.kill()
            until(lambda: not client.status().port_alive, "the loss to be noticed")
            now = time.perf_counter()
            client.note(2, now + 0.05, now + 0.1, 0, 62, 90)
            until(lambda: client.status().dropped == 1, "a note dropped, not queued")
            server.restart()
            until(lambda: client.status().port_alive, "the port to come back")
            with midi_dump(server, "after") as after:
                server.connect(client.status().port, after.port)
                play(client, 2, time.perf_counter() + 0.05, 0.03, first_id=10)
                until(lambda: len(after.offs) >= 2, "notes on the new server")
            assert client.status().restarts == 0
    finally:
        server.stop()


def test_fluidsynth_sounds_the_notes(jack):
    with SenderClient("virtual") as client, fluidsynth(jack, "synth") as (midi, audio):
        jack.connect(client.status().port, midi)
        with capture(jack, "receiver", audio) as heard:
            before = len(heard.samples())
            now = time.perf_counter() + 0.1
            client.program(now, 0, 79)  # ocarina: nearly a sine
            client.note(1, now, now + 0.6, 0, 69, 110)
            until(lambda: client.status().sent == 1 and not client.status().sounding, "the note")
            samples = heard.samples()[before:]
    assert tone_hz(samples, jack.rate) == pytest.approx(440.0, abs=5)


def recorded_by_ardour(jack, folder, count, step_s):
    """Have it record a run of notes and a controller."""
    folder.mkdir()
    with SenderClient("jack") as client, ardour(jack, folder) as daw:
        daw.say(f"arm {client.status().port}")
        daw.say("roll")
        start_s = time.perf_counter() + 0.5
        play(client, count, start_s, step_s)
        client.control(start_s + 1.0, 0, 20, 77)
        daw.say("check")
        until(lambda: client.status().sent == count and not client.status().sounding, "the notes")
        daw.say("stop")
        return daw.save()


@pytest.mark.proof
def test_ardour_records_every_note_with_its_end(jack, tmp_path):
    count, step_s = 60, 0.05
    try:
        recorded = recorded_by_ardour(jack, tmp_path / "first", count, step_s)
    except DeviceError:  # the server puts a workstation out that a busy machine made late
        recorded = recorded_by_ardour(jack, tmp_path / "again", count, step_s)
    ons = [(t, m) for t, m in recorded if m.type == "note_on" and m.velocity]
    offs = [
        m for _, m in recorded if m.type == "note_off" or (m.type == "note_on" and not m.velocity)
    ]
    assert [m.note for _, m in ons] == [60 + n % 12 for n in range(count)]
    assert sorted(m.note for m in offs) == sorted(m.note for _, m in ons)
    assert any(m.type == "control_change" and (m.control, m.value) == (20, 77) for _, m in recorded)
