"""Presets and choices of the run: what waits for the bar line, what can be undone."""

from dataclasses import replace

import pytest
from gui_samples import look, settings
from PyQt6.QtWidgets import QMessageBox

from engine.errors import PresetError
from engine.settings.performance import Performance
from engine.settings.presets import keep_preset, list_presets, load_preset, remove_preset
from engine.settings.run import LiveConfig
from gui import texts
from gui.app import make_window
from gui.state.performance_model import PerformanceModel
from gui.state.preferences import RunChoices

CALM = Performance(mode="guide", valence=0.5, arousal=-0.5)


@pytest.fixture
def model(qapp, fake_clock):
    made = PerformanceModel(Performance(), clock=fake_clock, run=RunChoices(midi_out="none"))
    made.posts, made.others = [], []
    made.posted.connect(made.posts.append)
    made.run_changed.connect(made.others.append)
    return made


@pytest.fixture
def window(qapp, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.settings.presets.user_folder", lambda: tmp_path / "presets")
    made = make_window(settings(tmp_path, midi_out="none"))
    made.show()
    yield made
    made.close()


def test_devices_and_seed_share_the_line_of_undo(model, fake_clock):
    model.choose(midi_out="jack")
    fake_clock.sleep(5.0)
    model.set(tempo_bpm=90.0)
    fake_clock.sleep(5.0)
    model.choose(seed=3)
    model.undo()
    assert (model.run.midi_out, model.run.seed) == ("jack", 0)
    assert model.performance.tempo_bpm == 90.0
    model.undo()
    model.undo()
    assert model.run.midi_out == "none" and not model.can_undo
    assert model.others == [{"midi_out": "jack"}, {"seed": 3}, {"seed": 0}, {"midi_out": "none"}]
    model.redo()
    assert model.others[-1] == {"midi_out": "jack"}


def test_what_waits_for_the_bar_is_taken_when_the_engine_plays_it(model):
    model.expect(CALM)
    model.adopt(Performance())
    assert model.performance == Performance() and model.expected == CALM
    model.adopt(CALM)
    assert model.performance == CALM and model.expected is None
    model.undo()
    assert model.performance == Performance()


def test_a_change_meanwhile_is_kept_in_what_comes(model):
    model.expect(CALM)
    model.set(tempo_bpm=80.0)
    assert model.expected == replace(CALM, tempo_bpm=80.0)
    model.adopt(replace(CALM, tempo_bpm=80.0))
    assert model.expected is None and model.performance.mode == "guide"


def test_undo_takes_off_what_waits_for_the_bar(model):
    model.expect(CALM)
    model.undo()
    assert model.expected is None and model.performance == Performance()
    assert model.posts == [{"mode": "follow"}]  # any change takes it off at the engine


def test_without_an_engine_nothing_has_to_wait(model):
    model.expect(CALM)
    model.expect_no_more()
    assert model.performance == CALM and model.expected is None


def test_a_preset_is_applied_at_once_while_nothing_plays(window):
    window.page.presets.applied.emit(load_preset("calm-down"))
    assert window.controller.performance.performance.mode == "guide"
    window.actions_by_name["undo"].trigger()
    assert window.controller.performance.performance.mode == "follow"


def test_what_comes_with_the_bar_is_marked_in_the_list(window):
    preset = load_preset("calm-down")
    window.controller.performance.expect(preset.performance)
    rows = [window.page.presets.list.item(row).text() for row in range(5)]
    assert [row for row in rows if "next bar" in row] == [
        f"  {preset.program}   Calm down   ▸ next bar"
    ]


def test_own_presets_are_renamed_numbered_and_deleted(window, tmp_path):
    window.presets.keep("Night")
    own = load_preset("night")
    assert own.own and own.program == max(p.program for p in list_presets())
    panel = window.page.presets
    panel.list.setCurrentRow(panel.list.count() - 1)
    assert panel._own.isVisibleTo(panel) and panel.program.value() == own.program
    window.presets.rename(own, " Late night ")
    assert load_preset("night").name == "Late night"
    window.presets.number(load_preset("night"), 99)
    assert load_preset("night").program == 99
    window.presets.number(load_preset("night"), 3)
    assert load_preset("night").program == 99 and "Calm down" in window.notice.label.text()
    window.presets.remove(load_preset("night"))
    assert not list((tmp_path / "presets").iterdir())


def test_shipped_presets_can_neither_be_renamed_nor_removed_nor_nameless_be_kept(window):
    panel = window.page.presets
    panel.list.setCurrentRow(0)
    assert not panel._own.isVisibleTo(panel)
    with pytest.raises(PresetError, match="shipped"):
        remove_preset(load_preset("calm-down"))
    with pytest.raises(PresetError, match="name"):
        keep_preset(" /// ", Performance())


def test_a_device_chosen_is_undone_and_remembered(window, tmp_path):
    window.page.devices.run_chosen.emit({"midi_out": "jack"})
    window.page.devices.reach.run_chosen.emit({"monitor": "here"})
    assert (
        window.controller.preferences.run.midi_out == "jack"
        and window.controller.config()["monitor"]
    )
    window.actions_by_name["undo"].trigger()
    window.actions_by_name["undo"].trigger()
    assert (
        window.controller.preferences.run.midi_out == "none"
        and not window.controller.config()["monitor"]
    )


def test_orders_by_page_need_the_token_and_it_stays_the_same(window):
    reach = window.page.devices.reach
    reach.run_chosen.emit({"monitor": "network"})
    assert window.controller.config()["monitor_token"] == ""
    reach.run_chosen.emit({"monitor_orders": True})
    token = window.controller.config()["monitor_token"]
    assert len(token) >= 12 and window.controller.config()["monitor_token"] == token
    window.take_addresses(f"http://0.0.0.0:8765/?token={token}", "http://127.0.0.1:8766/")
    assert not reach.query.isVisibleTo(reach)
    reach.show_query("http://127.0.0.1:8766/")
    assert "http://127.0.0.1:8766/" in reach.query.text() and reach.query.isVisibleTo(reach)
    assert reach.address.text() == texts.MONITOR_LATER  # nothing plays: nothing is served
    reach.show_address(f"http://192.168.1.5:8765/?token={token}", wanted=True)
    assert token not in reach.address.text().partition(">")[2] and reach.code.isVisibleTo(reach)


def test_orders_by_osc_are_switched_with_their_port(window):
    reach = window.page.devices.reach
    reach.takes.click()
    assert window.controller.config()["osc_in"] == reach.port.value()
    reach.port.setValue(7000)
    assert window.controller.config()["osc_in"] == 7000
    reach.takes.click()
    assert window.controller.config()["osc_in"] is None
    reach.run_chosen.emit({"osc": "127.0.0.1:9000 lights:9001"})
    assert window.controller.config()["osc"] == ["127.0.0.1:9000", "lights:9001"]


def test_a_device_in_use_is_not_called_absent(window):
    window.controller.choose(audio_input="mic, ALSA")
    window.controller.look = look()
    assert window.controller.hears_device
    window.controller.choose(audio_input="")
    assert not window.controller.hears_device


def test_a_broken_preset_is_named_and_the_others_are_listed(window, tmp_path):
    count = window.page.presets.list.count()
    (tmp_path / "presets").mkdir(exist_ok=True)
    (tmp_path / "presets" / "zz.json").write_text("{", encoding="utf-8")
    window.presets.reload()
    panel = window.page.presets
    assert panel.list.count() == count
    assert "zz.json" in panel._broken.text() and panel._broken.isVisibleTo(panel)


def test_a_name_that_is_taken_is_refused_or_asked_about(window, qtbot):
    window.presets.keep("C#")
    window.presets.keep("C")
    assert {"C#", "C"} <= {preset.name for preset in list_presets()}
    window.presets.rename(load_preset("C"), "c#")
    assert "c#" in window.notice.label.text()
    window.controller.performance.set(tempo_bpm=77.0)
    window.presets._keep_if_sure("C")
    question = window.findChild(QMessageBox)
    assert "“C”" in question.text() and load_preset("C").performance.tempo_bpm == 100.0
    question.buttons()[0].click()
    assert load_preset("C").performance.tempo_bpm == 77.0


def test_the_plugin_is_chosen_whole_and_left_whole(window):
    choose, run = window.controller.choose, lambda: window.controller.run
    choose(midi_out="plugin")
    assert (run().midi_out, run().sync, run().audio_input) == ("plugin", "plugin", "plugin")
    LiveConfig.from_mapping(window.controller.config())
    choose(audio_input="")
    assert run().midi_out == run().sync == "plugin", "another input may be heard"
    choose(sync="internal")
    assert (run().midi_out, run().sync) == ("virtual", "internal")
    choose(sync="plugin")
    assert run().midi_out == "virtual", "following alone is allowed"
