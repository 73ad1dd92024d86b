"""A screen reader can use the window: names, roles, values and order of focus of every control.

Asked through Qt's accessibility interface, which screen readers ask too.
"""

import itertools

import pytest
from accessible import AVAILABLE, Role, accessible
from gui_samples import emotion, look, settings
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollBar,
    QSlider,
    QTabBar,
    QTableWidget,
    QWidget,
)
from test_gui_any_screen import DEVICES, settle
from test_gui_arranger import SONG

from engine.settings.performance import Performance
from engine.settings.set_lists import Song, save_set_list
from gui import texts
from gui.app import make_window
from gui.state.health import Counts, judge
from gui.widgets import speech
from gui.widgets.emotion_plane import EmotionPlane
from gui.widgets.health_strip import HealthStrip
from gui.widgets.menus import SHORTCUTS, ShortcutsPage
from gui.widgets.piano_roll import PianoRoll
from gui.window.assistant import Assistant

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="Qt's binary interface of another platform")

ROLES = (
    (QPushButton, {Role.BUTTON, Role.CHECK_BOX}),
    (QCheckBox, {Role.CHECK_BOX}),
    (QComboBox, {Role.COMBO_BOX}),
    (QAbstractSpinBox, {Role.SPIN_BOX}),
    (QSlider, {Role.SLIDER}),
    (QListWidget, {Role.LIST}),
    (QTableWidget, {Role.TABLE}),
    (QTabBar, {Role.PAGE_TAB_LIST}),
    (QLineEdit, {Role.EDITABLE_TEXT}),
    (QPlainTextEdit, {Role.EDITABLE_TEXT}),
    ((EmotionPlane, PianoRoll, HealthStrip), {Role.CLIENT, Role.PANE, 0x13}),
)
"""Kind of control → what it is to a screen reader; what we paint ourselves has no role of Qt's."""


@pytest.fixture(scope="module")
def window(qapp, tmp_path_factory):
    folder = tmp_path_factory.mktemp("read")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CONFIG_HOME", str(folder))
    save_set_list("Friday", tuple(Song("band", f"Song {number}") for number in range(3)))
    made = make_window(settings(folder, midi_out="none", set_list="friday"))
    made.resize(1366, 768)
    made.show()
    made.show_devices(DEVICES)
    made.page.songs.choose_song(1)
    made.show_snapshot(look(song=SONG, arranging="fill"))
    yield made
    made.close()
    patch.undo()


def pages(window):
    """Return every page by its title, each shown when it is asked for."""
    tabs = window.page.tabs

    def tab(index):
        window._pages.setCurrentWidget(window.page)
        tabs.setCurrentIndex(index)
        return window.page

    def page(widget):
        window._pages.setCurrentWidget(widget)
        window.show_snapshot(look(song=SONG))
        return widget

    found = {tabs.tabText(n): lambda n=n: tab(n) for n in range(tabs.count())}
    found["stage"] = lambda: page(window.stage)
    found["sessions"] = lambda: page(window.session_view)
    return found


_RUNS = itertools.count(1)
PAGES = [*texts.TABS, "stage", "sessions"]


def controls(root: QWidget) -> list[QWidget]:
    """Return what can have the focus."""
    inner = (QComboBox, QAbstractSpinBox)
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisibleTo(root)
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not isinstance(widget, QScrollBar)
        and widget.focusProxy() is None
        and not isinstance(widget.parentWidget(), inner)
        and widget.objectName() not in ("badge", "qt_scrollarea_viewport")
        and not (isinstance(widget, QWidget) and isinstance(widget.parent(), QAbstractScrollArea))
    ]


def faults(root: QWidget) -> list[str]:
    found, buttons = [], []
    for widget in controls(root):
        heard = accessible(widget)
        kind, name = type(widget).__name__, heard.name
        wanted = next((roles for kinds, roles in ROLES if isinstance(widget, kinds)), None)
        said = widget.accessibleName() if isinstance(widget, QComboBox) else name
        if not said.strip() and not isinstance(widget, QTabBar):
            found.append(f"{kind} has no name: {widget.toolTip()!r}")
        if wanted is None or heard.role not in wanted:
            found.append(f"{kind} {name!r} has the role {heard.role:#x}")
        if heard.enabled != widget.isEnabled() or not heard.visible:
            found.append(f"{kind} {name!r} is not as it is shown")
        if isinstance(widget, QPushButton) and widget.isCheckable():
            if heard.checked != widget.isChecked():
                found.append(f"{kind} {name!r} is not as checked as it is shown")
        if isinstance(widget, (QComboBox, QAbstractSpinBox, QSlider)) and not heard.value:
            found.append(f"{kind} {name!r} has no value")
        if isinstance(widget, QAbstractSpinBox) and widget.specialValueText() == widget.text():
            if heard.value != widget.text():
                found.append(f"{kind} {name!r} shows {widget.text()!r} and says {heard.value!r}")
        if isinstance(widget, QSlider):
            shown = widget.parentWidget().findChildren(QLabel)[1].text()
            if not heard.description.startswith(shown):
                found.append(f"{kind} {name!r} shows {shown!r} and says {heard.description!r}")
        if isinstance(widget, QListWidget):
            rows = [child.name for child in heard.children() if child.role == Role.LIST_ITEM]
            if len(rows) != widget.count() or not all(rows):
                found.append(f"{kind} {name!r} has rows without a name: {rows}")
        if isinstance(widget, QPushButton):
            buttons.append(name)
    for bar in root.findChildren(QProgressBar):
        if bar.isVisibleTo(root) and not accessible(bar).name:
            found.append("a progress bar has no name")
    twice = {name for name in buttons if buttons.count(name) > 1}
    return found + [f"several buttons are called {name!r}" for name in sorted(twice)]


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name_its_role_and_its_value(window, page):
    root = pages(window)[page]()
    settle()
    assert len(controls(root)) >= 2
    assert faults(root) == []
    window._pages.setCurrentWidget(window.page)


@pytest.mark.parametrize("mode", ["guide", "manual", "curve"])
def test_controls_of_every_mode_and_engine_are_named(window, mode):
    window._pages.setCurrentWidget(window.page)
    window.page.tabs.setCurrentIndex(0)
    for engine in ("muser", "amt"):
        window.controller.performance.set(mode=mode, engine=engine)
        settle()
        assert faults(window.page) == []
    window.controller.performance.set(mode="follow", engine="rules")


def test_dialogs_and_menus_are_named(window):
    steps = Assistant(window.controller, window)
    steps.show_devices(DEVICES)
    steps.show()
    for step in range(3):
        steps._go(step)
        settle()
        assert faults(steps) == []
    steps.close()
    page = ShortcutsPage(window)
    page.show()
    settle()
    words = [label.text() for label in page.findChildren(QLabel)]
    assert all(QKeySequence(keys).toString() in words for keys in SHORTCUTS.values())
    page.close()
    for menu in window.menuBar().actions():
        for entry in accessible(menu.menu()).children():
            assert entry.name or entry.role != Role.MENU_ITEM


def tab_order(root: QWidget, first: QWidget) -> list[QWidget]:
    """Return what Tab comes to, from one control on, until it comes again."""
    wanted, found, widget = set(controls(root)), [], first
    for _ in range(2000):
        if widget in wanted:
            found.append(widget)
        widget = widget.nextInFocusChain()
        if widget is first:
            return found
    raise AssertionError("the chain of focus never comes back")


@pytest.mark.parametrize("page", PAGES)
def test_tab_comes_to_every_control_from_top_to_bottom(window, page):
    root = pages(window)[page]()
    settle()
    there = controls(root)
    order = tab_order(root, there[0])
    assert set(order) == set(there) and len(order) == len(set(order))
    wrong = []
    for before, after in zip(order, order[1:], strict=False):
        if before.parentWidget() is not after.parentWidget():
            continue
        one, two = before.geometry(), after.geometry()
        same_line = two.top() < one.center().y() < two.bottom() or (
            one.top() < two.center().y() < one.bottom()
        )
        if (two.left() <= one.left()) if same_line else (two.top() < one.top()):
            wrong.append(f"{accessible(after).name!r} comes after {accessible(before).name!r}")
    assert wrong == []
    window._pages.setCurrentWidget(window.page)


def test_keys_reach_the_status_line_and_what_it_says(window):
    window._pages.setCurrentWidget(window.page)
    window.actions_by_name["read_status"].trigger()
    strip = window.page.strip
    assert window.focusWidget() is strip
    wanted = []
    strip.details_wanted.connect(lambda: wanted.append(True))
    QTest.keyClick(strip, Qt.Key.Key_Return)
    assert wanted and window.page.tabs.tabText(window.page.tabs.currentIndex()) == "Health"


def shown_second_by_second(window, seconds):
    """Yield after every look of so many seconds of music in which everything changes."""
    began_s = 1e9 * next(_RUNS)
    for number in range(round(seconds * 10)):
        speech._clock = lambda at=began_s + number / 10: at
        mood = (number / 30) % 2.0 - 1.0
        heard = emotion(valence=mood, arousal=-mood, chord="ACDE"[number // 7 % 4] + ":maj")
        window.show_snapshot(
            look(
                beat=number / 5,
                time_s=number / 10,
                emotion=heard,
                target_valence=mood,
                performance=Performance(duet="turns"),
                pause_s=1.0 + number / 300,
                tracker_load=number / 600,
                arranging=("", "fill", "break")[number // 13 % 3],
            )
        )
        yield


@pytest.mark.parametrize("page", ["Keys", "Health", "stage"])
def test_live_values_are_announced_sparingly(window, monkeypatch, page):
    """Qt tells of every new name; how often they change is how often it is said."""
    monkeypatch.setattr(speech, "_clock", speech._clock)
    root = pages(window)[page]()
    settle()
    watched = [*root.findChildren(QLabel), window.page.strip]
    names = {widget: accessible(widget).name for widget in watched}
    changes = dict.fromkeys(watched, 0)
    for _ in shown_second_by_second(window, 30.0):
        for widget in watched:
            name = accessible(widget).name
            changes[widget] += name != names[widget]
            names[widget] = name
    assert sum(changes.values()) >= 5
    most = 30.0 / speech.EVERY_S + 1
    assert {names[w]: n for w, n in changes.items() if n > most and w.isVisibleTo(root)} == {}
    window._pages.setCurrentWidget(window.page)


def test_the_status_line_says_what_matters(window, monkeypatch):
    monkeypatch.setattr(speech, "_clock", speech._clock)
    for _ in shown_second_by_second(window, 6.0):
        pass
    said = window.page.strip.accessibleName()
    assert said.startswith("Status: All well") and "Bar and beat" in said and "heard" in said
    assert accessible(window.page.transport._chord).name.startswith(f"{texts.CHORD}: ")


def test_a_new_problem_is_said_at_once(window, monkeypatch):
    monkeypatch.setattr(speech, "_clock", lambda: 1e15)
    strip = window.page.strip
    strip.show_health(look(), ())
    bad = look(audio=look().audio.__class__("Mixer", False, -120.0, 0, "it was unplugged"))
    strip.show_health(bad, judge(bad, Counts.of(bad)))
    assert strip.accessibleName().startswith(f"{texts.STATUS}: Audio in")
