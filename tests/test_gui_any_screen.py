"""The window on any screen: nothing is cut, nothing overlaps, and PANIC can always be pressed.

Every label, button and field is asked whether its text fits into the room it was given, from
1024 x 600 to 4K, with text from 8 to 18 pt, and with numbers as three languages write them.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gui_samples import emotion, look, settings
from PyQt6.QtCore import QEvent, QLocale, QPoint, QRect, QSize, Qt
from PyQt6.QtGui import QFont, QFontMetrics, QTextDocument
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)

from engine.events import EmotionState
from engine.settings.performance import Performance
from engine.snapshot import ReplayLook
from gui import texts
from gui.app import make_window
from gui.engine_process.decode import Devices
from gui.widgets.menus import ShortcutsPage
from gui.widgets.plots import Plot
from gui.window.assistant import Assistant

SIZES = [(1024, 600), (1366, 768), (1920, 1080), (3840, 2160)]
POINTS = [8.0, 10.5, 14.0, 18.0]
WORST_MOOD = emotion(valence=0.5, arousal=0.0, state="uncertain")
DEVICES = Devices(("Scarlett 18i20 USB, USB Audio",), ("Keystation",), ("FLUID Synth (7):2",))


@pytest.fixture(scope="module")
def window(qapp, tmp_path_factory):
    made = make_window(settings(tmp_path_factory.mktemp("screen"), midi_out="none"))
    made.show()
    made.show_devices(DEVICES)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    QLocale.setDefault(QLocale("en_GB"))


def settle() -> None:
    for _ in range(6):  # a layout that changes another takes more than one turn
        QApplication.sendPostedEvents()
        QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def bold(font: QFont) -> QFontMetrics:
    heavy = QFont(font)
    heavy.setBold(True)
    return QFontMetrics(heavy)


def text_of(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return widget.currentText()
    return widget.text() if hasattr(widget, "text") else ""


def needed(widget: QWidget) -> QSize | None:
    """Return the room a widget's text needs within it, None if it shows no text."""
    text, metrics = text_of(widget), widget.fontMetrics()
    if not text:
        return None
    width = metrics.horizontalAdvance(text)
    if isinstance(widget, QLabel):
        if "<" in text:
            document = QTextDocument()
            document.setDefaultFont(widget.font())
            document.setHtml(text)
            width = round(document.idealWidth()) - 2 * round(document.documentMargin())
        if widget.wordWrap():
            pieces = QLabel.text(widget).replace("\u200b", " ").split()
            longest = max(map(metrics.horizontalAdvance, pieces))
            return QSize(longest, widget.heightForWidth(widget.width()))
        return QSize(width, metrics.height())
    if isinstance(widget, QAbstractButton):
        checked = isinstance(widget, QPushButton) and widget.isChecked()
        heavier = bold(widget.font()).horizontalAdvance(text) - width if checked else 0
        return QSize(widget.minimumSizeHint().width() + heavier, metrics.height())
    return QSize(width, metrics.height())


def room(widget: QWidget) -> QSize:
    """Return the room there is for the text of a widget."""
    if isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        return (
            widget.style()
            .subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, widget)
            .size()
        )
    if isinstance(widget, QAbstractSpinBox):
        return widget.lineEdit().size() - QSize(4, 0)
    if isinstance(widget, QLabel) and not widget.wordWrap():
        return widget.contentsRect().size()
    return widget.size()


KINDS = (QLabel, QAbstractButton, QAbstractSpinBox, QComboBox, QProgressBar)


def visible(root: QWidget) -> list[QWidget]:
    return [
        widget
        for widget in root.findChildren(QWidget)
        if isinstance(widget, KINDS)
        and widget.isVisibleTo(root)
        and widget.objectName() != "badge"
        and not widget.objectName().startswith("qt_")
        and not isinstance(widget.parentWidget(), (QComboBox, QTabBar))
    ]


def name(widget: QWidget) -> str:
    return f"{type(widget).__name__} {text_of(widget)!r}"


def faults(root: QWidget) -> list[str]:
    """Return every text that is cut, and every pair of neighbours that overlap."""
    found = []
    for widget in visible(root):
        want, have = needed(widget), room(widget)
        if want is not None and (want.width() > have.width() or want.height() > have.height()):
            found.append(
                f"{name(widget)} needs {want.width()} x {want.height()}, has "
                f"{have.width()} x {have.height()}"
            )
        parent = widget.parentWidget()
        if parent is not None and not parent.rect().contains(widget.geometry()):
            found.append(f"{name(widget)} stands out of its panel")
        left = widget.mapTo(root, QPoint(0, 0)).x()
        if left < 0 or left + widget.width() > root.width():
            found.append(f"{name(widget)} stands out of the window")
    for parent in {widget.parentWidget() for widget in visible(root)}:
        children = [
            child
            for child in parent.findChildren(
                QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly
            )
            if child.isVisibleTo(root) and not child.isWindow() and child.objectName() != "badge"
        ]
        for number, child in enumerate(children):
            for other in children[number + 1 :]:
                if child.geometry().intersects(other.geometry()):
                    found.append(f"{name(child)} overlaps {name(other)}")
    for plot in root.findChildren(Plot):
        axis = plot.getPlotItem().getAxis("left")
        text = axis.label.toPlainText().strip()
        wide = axis.label.boundingRect().width()
        if plot.isVisibleTo(root) and text and wide > plot.height():
            found.append(f"the title {plot.title!r} of a plot does not fit")
    for area in root.findChildren(QScrollArea):
        if area.isVisibleTo(root) and area.widget() is not None:
            viewport = area.viewport()
            if area.widget().width() > viewport.width():
                found.append(f"{area.widget()} is wider than its scroll area")
    for bar in root.findChildren(QTabBar):
        if bar.isVisibleTo(root) and bar.sizeHint().width() > bar.width():
            have = bar.width(), [bar.tabText(n) for n in range(bar.count())]
            found.append(f"the titles of the pages need {bar.sizeHint().width()}, have {have}")
    return found


def inside(window: QWidget, widget: QWidget) -> bool:
    corner = widget.mapTo(window, QPoint(0, 0))
    return widget.isVisible() and window.rect().contains(QRect(corner, widget.size()))


def mood(**values) -> EmotionState:
    return emotion(valence=0.8, arousal=0.5, tags=(("joyful_activation", 0.9),), **values)


def worst_looks() -> list:
    return [
        look(emotion=WORST_MOOD, tempo_bpm=299.5, beat=4000.0, remaining_s=1800.0, frozen=True),
        look(tracker_load=1.01, emotion=mood()),
    ]


def check_pages(window) -> list[str]:
    """Look at every page of the window; return what is wrong, with the page."""
    found = []

    def check(title: str, root: QWidget, panic: QWidget) -> None:
        settle()
        found.extend(f"{title}: {fault}" for fault in faults(root))
        if not inside(window, panic):
            found.append(f"{title}: PANIC cannot be seen")

    tabs = window.page.tabs
    for index in range(tabs.count()):
        tabs.setCurrentIndex(index)
        check(tabs.tabText(index), window.page, window.page.transport.panic)
    window._pages.setCurrentWidget(window.stage)
    for state in (None, *worst_looks()):
        window.show_snapshot(state)
        check("stage", window.stage, window.stage._panic)
    window._pages.setCurrentWidget(window.session_view)
    window.session_view.show_replay(ReplayLook("x", 3599.0, 9999.0, True, False, "FLUID", True))
    check("sessions", window.session_view, window.session_view.panic)
    window._pages.setCurrentWidget(window.page)
    return found


def shown(window, size: tuple[int, int], points: float, state) -> None:
    window.resize_text(points)
    window.resize(*size)
    settle()
    window.show_snapshot(state)
    settle()
    least = [page.minimumSizeHint() for page in (window.page, window.stage, window.session_view)]
    assert (window.width(), window.height()) == size, least


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_and_nothing_overlaps(window, size, points) -> None:
    shown(window, size, points, worst_looks()[0])
    assert check_pages(window) == []


@pytest.mark.parametrize("language", ["de_DE", "ja_JP"])
@pytest.mark.parametrize("points", [8.0, 18.0])
def test_numbers_fit_as_other_languages_write_them(window, language, points) -> None:
    QLocale.setDefault(QLocale(language))
    window.setLocale(QLocale(language))
    window.show_wanted()
    shown(window, SIZES[0], points, worst_looks()[1])
    assert check_pages(window) == []
    comma = "," in window.page.target.sliders["smoothing_s"]._value.text()
    assert comma == (language == "de_DE")
    window.setLocale(QLocale("en_GB"))


@pytest.mark.parametrize("points", [8.0, 18.0])
@pytest.mark.parametrize("mode", ["guide", "manual", "curve"])
def test_every_mode_fits(window, mode, points, tmp_path) -> None:
    window.controller.curve = tmp_path / "a rather long name of a curve file.csv"
    window.controller.performance.set(mode=mode)
    shown(window, SIZES[0], points, look(mode=mode, remaining_s=1799.0))
    window.page.tabs.setCurrentIndex(0)
    settle()
    assert faults(window.page) == []
    window.controller.performance.set(mode="follow")
    window.controller.curve = None


@pytest.mark.parametrize("points", [8.0, 18.0])
def test_all_settings_fit_where_they_are_in_use(window, points) -> None:
    run = {"sync": "midi", "midi_in": "Desk", "osc_in": 65535, "monitor": "network"}
    before = window.controller.run
    window.controller.choose(keys_in=("Keystation",), thru=True, **run)
    for engine in ("muser", "amt"):
        window.controller.performance.set(engine=engine, parts=("lead", "drums"))
        shown(window, SIZES[0], points, look(performance=Performance()))
        assert check_pages(window) == []
    for name_, value in (("keys_in", ()), ("thru", False), *((n, getattr(before, n)) for n in run)):
        window.controller.choose(**{name_: value})
    window.controller.performance.set(engine="rules")


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("points", [10.5, 18.0])
def test_a_long_message_leaves_panic_and_itself_to_be_seen(window, size, points) -> None:
    window.notice.say(texts.ENGINE_GIVEN_UP.format(reason=texts.ENGINE_CRASHED), "bad", "Restart")
    shown(window, size, points, None)
    assert faults(window.page) == [] and inside(window, window.page.transport.panic)
    window.notice.clear()


@pytest.mark.parametrize("size", SIZES[:3])
@pytest.mark.parametrize("points", [8.0, 18.0])
def test_assistant_and_shortcuts_fit_on_the_screen(window, monkeypatch, size, points) -> None:
    monkeypatch.setattr(window.controller, "start", lambda **_: None)
    shown(window, size, points, None)
    steps = Assistant(window.controller, window)
    steps.show_devices(DEVICES)
    steps._show_problem(texts.STEP_IN_SILENT)
    steps.show()
    for step in range(3):
        steps._go(step)
        settle()
        assert faults(steps) == []
        assert inside(steps, steps.next) and steps.height() <= size[1] and steps.width() <= size[0]
    steps.close()
    page = ShortcutsPage(window)
    page.show()
    settle()
    assert faults(page) == [] and page.height() <= size[1]
    page.close()


def test_first_start_shows_whole_words(qapp, tmp_path) -> None:
    """As on 1920 x 1080: "not runn", "pleasan" and "ress Start, or drag …" were cut."""
    first = make_window(settings(tmp_path, points="12"))
    first.resize(1280, 800)
    first.show()
    settle()
    assert faults(first.page) == []
    first.close()


def test_without_its_side_panel_the_page_still_shows_everything(window) -> None:
    shown(window, SIZES[0], 10.5, look())
    window.commands["side"]()
    settle()
    assert faults(window.page) == [] and window.page.plane.isVisible()
    window.commands["side"]()
    settle()
    assert window.page.tabs.isVisible()


@pytest.mark.parametrize("points", [8.0, 18.0])
def test_long_names_of_files_and_folders_are_broken_and_not_cut(window, points) -> None:
    name = "a_very_long_name_" * 8
    before = window.controller.run.record_folder
    window.controller.choose(record_folder=Path("/home") / name)
    window.page.film.show_film(Path(f"{name}.mov"))
    window.page.keys.tile.show_path(Path(f"{name}.mid"))
    window.notice.say(f"/home/{name}/x.wav: it cannot be read", action="Devices …")
    shown(window, SIZES[0], points, look())
    assert check_pages(window) == []
    window.controller.choose(record_folder=before)
    window.notice.clear()


def test_a_value_that_does_not_fit_the_others_is_refused_and_shown_as_it_was(window) -> None:
    slowest = window.page.music.more.controls["slowest_bpm"]
    window.controller.performance.set(fastest_bpm=100.0)
    slowest.slider.setValue(1000)
    assert "slowest_bpm" in window.notice.label.text()
    assert slowest.slider.value() == 0
    assert window.controller.performance.performance.slowest_bpm == 50.0
    window.controller.performance.set(fastest_bpm=215.0)
    window.notice.clear()
