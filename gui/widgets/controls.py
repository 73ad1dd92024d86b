"""Labels, buttons, fields and rows, made the same way in every panel."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QEvent, QPoint, QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QFontMetrics, QValidator
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui import texts
from gui.widgets.speech import LiveLabel, Speech

__all__ = [
    "Panel",
    "Row",
    "Scrolling",
    "WrappingLabel",
    "amount_box",
    "button",
    "check_box",
    "column",
    "fill",
    "form",
    "label",
    "number_box",
    "picker",
    "reserve",
    "restyle",
    "show_number",
]

_RESIZING = (QEvent.Type.Show, QEvent.Type.Resize, QEvent.Type.FontChange)
_LONG_WORD, _PIECE = re.compile(r"\S{24,}"), re.compile(r"([/\\_.-]|\w{12})")

Entry = tuple[str, Any]
"""Words and value of a row in a list."""


class Panel(QFrame):
    """A group of controls; what the user does comes out as one of three signals.

    Signals
    -------
    chosen : dict
        Settings of the performance to change.
    run_chosen : dict
        Choices of the run to change, see `gui.state.preferences.RunChoices`.
    asked : str
        A button's action, by its name in `gui.window.main_window.MainWindow.commands`.
    """

    chosen = pyqtSignal(dict)
    run_chosen = pyqtSignal(dict)
    asked = pyqtSignal(str)

    def choose(self, name: str) -> Callable[[Any], None]:
        """Return what passes a value on as a setting of the performance."""
        return lambda value: self.chosen.emit({name: value})

    def choose_run(self, name: str) -> Callable[[Any], None]:
        """Return what passes a value on as a choice of the run."""
        return lambda value: self.run_chosen.emit({name: value})

    def ask(self, name: str) -> Callable[[], None]:
        """Return what asks for an action."""
        return lambda: self.asked.emit(name)


class Row(QLayout):
    """Widgets side by side; what does not fit goes to the next line.

    Where there is room to spare, widgets whose size policy is to expand share it.
    """

    def __init__(self, *widgets: QWidget, spacing: int = 6) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)
        for widget in widgets:
            self.addWidget(widget)

    def addItem(self, item: QLayoutItem | None) -> None:  # noqa: N802, D102 (Qt's names)
        if item is not None:
            self._items.append(item)

    def count(self) -> int:  # noqa: D102
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802, D102
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802, D102
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802, D102
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:  # noqa: N802, D102
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802, D102
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, area: QRect) -> None:  # noqa: N802, D102
        super().setGeometry(area)
        self._arrange(area, move=True)

    def sizeHint(self) -> QSize:  # noqa: N802, D102
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        width = sum(size.width() for size in sizes) + self.spacing() * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:  # noqa: N802, D102
        size = QSize()
        for item in self._items:
            if not item.isEmpty():
                size = size.expandedTo(item.sizeHint().expandedTo(item.minimumSize()))
        return size

    def _arrange(self, area: QRect, *, move: bool) -> int:
        """Place the widgets line by line; return the height needed."""
        lines: list[list[QLayoutItem]] = [[]]
        used = 0
        for item in self._items:
            if item.isEmpty():
                continue
            width = item.sizeHint().width()
            if lines[-1] and used + width > area.width():
                lines.append([])
                used = 0
            lines[-1].append(item)
            used += width + self.spacing()
        top = area.top()
        for line in lines:
            height = max((item.sizeHint().height() for item in line), default=0)
            if move:
                self._place(line, QRect(area.left(), top, area.width(), height))
            top += height + self.spacing()
        return max(0, top - self.spacing() - area.top())

    def _place(self, line: Sequence[QLayoutItem], area: QRect) -> None:
        expanding = [i for i in line if i.expandingDirections() & Qt.Orientation.Horizontal]
        free = area.width() - sum(item.sizeHint().width() for item in line)
        free = max(0, free - self.spacing() * (len(line) - 1))
        left = area.left()
        for item in line:
            width = min(item.sizeHint().width(), area.width())
            if item in expanding:
                width += free // len(expanding)
            item.setGeometry(QRect(QPoint(left, area.top()), QSize(width, area.height())))
            left += width + self.spacing()


Part = QWidget | QLayout | int | None


def column(
    *parts: Part, parent: QWidget | None = None, spacing: int = 6, margin: int = 0
) -> QVBoxLayout:
    """Return parts one below the other: widgets, layouts, gaps [px], and None for free space."""
    made = QVBoxLayout(parent) if parent is not None else QVBoxLayout()
    made.setContentsMargins(margin, margin, margin, margin)
    made.setSpacing(spacing)
    for part in parts:
        if isinstance(part, QWidget):
            made.addWidget(part)
        elif isinstance(part, QLayout):
            made.addLayout(part)
        elif part is None:
            made.addStretch()
        else:
            made.addSpacing(part)
    return made


def form(*rows: tuple[str, QWidget | QLayout]) -> QFormLayout:
    """Return fields with their names before them, or above them where it is narrow."""
    made = QFormLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    made.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    made.setVerticalSpacing(8)
    for words, field in rows:
        made.addRow(words, field)
    return made


class Scrolling(QScrollArea):
    """A page that scrolls up and down where it is higher than its room, and is never cut off."""

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self.page = page
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its controls are reached, and scroll it
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page.setObjectName("page")
        self.setWidget(page)

    def sizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        return self.page.sizeHint() + QSize(2, 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102
        bar = self.verticalScrollBar()
        assert bar is not None
        width = self.page.minimumSizeHint().width() + bar.sizeHint().width() + 4
        return QSize(width, 5 * self.fontMetrics().height())


class WrappingLabel(QLabel):
    """A label of several lines; a long file name or address may be broken anywhere.

    ``live``: what its words are, where they change by themselves (see `gui.widgets.speech`).
    """

    def __init__(self, words: str = "", live: str | None = None) -> None:
        super().__init__()
        self._speech = None if live is None else Speech(self, live)
        self._words = ""
        self.setWordWrap(True)
        self.setText(words)

    def text(self) -> str:  # noqa: D102
        return self._words

    def setText(self, words: str | None) -> None:  # noqa: N802, D102 (Qt's name)
        if self._speech is not None:
            self._speech.say(words or "")
        if words != self._words:
            shown = self._words = words or ""
            if "<" not in shown:  # a link is broken by its own rules
                shown = _LONG_WORD.sub(lambda found: _PIECE.sub("\\1\u200b", found[0]), shown)
            super().setText(shown)
            self._keep_height()

    def event(self, event: QEvent | None) -> bool:  # noqa: D102
        done = super().event(event)
        if event is not None and event.type() in _RESIZING:
            self._keep_height()
        return done

    def _keep_height(self) -> None:
        """Keep the height of all lines, which some layouts would make smaller."""
        if self.wordWrap() and self.isVisible():
            self.setMinimumHeight(max(0, self.heightForWidth(self.width())))


def label(
    words: str = "", role: str = "", *, wrap: bool = False, live: str | None = None
) -> QLabel:
    """Return a label; ``role`` is one the style sheet knows, such as ``title`` or ``small``.

    One whose words change by themselves is ``live``: what they are, for screen readers.
    """
    made: QLabel
    if wrap:
        made = WrappingLabel(words, live)
    else:
        made = QLabel(words) if live is None else LiveLabel(words, live)
    made.setProperty("role", role)
    return made


def button(words: str, act: Callable[[], object], tip: str = "") -> QPushButton:
    """Return a button that does something when it is clicked."""
    made = QPushButton(words)
    made.setToolTip(tip)
    made.clicked.connect(lambda _checked: act())
    return made


def reserve(shown: QPushButton, words: Iterable[str]) -> None:
    """Keep a button wide enough for each of some words, also in bold as when it is checked."""
    now = shown.text()
    shown.setMinimumWidth(0)
    shown.ensurePolished()
    bold = QFont(shown.font())
    bold.setBold(True)
    width = 0
    for text in words:
        shown.setText(text)
        bolder = QFontMetrics(bold).horizontalAdvance(text)
        bolder -= shown.fontMetrics().horizontalAdvance(text)
        width = max(width, shown.sizeHint().width() + max(0, bolder))
    shown.setText(now)
    shown.setMinimumWidth(width)


def check_box(words: str, act: Callable[[bool], object], tip: str = "") -> QCheckBox:
    """Return a check box; ``act`` takes whether the user has ticked it."""
    made = QCheckBox(words)
    made.setToolTip(tip)
    made.clicked.connect(act)
    return made


def number_box(name: str, low: int, high: int, act: Callable[[int], object]) -> QSpinBox:
    """Return a field for a whole number; ``name`` is for screen readers."""
    made = QSpinBox()
    made.setRange(low, high)
    made.setKeyboardTracking(False)
    made.setAccessibleName(name)
    made.valueChanged.connect(act)
    return made


class _AmountBox(QDoubleSpinBox):
    """A field for a number that takes a point and a comma alike, whatever the language."""

    def validate(  # noqa: D102 (Qt's name)
        self, text: str | None, place: int
    ) -> tuple[QValidator.State, str, int]:
        point = self.locale().decimalPoint()
        return super().validate(re.sub("[.,]", point, text or ""), place)

    def textFromValue(self, value: float) -> str:  # noqa: N802, D102 (Qt's name)
        special = self.specialValueText()  # screen readers ask here
        return special if special and value == self.minimum() else super().textFromValue(value)


def amount_box(
    name: str,
    low: float,
    high: float,
    act: Callable[[float], object],
    *,
    suffix: str = "",
    decimals: int = 0,
) -> QDoubleSpinBox:
    """Return a field for a number with a unit; ``name`` is for screen readers."""
    made = _AmountBox()
    made.setRange(low, high)
    made.setDecimals(decimals)
    made.setSuffix(suffix)
    made.setKeyboardTracking(False)
    made.setAccessibleName(name)
    made.valueChanged.connect(act)
    return made


def show_number(box: QSpinBox | QDoubleSpinBox, value: float) -> None:
    """Show a value that the user has not chosen: nothing is passed on."""
    if box.value() != value:
        box.blockSignals(True)
        box.setValue(value)  # type: ignore[arg-type]
        box.blockSignals(False)


def picker(
    name: str, entries: Sequence[Entry] = (), act: Callable[[Any], object] | None = None
) -> QComboBox:
    """Return a list to choose one from; ``name`` is for screen readers, ``act`` takes a value."""
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(12)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    for words, value in entries:
        made.addItem(words, value)
    if act is not None:
        made.activated.connect(lambda _: act(made.currentData()))
    return made


def fill(box: QComboBox, entries: list[tuple[str, str]], chosen: str, listed: bool) -> None:
    """Offer entries (words, name); a chosen one that is absent is offered too, marked as absent.

    ``listed``: whether the devices have been listed yet; until then nothing is "absent".
    """
    names = [name for _, name in entries]
    if chosen not in names:
        path = Path(chosen)
        words = chosen
        if path.is_absolute():
            words = texts.AUDIO_FILE.format(name=path.name)
        elif listed:
            words = texts.ABSENT.format(name=chosen)
        entries = [*entries, (words, chosen)]
        names.append(chosen)
    if [box.itemText(i) for i in range(box.count())] != [words for words, _ in entries]:
        box.clear()
        for words, name in entries:
            box.addItem(words, name)
            box.setItemData(box.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
    box.setCurrentIndex(names.index(chosen))
    box.setToolTip(box.currentText())


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet looks at."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        style = widget.style()
        if style is not None:
            style.unpolish(widget)
            style.polish(widget)
