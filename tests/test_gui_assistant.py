"""The first start, as a new user goes through it: to notes in a synthesizer, without reading."""

import sys
from pathlib import Path

import numpy as np
import pytest
from gui_samples import look, settings
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QComboBox
from servers.fluidsynth import capture, fluidsynth
from servers.jack import JackServer

from engine.settings.latencies import measured_latency_s
from engine.snapshot import AudioHealth
from gui import texts
from gui.app import make_window
from gui.engine_process import child
from gui.engine_process.decode import Devices
from gui.state import first_steps
from gui.state.preferences import Preferences
from presets import DEMO_AUDIO

LOOP = Path(__file__).parent / "servers" / "steady_loop.py"
LEFT = Qt.MouseButton.LeftButton
WAIT_MS = 60_000
AUDIBLE = 0.01


@pytest.fixture
def made(qapp, tmp_path):
    windows = []

    def make(**values):
        window = make_window(settings(tmp_path, **values))
        window.show()
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close()


def pick(picker: QComboBox, name: str) -> None:
    picker.setCurrentIndex(picker.findData(name))
    picker.activated.emit(picker.currentIndex())


def loudest(samples: np.ndarray) -> float:
    return float(np.max(np.abs(samples))) if samples.size else 0.0


@pytest.mark.proof
def test_from_the_first_start_to_hearing_notes_in_a_synthesizer(
    jack: JackServer, made, qtbot, tmp_path
) -> None:
    with (
        fluidsynth(jack, "synth") as (midi_in, audio),
        capture(jack, "receiver", audio) as receiver,
    ):
        window = made()
        window.show_assistant()
        steps = window.assistant
        qtbot.waitUntil(lambda: steps.output.currentText() == midi_in, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: steps.said.text() == texts.STEP_IN_SILENT, timeout=WAIT_MS)
        pick(steps.input, str(DEMO_AUDIO))  # as the words say
        qtbot.waitUntil(lambda: steps.said.text() == texts.STEP_IN_GOOD, timeout=WAIT_MS)
        assert loudest(receiver.samples()) < AUDIBLE  # it listens, and keeps quiet
        QTest.mouseClick(steps.next, LEFT)
        qtbot.waitUntil(lambda: loudest(receiver.samples()) > AUDIBLE, timeout=WAIT_MS)
        QTest.mouseClick(steps.yes, LEFT)
        QTest.mouseClick(steps.next, LEFT)
        assert not steps.isVisible() and Preferences(settings(tmp_path)).welcomed
        qtbot.waitUntil(lambda: len(window.controller.look.notes) > 4, timeout=WAIT_MS)
        heard = len(receiver.samples())
        qtbot.waitUntil(lambda: loudest(receiver.samples()[heard:]) > AUDIBLE, timeout=WAIT_MS)
        assert not window.controller.held and window.controller.look.midi.alive


def test_skipping_is_remembered_and_leaves_silence(made, qtbot, tmp_path) -> None:
    window = made(midi_out="none", audio_input=str(DEMO_AUDIO))
    window.actions_by_name["assistant"].trigger()
    qtbot.waitUntil(lambda: window.controller.look is not None, timeout=WAIT_MS)
    QTest.mouseClick(window.assistant.skip, LEFT)
    assert not window.controller.wants_music and not window.controller.held
    assert Preferences(settings(tmp_path)).welcomed
    qtbot.waitUntil(lambda: window.controller.bridge.state == "idle", timeout=WAIT_MS)


def test_silence_and_clipping_are_said(made, qtbot) -> None:
    window = made(midi_out="none", audio_input=str(DEMO_AUDIO))
    window.show_assistant()
    steps = window.assistant
    for _ in range(100):
        steps._show_snapshot(look(audio=AudioHealth("mic", True, -90.0, 0, None, -90.0)))
    assert steps.said.text() == texts.STEP_IN_SILENT
    steps._show_snapshot(look(audio=AudioHealth("mic", True, -6.0, 0, None, 0.0)))
    assert steps.said.text() == texts.STEP_IN_CLIP
    steps._show_snapshot(look(audio=AudioHealth("mic", False, -120.0, 0, "mic unplugged")))
    assert steps.said.text() == "mic unplugged"


def test_a_running_synthesizer_is_proposed_before_anything_else() -> None:
    devices = Devices(midi_outputs=("Midi Through:0", "Keystation:1", "FLUID Synth (7):2"))
    assert first_steps.propose_output(devices, "virtual") == "FLUID Synth (7):2"
    assert first_steps.propose_output(devices, "Keystation:1") == "Keystation:1"
    assert first_steps.propose_output(Devices(midi_outputs=("Midi Through:0",)), "x") == "virtual"


def test_without_a_sound_card_the_demo_piece_is_proposed() -> None:
    assert first_steps.propose_input(Devices(), "Scarlett") == str(DEMO_AUDIO)
    assert first_steps.propose_input(Devices(audio_inputs=("mic",)), "Scarlett") == ""
    assert first_steps.propose_input(Devices(audio_inputs=("mic",)), "mic") == "mic"


def test_every_destination_has_its_instructions() -> None:
    windows = first_steps.hint_for_output("virtual", Devices(), "win32")
    assert "loopMIDI" in windows and windows == first_steps.cures("virtual", "win32")
    there = Devices(midi_systems=("ALSA",), jack=True)
    assert first_steps.hint_for_output("virtual", there, "linux") == texts.STEP_OUT_OWN
    assert first_steps.hint_for_output("virtual", Devices(), "linux") == texts.STEP_OUT_NO_SYSTEM
    assert first_steps.hint_for_output("jack", Devices(), "linux") == texts.STEP_OUT_NO_JACK
    assert "FLUID" in first_steps.hint_for_output("FLUID", there, "linux")


def test_without_an_instrument_the_built_in_one_is_proposed() -> None:
    devices = Devices(midi_outputs=("Midi Through:0",), audio_outputs=("Loudspeaker",))
    assert first_steps.propose_output(devices, "auto") == "built-in"
    assert "this computer" in first_steps.hint_for_output("built-in", devices)


@pytest.mark.proof
def test_the_latency_is_measured_in_the_assistant(
    jack: JackServer, made, qtbot, tmp_path, monkeypatch
) -> None:
    """The command that measures is given an output and an input 37 ms apart."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    real, loop = child.child_command, [sys.executable, "-P", str(LOOP), "0.037"]

    def command(module: str, *words: str) -> list[str]:
        return [*loop, *words] if module == "engine.cli" else real(module, *words)

    monkeypatch.setattr(child, "child_command", command)
    window = made(midi_out="built-in", audio_input="system, JACK Audio Connection Kit")
    window.show_assistant()
    steps = window.assistant
    qtbot.waitUntil(lambda: window.controller.look is not None, timeout=WAIT_MS)
    QTest.mouseClick(steps.next, LEFT)
    steps.test.setChecked(False)
    QTest.mouseClick(steps.latency, LEFT)
    qtbot.waitUntil(lambda: steps.cure.text() != texts.STEP_LATENCY_RUNS, timeout=WAIT_MS)
    assert steps.cure.text().startswith("Measured: built-in (a loop): 37."), steps.cure.text()
    assert measured_latency_s("built-in (a loop)") == pytest.approx(0.037, abs=0.001)
    qtbot.waitUntil(lambda: window.controller.bridge.state == "running", timeout=WAIT_MS)
