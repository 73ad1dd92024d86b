"""Widgets against hand-made snapshots: what is shown, what is sent."""

import pytest
from gui_samples import emotion, look, note
from PyQt6.QtCore import QLocale, QPoint, Qt
from PyQt6.QtTest import QTest

from engine.settings.performance import Performance
from engine.snapshot import SyncHealth
from gui.engine_process.decode import Devices
from gui.state.preferences import RunChoices
from gui.theme import THEMES
from gui.widgets.devices_panel import DevicesPanel
from gui.widgets.emotion_plane import EmotionPlane
from gui.widgets.level_meter import LevelMeter
from gui.widgets.music_panel import MusicPanel
from gui.widgets.piano_roll import PianoRoll
from gui.widgets.sliders import LabelledSlider, Scale, SliderSpec
from gui.widgets.sync_panel import SyncPanel
from gui.widgets.target_panel import TargetPanel
from gui.widgets.transport import Transport

DARK = THEMES["dark"]
LEFT = Qt.MouseButton.LeftButton


def shown(qtbot, widget, width=400, height=400):
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


@pytest.fixture
def plane(qtbot):
    made = shown(qtbot, EmotionPlane(DARK))
    made.targets, made.goals = [], []
    made.target_moved.connect(lambda v, a: made.targets.append((v, a)))
    made.goal_moved.connect(lambda v, a: made.goals.append((v, a)))
    return made


def at(plane, valence, arousal) -> QPoint:
    return plane.position_of(valence, arousal).toPoint()


@pytest.mark.parametrize("point", [(-1, -1), (1, 1), (0, 0), (0.3, -0.6)])
def test_places_and_emotions_are_inverse(plane, point):
    assert plane.emotion_at(plane.position_of(*point)) == pytest.approx(point)


def test_arousal_grows_upwards_and_valence_to_the_right(plane):
    assert at(plane, 0, 1).y() < at(plane, 0, -1).y()
    assert at(plane, 1, 0).x() > at(plane, -1, 0).x()


def test_dragging_asks_for_a_target(plane):
    QTest.mousePress(plane, LEFT, pos=at(plane, 0.4, -0.2))
    QTest.mouseMove(plane, at(plane, -0.5, 0.5))
    QTest.mouseRelease(plane, LEFT, pos=at(plane, -0.5, 0.5))
    assert plane.targets[-1] == pytest.approx((-0.5, 0.5), abs=0.02)
    before = len(plane.targets)
    QTest.mouseMove(plane, at(plane, 0.9, 0.9))
    assert len(plane.targets) == before


def test_dragging_beyond_the_edge_stays_on_the_plane(plane):
    QTest.mousePress(plane, LEFT, pos=QPoint(2, 2))
    assert plane.targets == [(-1.0, 1.0)]


def test_in_guide_the_flag_is_the_goal_and_the_rest_the_target(plane):
    plane.show_performance(Performance(mode="guide", valence=0.8, arousal=-0.8))
    plane.show_snapshot(look(mode="guide"))
    QTest.mousePress(plane, LEFT, pos=at(plane, 0.8, -0.8))
    QTest.mouseMove(plane, at(plane, 0.6, -0.5))
    QTest.mouseRelease(plane, LEFT, pos=at(plane, 0.6, -0.5))
    assert plane.goals[-1] == pytest.approx((0.6, -0.5), abs=0.02) and not plane.targets


def test_arrow_keys_move_the_target(plane):
    plane.show_performance(Performance(mode="manual", valence=0.2, arousal=0.98))
    QTest.keyClick(plane, Qt.Key.Key_Right)
    QTest.keyClick(plane, Qt.Key.Key_Up)
    assert plane.targets[0] == pytest.approx((0.25, 0.98))
    assert plane.targets[1] == pytest.approx((0.2, 1.0))


def test_the_puck_is_the_target_played_unless_by_hand(plane):
    plane.show_snapshot(look(target_valence=-0.3, target_arousal=0.1))
    assert plane.puck == (-0.3, 0.1)
    plane.show_performance(Performance(mode="manual", valence=0.9, arousal=0.9))
    assert plane.puck == (0.9, 0.9)


def colours_of(widget) -> set[str]:
    image = widget.grab().toImage()
    return {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_heard_and_target_both_show_in_their_colours(plane, theme):
    plane.set_theme(theme)
    plane.show_snapshot(look(emotion=emotion(valence=-0.5, arousal=0.5)))
    assert {theme.heard, theme.target} <= colours_of(plane)


def test_silence_shows_no_heard_colour_and_no_ellipse(plane):
    plane.show_snapshot(look(emotion=emotion(state="silence")))
    assert DARK.heard not in colours_of(plane)


def test_plane_tells_a_screen_reader_where_things_are(plane):
    plane.show_snapshot(look())
    assert "valence +0.50" in plane.accessibleDescription()


def test_piano_roll_paints_played_committed_and_draft(qtbot):
    roll = shown(qtbot, PianoRoll(DARK))
    empty = roll.grab().toImage()
    roll.show_snapshot(look(notes=(), committed=(), draft=()))
    bars = roll.grab().toImage()
    roll.show_snapshot(look())
    full = roll.grab().toImage()
    assert empty != bars != full
    roll.show_snapshot(look(notes=(note(9.0, 5), note(9.2, 127))))
    assert roll.grab().toImage() != full


def test_level_light_stays_until_reset(qtbot):
    meter = shown(qtbot, LevelMeter(DARK), 200, 24)
    meter.show_level(-12.0, 0.0)
    meter.show_level(-40.0)
    assert meter.hot
    QTest.mouseClick(meter, LEFT)
    assert not meter.hot


def test_the_highest_peak_is_held_for_a_while(qtbot):
    meter = shown(qtbot, LevelMeter(DARK), 200, 24)
    meter.show_level(-20.0, -8.0)
    for _ in range(30):
        meter.show_level(-30.0, -25.0)
    assert meter.peak_db == -8.0 and not meter.hot
    for _ in range(30):
        meter.show_level(-30.0, -25.0)
    assert meter.peak_db == -25.0


@pytest.mark.parametrize("scale", [Scale(-1.0, 1.0), Scale(0.02, 20.0, logarithmic=True)])
def test_slider_scales_are_inverse(scale):
    for step in (0, 250, 500, 1000):
        assert scale.step_of(scale.value_at(step)) == step
    assert scale.step_of(1e9) == 1000 and scale.step_of(scale.low) == 0


def test_showing_a_value_is_not_moving_it(qtbot):
    moves = []
    slider = shown(
        qtbot, LabelledSlider(SliderSpec("x", Scale(-1.0, 1.0), str), moves.append), 300, 40
    )
    slider.show_value(0.5)
    assert not moves
    slider.slider.setValue(0)
    assert moves == [-1.0]


def test_target_panel_shows_the_page_of_the_mode_and_curve_only_with_a_file(qtbot):
    panel = shown(qtbot, TargetPanel())
    panel.show_performance(Performance(mode="guide"), "", False)
    assert (
        panel.sliders["guide_seconds"].isVisible() and not panel.mode_buttons["curve"].isVisible()
    )
    panel.show_performance(Performance(mode="follow"), "arc.csv", True)
    assert panel.sliders["bias_valence"].isVisible() and panel.mode_buttons["curve"].isVisible()
    assert panel.freeze.isChecked()


def test_guide_shows_the_time_left(qtbot):
    panel = shown(qtbot, TargetPanel())
    guide = Performance(mode="guide", guide_seconds=100.0)
    panel.show_snapshot(look(mode="guide", remaining_s=65.0), guide)
    assert "1:05 min left" in panel.remaining.text() and panel.remaining.value() == 350


def test_music_panel_sends_what_is_chosen(qtbot):
    panel = shown(qtbot, MusicPanel())
    panel.show_performance(Performance(), seed=3)
    sent = []
    panel.chosen.connect(sent.append)
    panel.parts["bass"].click()
    panel.beats_per_bar.setValue(3)
    panel.key.setCurrentIndex(panel.key.findData("D:min"))
    panel.key.activated.emit(panel.key.currentIndex())
    panel.valence_cc.setValue(21)  # taken by arousal: not even asked for
    panel.valence_cc.setValue(22)
    assert sent == [
        {"parts": ("lead", "chords")},
        {"beats_per_bar": 3},
        {"key": "D:min"},
        {"valence_cc": 22},
    ]


def test_a_device_that_is_gone_stays_chosen_and_is_said_to_be_gone(qtbot):
    panel = shown(qtbot, DevicesPanel(DARK))
    panel.show_devices(
        Devices(audio_inputs=("Mic, ALSA",), midi_outputs=("Synth",)),
        RunChoices(audio_input="Scarlett, ALSA"),
    )
    assert panel.input.currentData() == "Scarlett, ALSA"
    assert "not connected" in panel.input.currentText()
    panel.show_devices(
        Devices(audio_inputs=("Scarlett, ALSA",)),
        RunChoices(audio_input="Scarlett, ALSA", midi_out="Synth"),
    )
    assert panel.input.currentText() == "Scarlett, ALSA"
    assert "not connected" in panel.output.currentText()


def test_sync_panel_asks_for_a_port_only_with_midi_clock_and_shows_the_lock(qtbot):
    panel = shown(qtbot, SyncPanel())
    panel.show_settings(RunChoices(), [], listed=True)
    assert not panel.midi_in.isVisible()
    run = RunChoices(sync="midi", midi_in="Drums", clock_out=True)
    panel.show_settings(run, ["Controller"], listed=True)
    assert panel.midi_in.isVisible() and "not connected" in panel.midi_in.currentText()
    assert panel.clock_out.isChecked()
    panel.show_snapshot(look(sync=SyncHealth("midi", True, 0, "Controller", 0.4, "")))
    assert "locked" in panel._light.text()
    panel.show_snapshot(
        look(sync=SyncHealth("midi", False, 0, "Controller", 0.0, "no clock arrives"))
    )
    assert "no clock arrives" in panel._light.text()


def test_a_heard_beat_is_shown_and_takes_hints(qtbot):
    panel = shown(qtbot, SyncPanel())
    heard = SyncHealth("audio", True, 0, "", 0.0, "", "locked", 0.8, 97.5, 2, 3)
    panel.show_snapshot(look(sync=heard))
    assert "97.5 BPM, beat 2 of 3" in panel._light.text()
    for action, button in panel.hints.items():
        assert button.isVisible()
        with qtbot.waitSignal(panel.asked) as asked:
            button.click()
        assert asked.args == [action]
    panel.show_snapshot(look(sync=SyncHealth("midi", True, 0, "", 0.4, "")))
    assert not any(button.isVisible() for button in panel.hints.values())


def test_tempo_of_a_midi_clock_is_shown_and_not_ours_to_choose(qtbot):
    head = shown(qtbot, Transport(), 1200, 80)
    head.show_snapshot(
        look(tempo_bpm=127.5, sync=SyncHealth("midi", True, 0, "Controller", 0.4, ""))
    )
    head.show_performance(Performance(tempo_bpm=72.0))
    assert head.tempo.value() == 127.5 and not head.tempo.isEnabled()
    head.show_snapshot(look())
    assert head.tempo.isEnabled()


@pytest.mark.parametrize(
    ("state", "word"),
    [("silence", "Silence"), ("settling", "Settling"), ("uncertain", "Uncertain")],
)
def test_head_says_how_far_to_trust_the_mood(qtbot, state, word):
    head = shown(qtbot, Transport(), 1200, 80)
    head.show_snapshot(look(emotion=emotion(state=state)))
    words = [label.text() for label in head.findChildren(type(head._state))]
    assert any(text.startswith(word) for text in words)
    assert "F♯ minor" in words and "3 . 2" in words


def test_tempo_shown_is_not_tempo_chosen(qtbot):
    head = shown(qtbot, Transport(), 1200, 80)
    chosen = []
    head.chosen.connect(chosen.append)
    head.show_performance(Performance(tempo_bpm=72.0))
    assert head.tempo.value() == 72.0 and not chosen
    head.tempo.setValue(90.0)
    assert chosen == [{"tempo_bpm": 90.0}]


@pytest.mark.parametrize("language", ["en_GB", "de_DE", "ja_JP"])
@pytest.mark.parametrize("typed", ["127.5", "127,5"])
def test_a_tempo_may_be_typed_with_a_point_or_a_comma(qtbot, language, typed):
    head = shown(qtbot, Transport(), 1200, 80)
    head.tempo.setLocale(QLocale(language))
    head.tempo.selectAll()
    QTest.keyClicks(head.tempo, typed)
    QTest.keyClick(head.tempo, Qt.Key.Key_Return)
    assert head.tempo.value() == 127.5
