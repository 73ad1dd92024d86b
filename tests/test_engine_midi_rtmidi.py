"""Which MIDI system is chosen, and what is said where there is none; with rtmidi played by a fake.

Only systems this machine lacks are faked (Windows, CoreMIDI, ALSA). What carries a message in all
of them, `RtMidiOutput`, is also tested with rtmidi itself, over JACK.
"""

import time

import pytest
from servers.jack import until

from engine.errors import MidiPortError
from engine.midi.ports import advice as guide
from engine.midi.ports import rtmidi as rtmidi_port
from engine.midi.ports.outputs import open_output
from engine.midi.ports.rtmidi import RtMidiOutput


class FakeRtMidi:
    """The part of the rtmidi module we use; ``systems`` maps API number to its ports."""

    API_LINUX_ALSA, API_UNIX_JACK, API_WINDOWS_MM = 2, 3, 4

    class RtMidiError(Exception):
        pass

    class UnsupportedOperationError(RtMidiError):
        pass

    def __init__(self, systems, compiled=(3, 2, 4), virtual_error=None):
        self.systems = systems
        self.compiled = list(compiled)
        self.virtual_error = virtual_error
        self.opened = []
        self.broken = False
        fake = self

        class MidiOut:
            def __init__(self, api, name):
                if api not in fake.systems:
                    raise fake.RtMidiError("not running")
                self.api = api

            def get_ports(self):
                return fake.systems[self.api]

            def open_virtual_port(self, name):
                if fake.virtual_error:
                    raise fake.virtual_error
                fake.opened.append((self.api, name))

            def open_port(self, index, name):
                fake.opened.append((self.api, fake.systems[self.api][index]))

            def send_message(self, data):
                if fake.broken:
                    raise fake.RtMidiError("cable pulled")

            def close_port(self):
                pass

            def delete(self):
                pass

        self.MidiOut = MidiOut

    def get_compiled_api(self):
        return self.compiled

    def get_api_display_name(self, api):
        return str(api)


@pytest.fixture
def fake(monkeypatch):
    def install(*arguments, **options):
        module = FakeRtMidi(*arguments, **options)
        monkeypatch.setattr(rtmidi_port, "load_rtmidi", lambda: module)
        return module

    return install


def test_alsa_is_preferred_to_jack(fake):
    module = fake({2: [], 3: []})
    port = open_output("virtual", "Stimmung", time.perf_counter)
    assert module.opened == [(2, "Stimmung")]
    assert (port.name, port.alive, port.lookahead_s) == ("Stimmung", True, 0.0)
    port.close()


@pytest.mark.parametrize("kind", [NotImplementedError, FakeRtMidi.UnsupportedOperationError])
def test_windows_is_told_about_loopmidi(fake, kind, monkeypatch):
    monkeypatch.setattr(guide.sys, "platform", "win32")
    fake({4: ["Synth"]}, virtual_error=kind("virtual ports"))
    with pytest.raises(MidiPortError, match="install loopMIDI.*--midi-out"):
        open_output("virtual", "Stimmung", time.perf_counter)
    fake({4: ["Synth", "loopMIDI Port 1"]}, virtual_error=kind("virtual ports"))
    with pytest.raises(MidiPortError, match='1\\) use .*--midi-out "loopMIDI Port 1"'):
        open_output("virtual", "Stimmung", time.perf_counter)


def test_existing_port_is_found_on_any_system(fake):
    module = fake({2: ["Piano 20:0"], 4: ["loopMIDI Port 1"]})
    port = open_output("LOOP", "Stimmung", time.perf_counter)
    assert module.opened == [(4, "loopMIDI Port 1")]
    module.systems[4].clear()
    port.refresh()
    assert not port.alive


def test_port_that_fails_while_sending_is_no_longer_alive(fake):
    module = fake({4: ["loopMIDI Port 1"]})
    port = open_output("loopmidi", "Stimmung", time.perf_counter)
    module.broken = True
    port.send(b"\x90\x3c\x5a", time.perf_counter(), 1)
    assert not port.alive


def test_message_arrives_through_rtmidi_itself(jack, dump):
    rtmidi = rtmidi_port.load_rtmidi()
    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="Plain")
    out.open_virtual_port("Plain")
    port = RtMidiOutput(out, "Plain", time.perf_counter)
    try:
        jack.connect("Plain:Plain", dump.port)
        assert port.send(bytes((0x90, 60, 90)), time.perf_counter() - 0.5, 1) >= 0.5
        port.send(bytes((0x80, 60, 64)), time.perf_counter(), -1)
        until(lambda: dump.offs, "the note")
        assert [m.data for m in dump.heard] == [bytes((0x90, 60, 90)), bytes((0x80, 60, 64))]
        assert port.alive
    finally:
        port.close()


def test_no_system_at_all_names_the_cure(fake, monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    fake({})
    monkeypatch.setattr(guide.sys, "platform", "linux")
    for attempt in (
        lambda: open_output("virtual", "S", time.perf_counter),
        lambda: open_output("x", "S", time.perf_counter),
    ):
        with pytest.raises(MidiPortError, match="do this: 1\\) .*JACK.*--midi-out none"):
            attempt()
