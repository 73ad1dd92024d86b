"""The window on a real JACK server: a stranger gets its notes, and none is left sounding."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gui_samples import settings
from servers.jack import JackServer, MidiDump, until

from gui.app import make_window
from presets import DEMO_AUDIO

PROGRAM = """
import sys
from PyQt6.QtCore import QSettings
from gui.app import make_application, make_window
app = make_application()
window = make_window(QSettings(sys.argv[1], QSettings.Format.IniFormat))
window.show()
window.desk.start()
app.exec()
"""


@pytest.fixture
def window(jack: JackServer, qapp, tmp_path: Path):
    store = settings(tmp_path, audio_input=str(DEMO_AUDIO), midi_out="none")
    made = make_window(store)
    made.show()
    made.desk.start()
    yield made
    made.close()


def our_port(jack: JackServer) -> str:
    return next(port for port in jack.ports() if "Stimmung" in port and "in_" not in port)


def settled(dump: MidiDump) -> None:
    count = -1
    while count != len(dump.heard):
        count = len(dump.heard)
        time.sleep(0.5)


def left_sounding(dump: MidiDump) -> set[tuple[int, int]]:
    """Return channel and pitch whose last message began a note.

    The receiver may have been connected while a note sounded, and then hears only its end.
    """
    last = {(m.data[0] & 15, m.data[1]): m.is_on for m in dump.heard if m.is_on or m.is_off}
    return {place for place, sounds in last.items() if sounds}


def test_output_changed_while_playing_and_closed_while_notes_sound(
    jack: JackServer, dump: MidiDump, window, qtbot
) -> None:
    qtbot.waitUntil(lambda: window.desk.look is not None, timeout=20_000)
    picker = window.page.devices.output
    picker.setCurrentIndex(picker.findData("virtual"))
    picker.activated.emit(picker.currentIndex())
    qtbot.waitUntil(lambda: any("Stimmung" in port for port in jack.ports()), timeout=20_000)
    jack.connect(our_port(jack), dump.port)
    qtbot.waitUntil(lambda: len(dump.ons) > 6 and len(dump.ons) > len(dump.offs), timeout=20_000)
    window.close()
    settled(dump)
    assert dump.ons and left_sounding(dump) == set()


def test_a_synthesizer_is_listed_by_name_and_plays_once_chosen(
    jack: JackServer, dump: MidiDump, window, qtbot
) -> None:
    qtbot.waitUntil(lambda: window.desk.look is not None, timeout=20_000)
    picker = window.page.devices.output
    name = dump.port.partition(":")[0]

    def rows() -> list[int]:
        return [row for row in range(picker.count()) if name in picker.itemText(row)]

    window.page.show_devices_tab()
    qtbot.waitUntil(lambda: len(rows()) == 1, timeout=20_000)
    picker.setCurrentIndex(rows()[0])
    picker.activated.emit(rows()[0])
    qtbot.waitUntil(lambda: len(dump.ons) > 3, timeout=20_000)
    assert name in window.desk.look.midi.port


def test_without_the_clock_that_is_to_be_followed_the_window_says_so(
    jack: JackServer, window, qtbot
) -> None:
    sync = window.page.devices.sync
    sync.source.setCurrentIndex(sync.source.findData("midi"))
    sync.source.activated.emit(sync.source.currentIndex())

    def waits() -> bool:
        now = window.desk.look
        return now is not None and now.sync.source == "midi" and not now.sync.locked

    qtbot.waitUntil(waits, timeout=20_000)
    qtbot.waitUntil(lambda: "waiting" in sync._light.text(), timeout=2000)
    assert not window.page.transport.tempo.isEnabled()


def test_no_note_hangs_when_the_window_is_killed(
    jack: JackServer, dump: MidiDump, tmp_path: Path
) -> None:
    store = settings(tmp_path, audio_input=str(DEMO_AUDIO), midi_out="virtual")
    store.sync()
    window = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, store.fileName()],
        env=jack.environment() | {"QT_QPA_PLATFORM": "offscreen"},
        stderr=subprocess.DEVNULL,
    )
    until(lambda: any("Stimmung" in port for port in jack.ports()), "our MIDI port", 30.0)
    port = our_port(jack)
    jack.connect(port, dump.port)
    until(lambda: len(dump.ons) > 3 and len(dump.ons) > len(dump.offs), "a sounding note", 20.0)
    os.kill(window.pid, signal.SIGKILL)
    window.wait()
    until(lambda: port not in jack.ports(), "the port to close")
    settled(dump)
    assert dump.ons and left_sounding(dump) == set()
