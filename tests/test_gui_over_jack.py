"""The window on a real JACK server: a stranger gets its notes, and none is left sounding."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gui_samples import settings
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QComboBox
from servers.jack import JackServer, MidiDump, midi_dump, sounding, until

from gui.app import make_window
from gui.window.main_window import MainWindow
from presets import DEMO_AUDIO

PROGRAM = """
import sys
from PyQt6.QtCore import QSettings
from gui.app import make_application, make_window
app = make_application()
window = make_window(QSettings(sys.argv[1], QSettings.Format.IniFormat))
window.show()
window.controller.start()
app.exec()
"""


WRITTEN_AHEAD = 1.5
"""So many beats before it sounds a beat is written at the earliest."""


@contextmanager
def playing(store: QSettings) -> Iterator[MainWindow]:
    """Open the window, press Start, and close it at the end."""
    made = make_window(store)
    made.show()
    made.controller.start()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def window(jack: JackServer, qapp, tmp_path: Path) -> Iterator[MainWindow]:
    with playing(settings(tmp_path, audio_input=str(DEMO_AUDIO), midi_out="none")) as made:
        yield made


def pick(picker: QComboBox, value: str) -> None:
    picker.setCurrentIndex(picker.findData(value))
    picker.activated.emit(picker.currentIndex())


def our_port(jack: JackServer) -> str:
    return next(port for port in jack.ports() if port.startswith("Stimmung:"))


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


@pytest.mark.note_ends
def test_output_changed_while_playing_and_closed_while_notes_sound(
    jack: JackServer, dump: MidiDump, window, qtbot
) -> None:
    qtbot.waitUntil(lambda: window.controller.look is not None, timeout=20_000)
    pick(window.page.devices.output, "virtual")
    qtbot.waitUntil(
        lambda: any(port.startswith("Stimmung:") for port in jack.ports()), timeout=20_000
    )
    jack.connect(our_port(jack), dump.port)
    qtbot.waitUntil(lambda: sounding(dump, 6), timeout=20_000)
    window.close()
    settled(dump)
    assert dump.ons and left_sounding(dump) == set()


def test_a_synthesizer_is_listed_by_name_and_plays_once_chosen(
    jack: JackServer, dump: MidiDump, window, qtbot
) -> None:
    qtbot.waitUntil(lambda: window.controller.look is not None, timeout=20_000)
    picker = window.page.devices.output
    name = dump.port.partition(":")[0]

    def rows() -> list[int]:
        return [row for row in range(picker.count()) if name in picker.itemText(row)]

    window.page.show_devices_tab()
    qtbot.waitUntil(lambda: len(rows()) == 1, timeout=20_000)
    picker.setCurrentIndex(rows()[0])
    picker.activated.emit(rows()[0])
    qtbot.waitUntil(lambda: len(dump.ons) > 3, timeout=20_000)
    assert name in window.controller.look.midi.port


def test_without_the_clock_that_is_to_be_followed_the_window_says_so(
    jack: JackServer, window, qtbot
) -> None:
    sync = window.page.devices.sync
    pick(sync.source, "midi")

    def waits() -> bool:
        now = window.controller.look
        return now is not None and now.sync.source == "midi" and not now.sync.locked

    qtbot.waitUntil(waits, timeout=20_000)
    qtbot.waitUntil(lambda: "waiting" in sync._light.text(), timeout=20_000)
    assert not window.page.transport.tempo.isEnabled()


def test_another_engine_takes_over_on_the_bar_line_while_playing(
    jack: JackServer, dump: MidiDump, qapp, qtbot, tmp_path: Path
) -> None:
    beats = 3
    wanted = json.dumps({"tempo_bpm": 180.0, "beats_per_bar": beats})
    store = settings(tmp_path, audio_input=str(DEMO_AUDIO), midi_out=dump.port, performance=wanted)
    with playing(store) as window:
        looks: list[tuple[str, float]] = []
        window.controller.bridge.snapshot.connect(
            lambda look: looks.append((look.engine, look.beat))
        )
        qtbot.waitUntil(lambda: len(dump.ons) > 3, timeout=20_000)
        pick(window.page.music.engine, "muser")
        qtbot.waitUntil(lambda: looks[-1][0] == "muser", timeout=20_000)
        first = next(n for n, (engine, _) in enumerate(looks) if engine == "muser")
        line = beats * math.floor((looks[first][1] + WRITTEN_AHEAD) / beats)
        assert line >= looks[first - 1][1]  # a bar began between the two looks
        qtbot.waitUntil(
            lambda: any(note.onset >= line for note in window.controller.look.notes),
            timeout=20_000,
        )
        assert not window.notice.isVisible()
    settled(dump)
    assert left_sounding(dump) == set()


@pytest.mark.proof
def test_a_synthesizer_that_goes_is_said_and_taken_back_by_name(
    jack: JackServer, dump: MidiDump, qapp, qtbot, tmp_path: Path
) -> None:
    store = settings(tmp_path, audio_input=str(DEMO_AUDIO), midi_out=dump.port)
    with playing(store) as window:
        qtbot.waitUntil(lambda: len(dump.ons) > 3, timeout=20_000)
        log = window.page.health.log
        dump.stop()
        qtbot.waitUntil(lambda: "MIDI out: lost" in log.toPlainText(), timeout=20_000)
        with midi_dump(jack, dump.port.partition(":")[0]) as back:
            qtbot.waitUntil(lambda: len(back.ons) > 3, timeout=20_000)
            qtbot.waitUntil(lambda: "MIDI out: back" in log.toPlainText(), timeout=20_000)
            window.close()
            settled(back)
            assert left_sounding(back) == set()


@pytest.mark.proof
def test_an_input_whose_sound_server_dies_is_said_and_taken_back_by_name(
    qapp, qtbot, tmp_path: Path, monkeypatch
) -> None:
    server = JackServer()
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    try:
        with playing(settings(tmp_path, audio_input="system jack", midi_out="none")) as window:

            def listens() -> bool:
                look = window.controller.look
                return look is not None and look.audio.alive and not look.audio.error

            qtbot.waitUntil(listens, timeout=20_000)
            server.kill()
            log = window.page.health.log
            qtbot.waitUntil(lambda: "Audio in: lost" in log.toPlainText(), timeout=20_000)
            assert "system" in window.controller.look.audio.error
            beat = window.controller.look.beat
            server.restart()
            qtbot.waitUntil(listens, timeout=20_000)
            assert "Audio in: back" in log.toPlainText()
            assert window.controller.look.beat > beat  # the music never stopped
    finally:
        server.stop()


@pytest.mark.note_ends
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
    until(lambda: any(port.startswith("Stimmung:") for port in jack.ports()), "our MIDI port", 30.0)
    port = our_port(jack)
    jack.connect(port, dump.port)
    until(lambda: sounding(dump), "a sounding note", 20.0)
    os.kill(window.pid, signal.SIGKILL)
    window.wait()
    until(lambda: port not in jack.ports(), "the port to close")
    settled(dump)
    assert dump.ons and left_sounding(dump) == set()
