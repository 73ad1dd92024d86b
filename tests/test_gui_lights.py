"""The window's lights: nodes, fixtures and lines are chosen there; what is wrong is said there."""

import pytest
from gui_samples import look
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QComboBox

from engine.mapping.lights import DEFAULT_LIGHTS, Fixture, LightMapping
from engine.settings.run import LiveConfig
from gui import texts
from gui.app import make_window
from gui.state.preferences import Preferences


@pytest.fixture
def window(qtbot, tmp_path):
    window = make_window(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


def test_everything_is_off_until_it_is_chosen(window):
    config = LiveConfig.from_mapping(
        {**window.controller.config(), "input": "none", "midi_out": "none"}
    )
    assert (config.oscquery, config.mqtt, config.lights_to, config.fixtures) == (None, None, (), ())


def test_oscquery_and_mqtt_are_chosen_and_a_wrong_broker_is_not(window):
    reach = window.page.devices.reach
    reach.oscquery.setCurrentIndex(reach.oscquery.findData("network"))
    reach.oscquery.activated.emit(reach.oscquery.currentIndex())
    reach.mqtt.setText("http://broker")
    reach.mqtt.editingFinished.emit()
    assert reach.problem.isVisibleTo(reach) and window.controller.config()["mqtt"] is None
    reach.mqtt.setText("broker:1884/hall")
    reach.mqtt.editingFinished.emit()
    assert not reach.problem.isVisibleTo(reach)
    config = window.controller.config()
    assert config["oscquery"] == "0.0.0.0:8766" and config["mqtt"] == "broker:1884/hall"


def test_fixtures_are_added_edited_kept_and_removed(window, tmp_path):
    lights, controller = window.page.devices.lights, window.controller
    lights.nodes.setText("artnet:10.0.0.7, sacn")
    lights.nodes.editingFinished.emit()
    assert controller.config()["lights_to"] == []  # no lamp hangs there yet
    lights._add_fixture()
    lights._add_fixture()
    assert controller.config()["lights_to"] == ["artnet:10.0.0.7", "sacn"]
    assert [(f.address, f.channels[0]) for f in controller.run.fixtures] == [
        (1, "dimmer"),
        (5, "dimmer"),
    ]
    lights.fixtures.item(1, 2).setText("511")
    assert "address must be 1..509" in lights.problem.text()
    assert controller.run.fixtures[1].address == 5
    lights.fixtures.item(1, 2).setText("21")
    lights.fixtures.item(1, 3).setText("red green blue")
    lights.fixtures.item(1, 0).setText("back")
    assert not lights.problem.isVisibleTo(lights)
    back = Fixture("back", 1, 21, ("red", "green", "blue"))
    assert controller.run.fixtures[1] == back
    kept = Preferences(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)).run
    controller.preferences._store.sync()
    assert kept.fixtures == controller.run.fixtures and kept.lights_to == "artnet:10.0.0.7  sacn"
    lights.fixtures.setCurrentCell(0, 0)
    lights._remove(lights.fixtures)
    assert controller.run.fixtures == (back,)
    LiveConfig.from_mapping({**controller.config(), "input": "none", "midi_out": "none"})


def test_lines_begin_with_the_usual_table_and_belong_to_the_performance(window):
    lights, model = window.page.devices.lights, window.controller.performance
    assert model.performance.lights == () and lights.lines.rowCount() == len(DEFAULT_LIGHTS)
    lights.lines.item(0, 4).setText("0,9")
    first = model.performance.lights[0]
    assert (first.high, first.smoothing_s) == (0.9, 1.0)  # what has no column is kept
    assert model.performance.lights[1:] == DEFAULT_LIGHTS[1:]
    lights.lines.item(0, 4).setText("much")
    assert "must be numbers" in lights.problem.text() and model.performance.lights[0] == first
    lights.lines.item(0, 4).setText("0.9")
    lights.lines.editItem(lights.lines.item(0, 1))
    (box,) = lights.lines.findChildren(QComboBox)
    box.setCurrentIndex(box.findData("loudness"))
    delegate = lights.lines.itemDelegateForColumn(1)
    delegate.commitData.emit(box)
    delegate.closeEditor.emit(box)
    assert model.performance.lights[0].source == "loudness"
    lights._add_line()
    assert model.performance.lights[-1] == LightMapping("arousal")
    lights.lines.setCurrentCell(0, 0)
    lights._remove(lights.lines)
    assert model.performance.lights == (*DEFAULT_LIGHTS[1:], LightMapping("arousal"))


def test_a_channel_of_its_own_in_a_preset_is_shown_and_kept(window):
    line = LightMapping("drop", fixture="back", to="strobe", curve=2.0)
    window.controller.performance.set(lights=(line,))
    lights = window.page.devices.lights
    assert lights.lines.rows() == [["back", "drop", "strobe", "0", "1"]]
    lights.lines.item(0, 4).setText("0.5")
    (changed,) = window.controller.performance.performance.lights
    assert (changed.to, changed.high, changed.curve) == ("strobe", 0.5, 2.0)


def test_what_fixtures_show_is_shown(window):
    devices = window.page.devices
    devices.show_snapshot(look(lights={"spot": (255, 0, 0), "back": (0, 0, 90)}))
    swatches = devices.lights._swatches
    assert set(swatches) == {"spot", "back"} and "rgb(255, 0, 0)" in swatches["spot"].styleSheet()
    devices.show_snapshot(look())
    assert not devices.lights._swatches
    assert texts.LIGHTS == "Lights"
