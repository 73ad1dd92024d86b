"""Health in full: every item with its value, cause and cure, and what happened lately."""

from datetime import datetime

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QTextCursor
from PyQt6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from gui import texts
from gui.state.health import HealthItem

__all__ = ["HealthPanel", "set_level"]


class HealthPanel(QWidget):
    """A table of items, advice, and the log.

    Signals
    -------
    counts_reset :
        Count from now on.
    engine_restart_wanted :
        End the engine process and start another.
    """

    counts_reset = pyqtSignal()
    engine_restart_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setColumnStretch(2, 1)
        self._grid.setVerticalSpacing(5)
        self._last_subject: object = None
        self._rows: dict[str, tuple[QLabel, QLabel]] = {}
        for row, (name, title) in enumerate(texts.HEALTH_TITLES.items()):
            level, value = QLabel(), QLabel()
            value.setWordWrap(True)
            self._grid.addWidget(QLabel(title), row, 0)
            self._grid.addWidget(level, row, 1)
            self._grid.addWidget(value, row, 2)
            self._rows[name] = (level, value)
        self._advice = QLabel()
        self._advice.setWordWrap(True)
        self._advice.setProperty("role", "muted")
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(500)
        self.log.setAccessibleName(texts.LOG)
        reset = QPushButton(texts.HEALTH_RESET)
        reset.clicked.connect(self.counts_reset)
        restart = QPushButton(texts.RESTART_ENGINE)
        restart.clicked.connect(self.engine_restart_wanted)
        buttons = QGridLayout()
        buttons.addWidget(reset, 0, 0)
        buttons.addWidget(restart, 0, 1)
        log_title = QLabel(texts.LOG)
        log_title.setProperty("role", "title")
        layout = QVBoxLayout(self)
        layout.addLayout(self._grid)
        layout.addWidget(self._advice)
        layout.addLayout(buttons)
        layout.addWidget(log_title)
        layout.addWidget(self.log, stretch=1)
        self.show_items(())

    def show_items(self, items: tuple[HealthItem, ...]) -> None:
        """Show every item; none while not running."""
        if not items:
            for level, value in self._rows.values():
                level.setText("")
                set_level(level, "")
                value.setText(texts.CHORD_UNKNOWN)
        for item in items:
            level, value = self._rows[item.name]
            set_level(level, item.level)
            level.setText(texts.LEVEL_WORDS[item.level])
            value.setText(item.value)
        advice = "\n\n".join(f"{item.title}: {item.advice}" for item in items if item.advice)
        if advice != self._advice.text():
            self._advice.setText(advice)
        self._advice.setVisible(bool(advice))

    def add_message(self, message: str, subject: object = None) -> None:
        """Append one line to the log; it replaces the last one if both have the same subject."""
        if subject is not None and subject == self._last_subject:  # such as a target being dragged
            cursor = self.log.textCursor()
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            cursor.removeSelectedText()
        self._last_subject = subject
        self.log.appendPlainText(f"{datetime.now():%H:%M:%S}  {message}")


def set_level(label: QLabel, level: str) -> None:
    """Colour a label by level; the style sheet looks at the property."""
    if label.property("level") != level:
        label.setProperty("level", level)
        style = label.style()
        if style is not None:
            style.unpolish(label)
            style.polish(label)
