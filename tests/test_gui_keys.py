"""Keys, engine settings and MIDI learn: what is shown, what is sent, what is kept."""

from pathlib import Path

import pytest
from gui_samples import settings
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from engine.generators.shared.settings import SETTINGS
from engine.mapping.table import InputMapping
from engine.settings.fields import settings_of
from engine.settings.performance import Performance
from engine.transfer.elements import ELEMENTS
from gui import texts
from gui.app import make_window
from gui.widgets.engine_panel import EnginePanel
from gui.widgets.keys_panel import KeysPanel
from gui.widgets.learning import badge_words
from gui.widgets.more_settings import ELSEWHERE

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def keys(qtbot):
    panel = KeysPanel()
    qtbot.addWidget(panel)
    panel.resize(340, 700)
    panel.show()
    panel.sent = []
    for signal in (panel.chosen, panel.run_chosen, panel.asked):
        signal.connect(panel.sent.append)
    return panel


@pytest.fixture
def window(qapp, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.settings.presets.user_folder", lambda: tmp_path / "presets")
    window = make_window(settings(tmp_path, midi_out="none"))
    window.show()
    yield window
    window.close()


def names(panel):
    return [panel.keys.item(row).text() for row in range(panel.keys.count())]


def test_keyboards_are_checked_by_name_and_absent_ones_stay(keys):
    keys.show_devices(["Keystation", "Pads"], ["Organ"], listed=True)
    assert names(keys)[2:] == ["Keystation", "Pads", texts.ABSENT.format(name="Organ")]
    keys.keys.item(2).setCheckState(Qt.CheckState.Checked)
    assert keys.sent == [{"keys_in": ("Keystation", "Organ")}]
    keys.show_devices(["Keystation", "Pads"], ["Keystation", "Organ"], listed=True)
    assert len(keys.sent) == 1  # showing is not choosing


def test_transfer_needs_thru_and_names_its_elements(keys):
    keys.show_performance(Performance(), thru=False, playing=False)
    assert not keys.transfer.isEnabled() and not keys.capture.isEnabled()
    keys.show_performance(Performance(transfer=0.5), thru=True, playing=True)
    assert keys.sent == []
    keys.elements["chord"].click()
    assert keys.sent == [{"transfer_elements": tuple(n for n in ELEMENTS if n != "chord")}]
    keys.cue.click()
    keys.capture.click()
    assert keys.sent[1:] == ["cue", "capture"]


def test_a_kept_file_can_be_dragged_out(keys, tmp_path):
    assert keys.tile.mime() is None
    path = tmp_path / "bars 1.mid"
    path.write_bytes(b"MThd")
    keys.tile.show_path(path)
    assert [Path(url.toLocalFile()) for url in keys.tile.mime().urls()] == [path]
    path.unlink()
    assert keys.tile.mime() is None


@pytest.mark.parametrize("engine", SETTINGS)
def test_an_engine_shows_its_own_settings(qtbot, engine):
    panel = EnginePanel()
    qtbot.addWidget(panel)
    panel.show()
    sent = []
    panel.chosen.connect(sent.append)
    panel.show_performance(Performance(engine=engine))
    shown = {name for name, slider in panel.sliders.items() if slider.isVisible()}
    assert shown == {item.name for item in SETTINGS[engine]}
    for item in SETTINGS[engine]:
        panel.sliders[item.name].slider.setValue(1000)
        assert sent[-1] == {"settings": {item.name: item.high}}
        Performance(engine=engine).changed(sent[-1])


def test_every_setting_has_a_word():
    assert {item.name for table in SETTINGS.values() for item in table} <= set(
        texts.ENGINE_SETTINGS
    )


def test_what_was_learned_is_kept_shown_and_forgotten(window):
    target, learning = window.page.target, window.learning
    learning.arm("valence")
    assert texts.LEARN_NEEDS_MUSIC in window.notice.label.text() and not learning.armed
    window.controller.bridge.learned.emit(InputMapping("cc", 74, channel=2, sets="valence"))
    window.controller.bridge.learned.emit(InputMapping("note", 36, does="panic"))
    badge = next(
        child for child in target.sliders["valence"].children() if child.objectName() == "badge"
    )
    assert badge.text() == "CC 74 ch 3"
    # The same knob learned for something else moves only that.
    window.controller.bridge.learned.emit(InputMapping("cc", 74, channel=2, sets="arousal"))
    inputs = window.controller.performance.performance.inputs
    assert [item.sets or item.does for item in inputs] == ["panic", "arousal"]
    assert badge.text() == ""
    assert len(learning.menu("arousal", True).actions()) == 2
    learning.forgotten.emit("arousal")
    assert [item.does for item in window.controller.performance.performance.inputs] == ["panic"]
    window.controller.performance.undo()
    assert (
        window.controller.performance.performance.inputs == ()
    )  # one after the other: undone together


def test_badges_say_what_moves_a_control():
    assert badge_words(InputMapping("cc", 1, sets="valence")) == "CC 1"
    assert badge_words(InputMapping("program", 5, channel=9, does="panic")) == "Prog 5 ch 10"


def test_keyboards_are_remembered_and_told_to_the_engine(window, tmp_path):
    window.controller.choose(keys_in=("Keystation", "virtual"))
    window.controller.choose(thru=True)
    config = window.controller.config()
    assert config["keys_in"] == ("Keystation", "virtual") and config["thru"] is True
    window.controller.performance.set(settings={"temperature": 0.7})
    assert window.controller.config()["performance"]["settings"] == {"temperature": 0.7}


def test_smoothing_and_recentring_are_at_hand(window):
    target = window.page.target
    target.sliders["smoothing_s"].slider.setValue(200)
    target.sliders["recentre"].slider.setValue(1000)
    target.sliders["hysteresis"].slider.setValue(100)
    performance = window.controller.performance.performance
    assert (performance.smoothing_s, performance.recentre, performance.hysteresis) == (2, 1, 0.05)
    QTest.mouseDClick(target.sliders["recentre"].slider, LEFT)
    assert window.controller.performance.performance.recentre == 0.0


def test_every_setting_of_the_performance_has_a_control_in_the_window(window):
    more = window.page.music.more
    assert ELSEWHERE | set(more.controls) == set(settings_of(Performance))
    assert not ELSEWHERE & set(more.controls)
    more.controls["strength"].slider.setValue(250)
    more.controls["mpe"].click()
    performance = window.controller.performance.performance
    assert performance.strength == 0.25 and performance.mpe
    window.controller.performance.set(strength=0.75)
    assert more.controls["strength"]._value.text() == "0.75"
