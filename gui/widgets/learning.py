"""MIDI learn: right click on a control, then move a knob, press a pad or a pedal.

A badge on the control names what moves it. Mappings belong to the performance, so they are
saved with presets and can be undone.
"""

from collections.abc import Callable, Iterator
from functools import partial

from PyQt6.QtCore import QEvent, QObject, QPoint, Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QMenu, QWidget

from engine.mapping.table import InputMapping
from engine.settings.performance import Performance
from gui import texts

__all__ = ["Learning", "badge_words"]


_ACROSS = 0.72
"""Where a badge ends within its control: neither on its name nor on its value."""


class Learning(QObject):
    """Gives controls a menu and a badge.

    Signals
    -------
    wanted : str
        Map the next controller to this setting or action; empty: stop waiting.
    forgotten : str
        Forget what moves this setting or action.
    """

    wanted = pyqtSignal(str)
    forgotten = pyqtSignal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.armed = ""
        """What waits for a controller; empty if nothing does."""
        self._badges: dict[str, list[_Badge]] = {}

    def attach(self, widget: QWidget, what: str) -> None:
        """Let a control be learned; ``what`` as `engine.live.orders.Orders.learn` takes it."""
        self._badges.setdefault(what, []).append(_Badge(widget))
        widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        widget.customContextMenuRequested.connect(partial(self._open_menu, widget, what))

    def menu(self, what: str, mapped: bool) -> QMenu:
        """Return the menu of a control."""
        menu = QMenu()
        waits = self.armed == what
        actions: list[tuple[str, Callable[[], None]]]
        actions = [
            (texts.LEARN_CANCEL if waits else texts.LEARN, partial(self.arm, "" if waits else what))
        ]
        if mapped:
            actions.append((texts.LEARN_FORGET, partial(self.forgotten.emit, what)))
        for words, act in actions:
            action = menu.addAction(words)
            assert action is not None
            action.triggered.connect(lambda _checked, act=act: act())
        return menu

    def arm(self, what: str) -> None:
        """Wait for a controller for this one; empty: stop waiting."""
        self.armed = what
        self.wanted.emit(what)
        self._show_waiting()

    def disarm(self) -> None:
        """Stop waiting: a controller was learned, or the music ended."""
        self.armed = ""
        self._show_waiting()

    def show_performance(self, performance: Performance) -> None:
        """Show on every control what moves it."""
        words: dict[str, list[str]] = {}
        for mapping in performance.inputs:
            words.setdefault(mapping.sets or mapping.does, []).append(badge_words(mapping))
        for what, badge in self._all():
            badge.words = ", ".join(words.get(what, []))
            badge.show_words(badge.words)

    def _show_waiting(self) -> None:
        for what, badge in self._all():
            badge.show_words(texts.LEARN_WAITING if what == self.armed else badge.words)

    def _all(self) -> Iterator[tuple[str, "_Badge"]]:
        for what, badges in self._badges.items():
            for badge in badges:
                yield what, badge

    def _open_menu(self, widget: QWidget, what: str, at: QPoint) -> None:
        mapped = any(badge.words for badge in self._badges[what])
        self.menu(what, mapped).exec(widget.mapToGlobal(at))


class _Badge(QLabel):
    """A small label in the corner of its control."""

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self.setObjectName("badge")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.words = ""
        """What moves the control."""
        owner.installEventFilter(self)
        self.hide()

    def show_words(self, words: str) -> None:
        self.setText(words)
        self.setVisible(bool(words))
        self.adjustSize()
        self._place()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802, D102
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        owner = self.parentWidget()
        if owner is not None:
            self.move(max(0, round(_ACROSS * owner.width()) - self.width()), 0)
            self.raise_()


def badge_words(mapping: InputMapping) -> str:
    """Return what moves a control, such as ``CC 74`` or ``Note 36 ch 10``."""
    words = texts.LEARN_SOURCES[mapping.on].format(number=mapping.number)
    if mapping.channel is None:
        return words
    return texts.LEARN_CHANNEL.format(words=words, channel=mapping.channel + 1)
