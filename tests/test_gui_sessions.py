"""Recorded sessions in the window: read beside it, drawn, replayed in time, played on from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gui_samples import emotion, settings
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from servers.jack import JackServer, MidiDump
from session_samples import INFO, a_note

from engine.errors import SessionError
from engine.events import TargetState
from engine.session.content import TimedNote
from engine.session.events_file import encode_emotion, encode_header, encode_note
from engine.session.folder import EVENTS_NAME
from gui import texts
from gui.app import make_window
from gui.state.session_reader import recorded_sessions, take_session

LEFT = Qt.MouseButton.LeftButton
STEP_S = 0.25
WAIT_MS = 60_000


def sounding(dump: MidiDump) -> set[tuple[int, int]]:
    """Return channel and pitch whose last message began a note."""
    last = {
        message.place: message.is_on for message in dump.heard if message.is_on or message.is_off
    }
    return {place for place, on in last.items() if on}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a session of ten seconds: forty notes, and silence in the middle."""
    made = tmp_path / "sessions" / "session-2026-01-02-030405"
    made.mkdir(parents=True)
    target = TargetState(0.2, 0.1, "follow", frozen=False, remaining_s=0.0)
    lines = [encode_header(INFO)]
    for n in range(100):
        state = "silence" if 40 <= n < 60 else "tracking"
        heard = emotion(time_s=n * 0.1, valence=n / 100, state=state)
        lines.append(encode_emotion(n * 0.1, heard, target))
    for n in range(40):
        note = TimedNote(a_note(n + 1, n * 0.5), n * STEP_S, n * STEP_S + 0.2)
        lines.append(encode_note(n * STEP_S, note))
    (made / EVENTS_NAME).write_bytes(b"".join(lines))
    return made


@pytest.fixture
def window(qapp, tmp_path, folder):
    store = settings(tmp_path, midi_out="none", record_folder=str(folder.parent))
    made = make_window(store)
    made.show()
    yield made
    made.close()


def test_a_session_is_taken_whole_with_gaps_where_nothing_was_heard(folder):
    look = take_session(folder)
    assert len(look.notes) == 40 and look.notes[4][:2] == [1.0, 1.2]
    valence = look.curves["valence"]
    assert valence[50] is None and valence[30] == pytest.approx(0.3)
    assert look.curves["target_valence"][50] == pytest.approx(0.2)
    assert [4.0, "silence"] in look.turns
    assert not look.complete and look.midi == ""
    assert look.performance["tempo_bpm"] == INFO.tempo_bpm


def test_long_sessions_are_thinned_out(folder):
    with (folder / EVENTS_NAME).open("ab") as stream:
        target = TargetState(0.0, 0.0, "follow", frozen=False, remaining_s=0.0)
        for n in range(100, 5000):
            stream.write(encode_emotion(n * 0.1, emotion(time_s=n * 0.1), target))
    curves = take_session(folder).curves
    assert 1000 < len(curves["time_s"]) <= 2000
    assert len({len(values) for values in curves.values()}) == 1


def test_the_reader_says_why_there_is_nothing_to_read(tmp_path):
    with pytest.raises(SessionError, match="no session"):
        take_session(tmp_path)
    command = [sys.executable, "-P", "-m", "gui.state.session_reader", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "no session" in json.loads(done.stdout)["problem"]


def test_sessions_are_listed_latest_first(folder):
    later = folder.with_name("session-2027-01-01-000000")
    later.mkdir()
    (later / EVENTS_NAME).touch()
    (folder.parent / "captures").mkdir()
    assert recorded_sessions(folder.parent) == [later, folder]
    assert recorded_sessions(folder / "nowhere") == []


def test_a_session_opens_beside_and_what_is_none_is_said(window, qtbot, tmp_path):
    window.actions_by_name["sessions"].trigger()
    view = window.session_view
    assert view.isVisible() and view.list.item(0).text() == "2026-01-02-030405"
    view.list.itemClicked.emit(view.list.item(0))
    assert window.sessions.reading.running
    qtbot.waitUntil(lambda: window.sessions.session is not None, timeout=WAIT_MS)
    assert "40 notes" in view._facts.text() and texts.SESSION_TORN in view._facts.text()
    assert view.plots.marks.shown == [texts.EVENTS["silence"]]
    window.open_session(tmp_path)
    qtbot.waitUntil(lambda: "no session" in view._facts.text(), timeout=WAIT_MS)
    assert not view.play.isEnabled() and not view.go_on.isEnabled()
    QTest.mouseClick(view.back, LEFT)
    assert window.page.isVisible()


@pytest.mark.proof
def test_a_session_is_replayed_in_time_held_and_played_on_from(
    jack: JackServer, dump: MidiDump, window, qtbot, folder
) -> None:
    window.controller.choose(midi_out=dump.port)
    window.controller.bridge.open()
    window.open_session(folder)
    view = window.session_view
    assert view.folders == (folder,)
    qtbot.waitUntil(lambda: window.sessions.session is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.controller.bridge.state == "idle", timeout=WAIT_MS)
    QTest.mouseClick(view.play, LEFT)
    qtbot.waitUntil(lambda: len(dump.ons) > 8, timeout=WAIT_MS)
    assert view.play.text() == texts.SESSION_HOLD
    steps = [(b.frame - a.frame) / jack.rate for a, b in zip(dump.ons, dump.ons[1:], strict=False)]
    assert sorted(steps)[len(steps) // 2] == pytest.approx(STEP_S, abs=0.02)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: view.play.text() == texts.SESSION_REPLAY, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not sounding(dump), timeout=WAIT_MS)
    count = len(dump.ons)
    view.plots.placed.emit(5.0)
    qtbot.waitUntil(lambda: len(dump.ons) > count + 2, timeout=WAIT_MS)
    assert window.sessions.look.at_s > 5.0
    QTest.mouseClick(view.go_on, LEFT)
    qtbot.waitUntil(lambda: window.controller.look is not None, timeout=WAIT_MS)
    assert window.page.isVisible() and window.sessions.look is None
    assert window.controller.seed == INFO.seed
    assert window.controller.look.tempo_bpm == pytest.approx(INFO.tempo_bpm)
