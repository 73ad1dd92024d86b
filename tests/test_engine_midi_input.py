"""Who leaves a MIDI input is noticed, whichever way: over JACK, and with ports that are made up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers.jack import JackServer, MidiDump, hanging, until

import presets
from engine.midi.input import receiver as receiver_module
from engine.midi.input.port import MidiInput
from engine.midi.input.receiver import Receiver
from engine.midi.messages import SYSTEM_RESET
from engine.midi.ports import rtmidi as rtmidi_port
from engine.midi.ports.alsa import connected
from engine.midi.wire import Kind

KEYBOARD = Path(__file__).parent / "servers" / "keyboard.py"
CHORD = ("90 3c 50", "90 40 50", "90 43 50", "b0 40 7f")


class Keyboard:
    def __init__(self, process: "subprocess.Popen[str]", name: str) -> None:
        self.process = process
        self.port = f"{name}:{name}"

    def play(self, *messages: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{message}\n" for message in messages))
        self.process.stdin.flush()


@contextmanager
def keyboard(jack: JackServer, name: str) -> Iterator[Keyboard]:
    with subprocess.Popen(
        [sys.executable, "-P", str(KEYBOARD), name],
        env=jack.environment(),
        stdin=subprocess.PIPE,
        text=True,
    ) as process:
        made = Keyboard(process, name)
        until(lambda: made.port in jack.ports(), made.port)
        yield made
        process.kill()


LEAVE = {
    "process killed": lambda jack, player, ours: player.process.kill(),
    "port closed": lambda jack, player, ours: player.play("close"),
    "cable pulled": lambda jack, player, ours: jack.run("jack_disconnect", player.port, ours.port),
    "receiver killed": lambda jack, player, ours: os.kill(ours._process.pid, signal.SIGKILL),
}


@pytest.mark.parametrize("named", [False, True], ids=["own port", "named port"])
def test_over_jack_whoever_leaves_is_noticed(jack: JackServer, named: bool) -> None:
    for way, leave in LEAVE.items():
        with keyboard(jack, f"keys-{len(way)}-{named:d}") as player:
            ours = MidiInput(player.port if named else "jack", port_name=f"in {way}")
            ours.start()
            try:
                if not named:
                    jack.connect(player.port, ours.port)
                    until(lambda ours=ours: ours._peers, "the connection to be known")
                player.play(*CHORD)
                heard: list[bytes] = []

                def came(*wanted: bytes, heard=heard, ours=ours) -> bool:
                    heard.extend(data for _, data in ours.poll() if data)
                    return set(wanted) <= set(heard)

                until(lambda came=came: came(*map(bytes.fromhex, CHORD)), "the chord")
                if named and way == "cable pulled":
                    continue  # the connection is part of the port's name
                leave(jack, player, ours)
                until(lambda came=came: came(SYSTEM_RESET), f"{way} to be noticed")
                assert heard.index(SYSTEM_RESET) >= len(CHORD)
            finally:
                ours.stop()


class Port:
    """An input port that is made up."""

    reports_gaps = False
    name = "made up"

    def __init__(self, connected: tuple[str, ...] = ()) -> None:
        self.alive = True
        self.connected = connected

    def refresh(self) -> None:
        pass

    def peers(self) -> tuple[str, ...]:
        return self.connected

    def connect(self, peer: str) -> None:
        pass

    def close(self) -> None:
        pass


class Stage:
    """A receiver on counted time, and what it reports."""

    def __init__(self, clock, monkeypatch, port: Port) -> None:
        self.frames = []
        self.clock = clock
        monkeypatch.setattr(receiver_module, "open_input", lambda *_: port)
        self.receiver = Receiver("made up", "x", -1, clock=clock)
        self.receiver._say = lambda *frames: self.frames.extend(frames)
        self.receiver.open()

    def look(self, *, after_s: float = 0.03) -> list[bytes]:
        """Look after the port; return what was put among the messages."""
        self.clock.now += after_s
        self.receiver.look_after()
        found = []
        while not self.receiver._inbox.empty():
            found.append(self.receiver._inbox.get()[1])
        return found


def test_one_of_those_connected_leaves(fake_clock, monkeypatch) -> None:
    port = Port(("24:0",))
    stage = Stage(fake_clock, monkeypatch, port)
    assert stage.look() == []
    port.connected = ("24:0", "28:0")
    assert stage.look() == []
    port.connected = ("28:0",)
    assert stage.look() == [SYSTEM_RESET]
    assert stage.look() == []


def test_a_port_that_goes_is_said_behind_its_last_messages(fake_clock, monkeypatch) -> None:
    port = Port()
    stage = Stage(fake_clock, monkeypatch, port)
    stage.receiver.arrived(fake_clock(), bytes((0x90, 60, 80)))
    port.alive = False
    assert stage.look() == [bytes((0x90, 60, 80)), SYSTEM_RESET]
    assert [frame.kind for frame in stage.frames][-2:] == [Kind.ERROR, Kind.READY]


def test_a_keyboard_that_sends_active_sensing_and_falls_silent_has_left(
    fake_clock, monkeypatch
) -> None:
    stage = Stage(fake_clock, monkeypatch, Port())
    stage.receiver.arrived(fake_clock(), bytes((0x90, 60, 80)))
    assert stage.look(after_s=5.0) == [bytes((0x90, 60, 80))]  # it never sent any
    for _ in range(10):
        stage.receiver.arrived(fake_clock(), b"\xfe")
        assert stage.look(after_s=0.3) == []
    assert stage.look(after_s=0.1) == [SYSTEM_RESET]
    assert stage.look(after_s=5.0) == []


LISTING = """Client info
  cur  clients : 4
Client   0 : "System" [Kernel]
  Port   0 : "Timer" (Rwe-)
Client  24 : "Keystation" [Kernel]
  Port   0 : "Keystation MIDI 1" (RWeX) [In/Out]
    Connecting To: 129:0, 130:0[real:0]
Client 129 : "Stimmung keys" [User Legacy]
  Port   0 : "Stimmung keys" (-We-) [In]
    Connected From: 24:0, 28:1[real:0]
Client 130 : "Other" [User Legacy]
  Port   0 : "Stimmung keys" (-We-) [In]
    Connected From: 32:0
"""


def test_the_alsa_sequencer_tells_who_plays_into_a_port_of_ours(tmp_path) -> None:
    listing = tmp_path / "clients"
    assert connected("Stimmung keys", "in", listing) == ()
    listing.write_text(LISTING)
    assert connected("Stimmung keys", "in", listing) == ("24:0", "28:1")
    assert connected("Other", "in", listing) == ("32:0",)
    assert connected("Keystation", "out", listing) == ("129:0", "130:0")


def test_a_port_of_our_own_through_rtmidi_knows_who_is_connected(monkeypatch, fake_clock) -> None:
    class MidiIn:
        def ignore_types(self, **kinds):
            self.ignored = kinds

        def set_callback(self, callback):
            self.callback = callback

    heard = []
    monkeypatch.setattr(rtmidi_port, "connected", lambda name, _way: (f"{name} 24:0",))
    listener = MidiIn()
    port = rtmidi_port.RtMidiInput(listener, "keys", lambda *got: heard.append(got), fake_clock)
    port.refresh()
    assert port.peers() == ("keys 24:0",) and port.alive
    listener.callback(([0x90, 60, 80], 0.0))
    assert heard == [(fake_clock(), bytes((0x90, 60, 80)))]
    assert listener.ignored["active_sense"] is False


@pytest.mark.proof
@pytest.mark.note_ends
def test_live_a_killed_keyboard_leaves_nothing_and_feedback_is_cut(
    jack: JackServer, dump: MidiDump, tmp_path: Path
) -> None:
    command = [sys.executable, "-P", "-m", "engine.cli", "live", "--input", str(presets.DEMO_AUDIO)]
    command += ["--engine", "rules", "--midi-out", "jack", "--keys-in", "jack", "--thru"]
    with (
        subprocess.Popen(
            [*command, "--record", str(tmp_path)], env=jack.environment(), stderr=subprocess.PIPE
        ) as live,
        keyboard(jack, "killed") as player,
    ):
        try:
            keys = "Stimmung keys:Stimmung keys"
            until(lambda: {"Stimmung:Stimmung", keys} <= set(jack.ports()), "our ports", 30.0)
            jack.connect("Stimmung:Stimmung", dump.port)
            jack.connect(player.port, keys)
            player.play("9f 3c 50", "bf 40 7f")  # channel 16 is the performer's alone
            theirs = bytes((0x9F, 60, 80))
            until(lambda: theirs in [m.data for m in dump.ons], "the key to pass through")
            player.process.kill()
            until(lambda: bytes((0xBF, 64, 0)) in [m.data for m in dump.heard], "the pedal's lift")
            assert (15, 60) not in hanging(dump.heard)
            jack.connect("Stimmung:Stimmung", keys)
            events = tmp_path / "events.jsonl"
            until(lambda: "comes back" in events.read_text(), "feedback to be said", 20)
            count = len(dump.ons)
            time.sleep(1.0)
            assert len(dump.ons) - count < 60  # a hundred a second and more otherwise
        finally:
            live.terminate()
            live.communicate(timeout=20)
    until(lambda: not hanging(dump.heard), "every note to end")


@pytest.mark.proof
@pytest.mark.note_ends
def test_live_a_clock_that_stops_and_jumps_leaves_the_performers_keys_alone(
    jack: JackServer, dump: MidiDump
) -> None:
    """A hundred keys and a pedal are held on the engine's channels while it plays among them."""
    held = {(channel, pitch) for channel in range(4) for pitch in range(55, 80)}
    command = [sys.executable, "-P", "-m", "engine.cli", "live", "--input", str(presets.DEMO_AUDIO)]
    command += ["--engine", "rules", "--arousal", "0.7", "--midi-out", "jack", "--thru"]
    command += ["--keys-in", "jack", "--sync", "midi", "--midi-in", "jack"]
    sender = KEYBOARD.with_name("midi_sender.py")
    with (
        keyboard(jack, "hands") as hands,
        subprocess.Popen(
            [sys.executable, "-P", str(sender), "jack", "stops", "120"],
            env=jack.environment(),
            stdin=subprocess.PIPE,
            text=True,
        ) as clock,
        subprocess.Popen(command, env=jack.environment(), stderr=subprocess.DEVNULL) as live,
    ):
        try:
            keys, sync = "Stimmung keys:Stimmung keys", "Stimmung in:Stimmung in"
            ours = {"Stimmung:Stimmung", keys, sync, "stops:stops"}
            until(lambda: ours <= set(jack.ports()), "our ports", 30.0)
            jack.connect("Stimmung:Stimmung", dump.port)
            jack.connect(hands.port, keys)
            jack.connect("stops:stops", sync)

            def say(*lines: str) -> None:
                assert clock.stdin is not None
                clock.stdin.write("".join(f"{line}\n" for line in lines))
                clock.stdin.flush()

            def played(count: int) -> None:
                wanted = len(dump.ons) + count
                until(lambda: len(dump.ons) >= wanted, "notes of the engine", 20.0)

            say("start")
            played(10)
            hands.play(*(f"b{channel:x} 40 7f" for channel in range(4)))
            hands.play(*(f"9{channel:x} {pitch:02x} 50" for channel, pitch in sorted(held)))
            until(lambda: held <= hanging(dump.heard), "the keys to pass through")
            played(10)
            say("stop", "locate 64", "continue")
            played(10)
            say("stop")
            time.sleep(0.5)  # what is on its way arrives
            assert held <= hanging(dump.heard)
            lifts = [m.data for m in dump.heard if m.kind == 0xB0 and m.data[1:] == b"\x40\x00"]
            assert not lifts
            hands.process.kill()
            until(lambda: not held & hanging(dump.heard), "the keys to end")
        finally:
            live.terminate()
            live.wait(20)
            clock.kill()
    until(lambda: not hanging(dump.heard), "every note to end")
