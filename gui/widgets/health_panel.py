"""The page Health: every item with its value, its cause and what to do, and the log."""

from datetime import datetime

from PyQt6.QtGui import QTextCursor
from PyQt6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit

from gui import texts
from gui.state.health import HealthItem
from gui.widgets.controls import Panel, Row, button, column, label, restyle

__all__ = ["HealthPanel"]


class HealthPanel(Panel):
    """A table of items, advice, and the log."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout()
        grid.setColumnStretch(2, 1)
        grid.setVerticalSpacing(5)
        self._last_subject: object = None
        self._rows: dict[str, tuple[QLabel, QLabel]] = {}
        for row, (name, title) in enumerate(texts.HEALTH_TITLES.items()):
            level, value = label(live=title), label(wrap=True, live=title)
            for place, widget in enumerate((label(title), level, value)):
                grid.addWidget(widget, row, place)
            self._rows[name] = (level, value)
        self._advice = label(role="muted", wrap=True)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(500)
        self.log.setAccessibleName(texts.LOG)
        self.log.setMinimumHeight(6 * self.fontMetrics().height())
        page = column(
            grid,
            self._advice,
            Row(
                button(texts.HEALTH_RESET, self.ask("reset_counts")),
                button(texts.RESTART_ENGINE, self.ask("restart_engine")),
            ),
            label(texts.LOG, "title"),
            self.log,
            parent=self,
            margin=8,
        )
        page.setStretchFactor(self.log, 1)
        self.show_items(())

    def show_items(self, items: tuple[HealthItem, ...]) -> None:
        """Show every item; none while not running."""
        if not items:
            for level, value in self._rows.values():
                level.setText("")
                restyle(level, "level", "")
                value.setText(texts.CHORD_UNKNOWN)
        for item in items:
            level, value = self._rows[item.name]
            restyle(level, "level", item.level)
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
