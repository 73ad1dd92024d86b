"""The real window against a real engine process, playing the demo piece without MIDI."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from gui_samples import settings
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from engine.settings.performance import Performance
from gui import texts
from gui.app import make_window
from gui.engine_process.bridge import RESTARTS, EngineBridge
from gui.state.preferences import Preferences
from gui.window.engine_messages import new_messages
from presets import DEMO_AUDIO

START_MS = 20_000
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def make(qapp, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.settings.presets.user_folder", lambda: tmp_path / "presets")
    monkeypatch.setattr("gui.engine_process.spare_engine._LATER_MS", 100)
    windows = []

    def make_one(**values):
        given = {"audio_input": str(DEMO_AUDIO), "midi_out": "none"} | values
        window = make_window(settings(tmp_path, **given))
        window.seen = []
        window.controller.bridge.snapshot.connect(window.seen.append)
        window.show()
        windows.append(window)
        return window

    yield make_one
    for window in windows:
        window.close()


@pytest.fixture
def window(make, qtbot):
    """Return a window that plays, with an engine of its own."""
    made = make()
    QTest.mouseClick(made.page.transport.start, LEFT)
    qtbot.waitUntil(lambda: bool(made.seen), timeout=START_MS)
    return made


@pytest.fixture(scope="module")
def shared(qapp, tmp_path_factory):
    """Return one window for all tests that leave its engine alone."""
    store = settings(
        tmp_path_factory.mktemp("shared"), audio_input=str(DEMO_AUDIO), midi_out="none"
    )
    made = make_window(store)
    made.seen = []
    made.controller.bridge.snapshot.connect(made.seen.append)
    made.show()
    made.controller.start()
    yield made
    made.close()


@pytest.fixture
def playing(shared, qtbot):
    """Return the shared window, playing with the usual settings."""
    controller = shared.controller
    if not controller.wants_music:
        controller.start()
    shared.notice.clear()
    controller.performance.replace(Performance())
    controller.set_frozen(False)
    controller.set_held(False)
    shared.seen.clear()
    qtbot.waitUntil(
        lambda: bool(shared.seen) and shared.seen[-1].performance == Performance(),
        timeout=START_MS,
    )
    return shared


def drag(plane, *places):
    points = [plane.position_of(*place).toPoint() for place in places]
    QTest.mousePress(plane, LEFT, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(plane, point)
    QTest.mouseRelease(plane, LEFT, pos=points[-1])


def test_dragging_the_target_moves_what_is_played(playing, qtbot):
    drag(playing.page.plane, (0.0, 0.0), (-0.3, 0.2), (-0.6, 0.4))

    def arrived():
        now = playing.seen[-1]
        return (
            now.mode == "manual"
            and now.target_valence == pytest.approx(-0.6, abs=0.02)
            and now.target_arousal == pytest.approx(0.4, abs=0.02)
        )

    qtbot.waitUntil(arrived, timeout=20_000)
    assert playing.page.target.mode_buttons["manual"].isChecked()


def test_settings_reach_the_engine_while_it_plays(playing, qtbot):
    playing.page.transport.tempo.setValue(133.0)
    playing.page.music.parts["bass"].click()
    playing.page.music.beats_per_bar.setValue(3)
    playing.page.target.freeze.click()

    def arrived():
        now = playing.seen[-1]
        return (
            now.tempo_bpm == 133.0
            and now.performance.parts == ("lead", "chords")
            and now.beats_per_bar == 3
            and now.frozen
        )

    qtbot.waitUntil(arrived, timeout=20_000)


def test_hold_and_panic_and_new_ideas(playing, qtbot):
    qtbot.waitUntil(lambda: playing.seen[-1].notes != (), timeout=10_000)
    QTest.mouseClick(playing.page.transport.hold, LEFT)
    qtbot.waitUntil(lambda: not playing.seen[-1].running, timeout=20_000)
    QTest.mouseClick(playing.page.transport.hold, LEFT)
    qtbot.waitUntil(lambda: playing.seen[-1].running, timeout=20_000)
    QTest.keyClick(playing, Qt.Key.Key_Escape)
    playing.page.music.regenerate.click()
    qtbot.waitUntil(
        lambda: {"panic", "seed"} <= {entry.kind for entry in playing.seen[-1].messages},
        timeout=20_000,
    )
    assert playing.page.music.seed.value() == playing.controller.seed == 1


def test_a_preset_is_applied_while_playing_and_undone(playing, qtbot):
    presets = playing.page.presets
    row = next(
        row for row in range(presets.list.count()) if "Calm down" in presets.list.item(row).text()
    )
    presets.list.setCurrentRow(row)
    QTest.mouseClick(presets.apply, LEFT)
    qtbot.waitUntil(lambda: playing.seen[-1].remaining_s > 200.0, timeout=20_000)
    playing.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: playing.seen[-1].mode == "follow", timeout=20_000)


def test_a_killed_engine_is_said_and_started_again_with_the_same_settings(window, qtbot):
    window.page.transport.tempo.setValue(77.0)
    qtbot.waitUntil(lambda: window.seen[-1].tempo_bpm == 77.0, timeout=20_000)
    bridge = window.controller.bridge
    qtbot.waitUntil(lambda: bridge.spare.process_id != 0, timeout=10_000)
    first, spare = bridge.process_id, bridge.spare.process_id
    os.kill(first, signal.SIGKILL)
    qtbot.waitUntil(lambda: window.notice.isVisible(), timeout=20_000)
    window.seen.clear()  # what comes from now on is the second engine's
    assert "killed or crashed" in window.notice.label.text()
    qtbot.waitUntil(lambda: bool(window.seen), timeout=START_MS)
    assert bridge.process_id == spare != first
    assert window.seen[-1].tempo_bpm == 77.0


def test_a_spare_engine_that_dies_is_no_news_and_none_is_needed(window, qtbot):
    bridge = window.controller.bridge
    qtbot.waitUntil(lambda: bridge.spare.process_id != 0, timeout=10_000)
    first, spare = bridge.process_id, bridge.spare.process_id
    os.kill(spare, signal.SIGKILL)
    qtbot.waitUntil(lambda: bridge.spare.process_id == 0, timeout=20_000)
    assert not window.notice.isVisible()
    os.kill(first, signal.SIGKILL)
    qtbot.waitUntil(lambda: bridge.process_id not in (0, first), timeout=START_MS)
    window.seen.clear()
    qtbot.waitUntil(lambda: bool(window.seen), timeout=START_MS)


def test_a_hung_engine_is_said_and_restarted_at_the_users_wish(window, qtbot, monkeypatch):
    monkeypatch.setattr("gui.window.engine_messages.UNRESPONSIVE_S", 0.5)
    monkeypatch.setattr("gui.engine_process.bridge.REOPEN_MS", 300)
    first = window.controller.bridge.process_id
    os.kill(first, signal.SIGSTOP)
    qtbot.waitUntil(lambda: "not answered" in window.notice.label.text(), timeout=20_000)
    window.seen.clear()
    QTest.mouseClick(window.notice.action, LEFT)
    qtbot.waitUntil(lambda: bool(window.seen), timeout=START_MS)
    assert window.controller.bridge.process_id != first


def test_listing_devices_does_not_hold_up_the_picture(playing, qtbot):
    playing.seen.clear()
    with qtbot.waitSignal(playing.controller.bridge.devices, timeout=20_000):
        playing.page.show_devices_tab()
    assert len(playing.seen) > 2


def test_closing_ends_the_engine_and_remembers_the_settings(window, qtbot, tmp_path):
    window.page.transport.tempo.setValue(91.0)
    process = window.controller.bridge.process_id
    window.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert Preferences(settings(tmp_path)).performance.tempo_bpm == 91.0


def test_stop_empties_the_window(playing, qtbot):
    QTest.mouseClick(playing.page.transport.start, LEFT)
    qtbot.waitUntil(lambda: playing.controller.bridge.state == "idle", timeout=10_000)
    assert playing.controller.look is None and playing.page.transport.start.text() == texts.START


def test_another_input_restarts_the_music_and_a_bad_one_is_said(playing, qtbot, tmp_path):
    playing.seen.clear()
    missing = str(tmp_path / "gone.wav")
    playing.page.devices.run_chosen.emit({"audio_input": missing})
    qtbot.waitUntil(lambda: "gone.wav" in playing.notice.label.text(), timeout=10_000)
    assert playing.controller.bridge.state == "idle" and not playing.controller.wants_music
    playing.page.devices.run_chosen.emit({"audio_input": str(DEMO_AUDIO)})
    playing.controller.start()
    qtbot.waitUntil(lambda: bool(playing.seen), timeout=START_MS)


def test_a_curve_file_gives_the_curve_mode(playing, qtbot, tmp_path):
    curve = tmp_path / "arc.csv"
    curve.write_text("beat,valence,arousal\n0,0.9,0.9\n1000,0.9,0.9\n")
    playing.controller.choose_curve(curve)
    qtbot.waitUntil(
        lambda: playing.seen[-1].mode == "curve" and playing.seen[-1].target_valence > 0.8,
        timeout=START_MS,
    )
    assert playing.page.target.mode_buttons["curve"].isVisible()
    assert not playing.notice.isVisible()


def test_sessions_are_recorded_each_into_its_own_folder(make, qtbot, tmp_path):
    folder = tmp_path / "sessions"
    window = make(record="yes", record_folder=str(folder))
    window.controller.start()
    qtbot.waitUntil(lambda: bool(window.seen), timeout=START_MS)
    qtbot.waitUntil(lambda: window.seen[-1].emotion is not None, timeout=10_000)
    window.close()
    (session,) = folder.iterdir()
    emotions = session / "emotion.csv"  # made by a process that the window does not wait for
    qtbot.waitUntil(lambda: emotions.is_file() and emotions.stat().st_size > 0, timeout=30_000)


def test_the_window_is_there_before_the_engine(make):
    window = make()
    assert window.isVisible() and window.controller.bridge.state == "absent"
    window.controller.bridge.open()
    assert window.controller.bridge.state == "booting"


def test_an_engine_that_cannot_live_is_not_restarted_for_ever(qapp, qtbot, monkeypatch, tmp_path):
    dies = tmp_path / "dies"
    dies.write_text("#!/bin/sh\necho 'no model here' >&2\nexit 3\n")
    dies.chmod(0o755)
    monkeypatch.setattr("engine.process.child.sys.executable", str(dies))
    quick = replace(RESTARTS, pauses_s=(0.01,))
    monkeypatch.setattr("gui.engine_process.bridge.RESTARTS", quick)
    bridge, deaths = EngineBridge(), []
    bridge.died.connect(lambda reason, again: deaths.append((reason, again)))
    bridge.open()
    qtbot.waitUntil(lambda: bool(deaths) and not deaths[-1][1], timeout=10_000)
    assert [again for _, again in deaths] == [True] * RESTARTS.give_up_after + [False]
    assert "no model here" in deaths[0][0]
    qtbot.wait(100)
    assert len(deaths) == RESTARTS.give_up_after + 1 and bridge.state == "absent"


def test_an_engine_that_is_not_there_is_said(qapp, qtbot, monkeypatch):
    monkeypatch.setattr("engine.process.child.sys.executable", "/nowhere/python")
    monkeypatch.setattr("gui.engine_process.bridge.RESTARTS", replace(RESTARTS, give_up_after=0))
    bridge = EngineBridge()
    with qtbot.waitSignal(bridge.died, timeout=20_000) as died:
        bridge.open()
    assert "could not be started" in died.args[0] and died.args[1] is False


def test_stage_view_shows_and_leaves(make, qtbot):
    window = make()
    window.actions_by_name["stage"].trigger()
    assert window.stage.isVisible() and not window.page.isVisible()
    drag(window.stage.plane, (0.5, 0.5))
    assert window.controller.performance.performance.mode == "manual"
    window.actions_by_name["stage"].trigger()
    assert window.page.isVisible() and not window.isFullScreen()


def test_own_presets_are_kept(make, tmp_path):
    window = make()
    window.controller.performance.set(tempo_bpm=66.0)
    window.presets.keep("My Night / 2")
    assert (tmp_path / "presets" / "my-night-2.json").is_file()
    names = [
        window.page.presets.list.item(row).text() for row in range(window.page.presets.list.count())
    ]
    assert any("My Night / 2" in name for name in names)
    window.presets.keep("///")
    assert window.notice.isVisible()


def test_window_is_found_where_it_was_left(make):
    window = make()
    window.resize(1300, 760)
    window.controller.performance.set(key="D:min")
    window.choose_theme("light")
    window.close()
    again = make()
    assert again.height() == 760  # the offscreen screen is narrower than the window
    assert (
        again.controller.performance.performance.key == "D:min"
        and again.controller.preferences.theme == "light"
    )


def test_every_control_has_a_name_for_screen_readers(make):
    from PyQt6.QtWidgets import (
        QAbstractButton,
        QAbstractSlider,
        QAbstractSpinBox,
        QComboBox,
        QLabel,
    )

    window = make()
    buddies = {label.buddy() for label in window.findChildren(QLabel)}
    for kind in (QAbstractSlider, QAbstractSpinBox, QComboBox):
        for control in window.page.findChildren(kind):
            if control.objectName().startswith("qt_") or type(control).__name__ == "QScrollBar":
                continue
            assert control.accessibleName() or control in buddies, control
    for button in window.page.findChildren(QAbstractButton):
        if not button.objectName().startswith("qt_"):
            assert button.text() or button.accessibleName() or not button.isVisible(), button


def test_only_new_messages_are_logged():
    assert new_messages((), ("a", "b")) == ("a", "b")
    assert new_messages(("a", "b"), ("a", "b", "c")) == ("c",)
    assert new_messages(("a", "b"), ("b", "c")) == ("c",)
    assert new_messages(("a",), ("x", "y")) == ("x", "y")


def test_files_are_where_the_engine_finds_them():
    assert Path(DEMO_AUDIO).is_file()
