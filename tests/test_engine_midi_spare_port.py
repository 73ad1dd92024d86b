"""A dead sender's notes end before there is another one: the spare is connected already."""

import os
import signal
import time

import pytest
from servers.jack import JackServer, MidiDump, hanging, until

from engine.midi.sender import supervisor as link
from engine.midi.sender.client import SenderClient
from engine.process.restarts import Restarts


@pytest.mark.parametrize("named", [False, True], ids=["own port", "into a port"])
def test_notes_end_while_no_successor_is_in_sight(
    jack: JackServer, dump: MidiDump, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.setattr(link, "_RESTARTS", Restarts((60.0,)))
    with SenderClient(dump.port if named else "jack") as client:
        if not named:
            jack.connect(client.status().port, dump.port)
        until(lambda: len(jack.connections(dump.port)) == 2, "sender and spare connected")
        now = time.perf_counter()
        client.control(now, 3, 64, 127)
        client.note(1, now, now + 100, 0, 60, 90)
        client.note(2, now, now + 100, 3, 67, 90)
        until(lambda: len(dump.ons) == 2, "two notes")
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)
        until(lambda: not hanging(dump.heard), "both note-offs")
        until(lambda: bytes((0xB3, 64, 0)) in [m.data for m in dump.heard], "the pedal")
        assert client.status().restarts == 0


def test_a_cable_that_is_pulled_is_pulled_from_the_spare_too(
    jack: JackServer, dump: MidiDump
) -> None:
    with SenderClient("jack") as client:
        port = client.status().port
        jack.connect(port, dump.port)
        until(lambda: len(jack.connections(dump.port)) == 2, "sender and spare connected")
        jack.run("jack_disconnect", port, dump.port)
        until(lambda: not jack.connections(dump.port), "nobody connected")


def test_who_connects_later_is_told_what_another_engine_left(
    jack: JackServer, dump: MidiDump
) -> None:
    with SenderClient("jack") as client:
        client.release(3, 67)
        time.sleep(0.5)  # nobody is there to hear it
        jack.connect(client.status().port, dump.port)
        until(lambda: bytes((0x83, 67)) in [m.data[:2] for m in dump.heard], "the note-off")
        until(lambda: bytes((0xB3, 64, 0)) in [m.data for m in dump.heard], "the pedal's lift")
