"""Arranger pads, bars in the hand and set lists in the window."""

from dataclasses import replace

import pytest
from gui_samples import look, settings
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from test_gui_any_screen import check_pages, faults, inside, settle, shown

from engine.settings.performance import Performance
from engine.settings.presets import list_presets
from engine.settings.set_lists import Song, list_set_lists, save_set_list
from engine.snapshot import SongLook
from gui import texts
from gui.app import make_window
from gui.engine_process.bridge import EngineBridge

LEFT = Qt.MouseButton.LeftButton
SONG = SongLook(
    name="A rather long name of a set list for a Friday night",
    number=12,
    count=20,
    title="A rather long title of a song that somebody wrote",
    notes="Wait for the drummer, then two bars alone, and look at the singer before the ending",
    next_title="Another long title that does not end before the line does",
    next_notes="",
    next_entry="intro",
    ready=False,
    waits=True,
)


@pytest.fixture
def window(qapp, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    sent = []
    monkeypatch.setattr(
        EngineBridge, "command", lambda _self, do, **values: sent.append({"do": do, **values})
    )
    made = make_window(settings(tmp_path, midi_out="none"))
    made.sent = sent
    made.show()
    yield made
    made.close()


def test_pads_keys_and_menu_do_what_the_arranger_offers(window):
    pads = window.page.arranger.pads
    assert set(pads) == set(texts.ARRANGER) | set(texts.BARS_AHEAD)
    assert not pads["intro"].isEnabled()
    window.show_snapshot(look(arranging="fill", arranging_next="break"))
    for action, pad in pads.items():
        assert pad.isEnabled()
        pad.click()
        assert window.sent.pop() == {"do": "act", "action": action}
    assert window.page.arranger._state.text() == "now fill, next break"
    window.actions_by_name["ending"].trigger()
    window.actions_by_name["next_song"].trigger()
    assert [sent["action"] for sent in window.sent] == ["ending", "next_song"]


def test_bars_ahead_are_chosen_by_mouse_and_keys(window):
    roll = window.page.roll
    roll.resize(600, 200)
    roll.show_snapshot(look(beat=9.5, locked=(3,)))
    area = roll._area()

    def at(beat):
        return QPoint(round(roll._x(area, beat, 9.5)), round(area.center().y()))

    QTest.mouseClick(roll, LEFT, pos=at(13.5))
    assert window.sent == [{"do": "act", "action": "lock_bar 4"}]
    assert roll.accessibleName() == "Piano roll, bar 4, locked"
    QTest.mouseClick(roll, LEFT, pos=at(9.0))  # under way: nothing to change
    assert len(window.sent) == 1
    QTest.keyClick(roll, Qt.Key.Key_Right)
    QTest.keyClick(roll, Qt.Key.Key_Right)
    QTest.keyClick(roll, Qt.Key.Key_Delete)
    QTest.keyClick(roll, Qt.Key.Key_Left)
    QTest.keyClick(roll, Qt.Key.Key_Return)
    assert [sent["action"] for sent in window.sent[1:]] == ["clear_bar 5", "redraw_bar 4"]
    for entry in roll.menu().actions():
        entry.trigger()
    assert [sent["action"] for sent in window.sent[3:]] == [
        "lock_bar 4", "clear_bar 4", "redraw_bar 4",
    ]  # fmt: skip
    roll.show_snapshot(look(beat=12.5))  # it has begun
    assert roll.accessibleName() == texts.ROLL_NAME


def test_split_and_pause_are_chosen_under_keys(window):
    keys, model = window.page.keys, window.controller.performance
    assert keys.split.text() == texts.SPLIT_NONE and keys.pause.text() == texts.PAUSE_LEARNED
    keys.split.setFocus()
    keys.split.lineEdit().setText("C4")
    keys.split.interpretText()
    keys.pause.setValue(2.0)
    assert (model.performance.split, model.performance.pause_beats) == (60, 2.0)
    keys.split.lineEdit().setText("nonsense")
    keys.split.interpretText()
    assert model.performance.split == 0
    keys.player.setText("Ada")
    keys.player.editingFinished.emit()
    assert window.controller.config()["player"] == "Ada"
    turns = Performance(duet="turns")
    window.show_snapshot(look(performance=turns, pause_s=1.42))
    assert keys._pause_now.text() == "now after 1.4 s"
    window.show_snapshot(look(pause_s=1.42))
    assert keys._pause_now.text() == ""


def test_a_set_list_is_written_in_the_window(window, tmp_path):
    panel, songs, presets = window.page.songs, window.songs, window.page.presets
    songs.make("Friday")
    assert window.controller.run.set_list == "friday" and panel.add.isVisibleTo(panel)
    for row in (0, 2):
        presets.list.setCurrentRow(row)
        QTest.mouseClick(panel.add, LEFT)
    slugs = [preset.slug for preset in list_presets()]
    assert [song.preset for song in list_set_lists()[0][0].songs] == [slugs[0], slugs[2]]
    panel.choose_song(1)
    panel.title.setText("Second")
    panel.notes.setText("quiet")
    panel.notes.editingFinished.emit()
    panel.tempo.setValue(88.0)
    panel.entry.setCurrentIndex(2)
    panel.entry.activated.emit(2)
    kept = list_set_lists()[0][0].songs
    assert kept[1] == Song(slugs[2], "Second", "quiet", 88.0, "intro")
    QTest.mouseClick(panel.up, LEFT)
    assert list_set_lists()[0][0].songs == (kept[1], kept[0]) and panel.row == 0
    songs.write_out(tmp_path / "out.json")
    QTest.mouseClick(panel.remove, LEFT)
    assert list_set_lists()[0][0].songs == (kept[0],)
    songs.take_over(tmp_path / "out.json")
    assert list_set_lists()[0][0].songs == (kept[1], kept[0])
    songs.delete()
    assert list_set_lists()[0] == [] and window.controller.run.set_list == ""
    songs.make("?")
    assert "letter or digit" in window.notice.label.text()


def test_the_engine_gets_the_set_list_and_goes_on_where_it_was(window, tmp_path, monkeypatch):
    save_set_list("Friday", (Song("band"), Song("arpeggio")))
    controller = window.controller
    controller.choose(set_list="friday")
    assert controller.config()["set_list"] == "friday" and controller.config()["song"] == 0
    controller._on_snapshot(look(song=replace(SONG, number=2)))
    assert controller.config()["song"] == 2
    sent = []
    with monkeypatch.context() as patch:
        patch.setattr(controller.bridge, "_state", "running")
        patch.setattr(controller.bridge, "start", lambda config: sent.append("restart"))
        patch.setattr(controller.bridge, "command", lambda do, **values: sent.append((do, values)))
        controller.choose(set_list="")
        controller.choose(set_list="friday")
        window.songs.keep((Song("band"),))
    assert sent == [("set_list", {"name": name}) for name in ("", "friday", "friday")]
    (tmp_path / "stimmung" / "setlists" / "friday.json").write_text("{")
    assert controller.config()["set_list"] == ""  # the music starts all the same
    window.songs.reload()
    assert "friday.json" in window.page.songs._broken.text()


def test_what_an_ending_stopped_is_shown_as_held(window, monkeypatch):
    controller = window.controller
    controller._on_snapshot(look(running=False))
    assert controller.held
    controller._on_snapshot(look(running=True))
    assert not controller.held


@pytest.mark.parametrize("points", [8.0, 18.0])
def test_stage_view_and_pages_fit_with_everything_shown(window, points):
    save_set_list("Friday", tuple(Song("band", f"Song {n}", "notes") for n in range(12)))
    window.controller.choose(set_list="friday")
    window.page.songs.choose_song(3)
    state = look(arranging="cadence", arranging_next="section", locked=(3, 4), song=SONG)
    shown(window, (1024, 600), points, state)
    assert check_pages(window) == []
    window._pages.setCurrentWidget(window.stage)
    window.show_snapshot(state)
    settle()
    assert faults(window.stage) == [] and inside(window, window.stage._panic)
    words = [line.text() for line in (window.stage._song, window.stage._next, window.stage._notes)]
    assert words[0].startswith("12 of 20: A rather long title")
    assert words[1].endswith("(loading …)") and words[2] == SONG.notes
    window._pages.setCurrentWidget(window.page)
