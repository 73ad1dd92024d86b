"""The built-in instrument in the window: one switch, its output, volume and sounds."""

import pytest
from gui_samples import settings

from gui import texts
from gui.app import make_window
from gui.engine_process.decode import Devices
from gui.state.preferences import Preferences


@pytest.fixture
def window(qapp, tmp_path):
    made = make_window(settings(tmp_path, midi_out="virtual"))
    made.show_devices(Devices(audio_outputs=("Loudspeaker", "Headphones")))
    yield made
    made.close()


def test_one_switch_turns_it_on_and_off(window, tmp_path):
    panel = window.page.devices.instrument
    assert not panel.switch.isChecked()
    panel.switch.click()
    assert window.controller.run.midi_out == "built-in"
    assert window.page.devices.output.currentText() == texts.MIDI_OUTS["built-in"]
    assert Preferences(settings(tmp_path)).run.midi_out == "built-in"
    panel.switch.click()
    assert window.controller.run.midi_out == "auto"


def test_output_volume_and_sounds_reach_the_engine(window, monkeypatch):
    panel, controller = window.page.devices.instrument, window.controller
    panel.output.setCurrentIndex(panel.output.findData("Headphones"))
    panel.output.activated.emit(panel.output.currentIndex())
    panel.volume.slider.setValue(panel.volume.slider.maximum() // 2)
    monkeypatch.setattr(
        "gui.widgets.dialogs.ask_file", lambda _window, _title, _kinds, take: take("/tmp/x.sf2")
    )
    window.commands["open_soundfont"]()
    config = controller.config()
    assert config["audio_out"] == "Headphones" and config["soundfont"] == "/tmp/x.sf2"
    assert config["performance"]["volume"] == pytest.approx(0.5, abs=0.01)
    assert controller.output()["performance"]["volume"] == pytest.approx(0.5, abs=0.01)
    assert panel.sounds.currentText() == texts.AUDIO_FILE.format(name="x.sf2")
    window.commands["undo"]()
    assert controller.run.soundfont == ""


def test_an_output_that_is_unplugged_stays_chosen(window):
    panel = window.page.devices.instrument
    window.controller.choose(audio_out="Headphones")
    window.show_devices(Devices(audio_outputs=("Loudspeaker",)))
    assert panel.output.currentText() == texts.ABSENT.format(name="Headphones")
