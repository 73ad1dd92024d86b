"""Health in one line at the foot of the window: all well, or the worst problem and what to do."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QMouseEvent, QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from engine.snapshot import Snapshot
from gui import texts
from gui.state.health import HealthItem, worst
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.controls import label, restyle
from gui.widgets.level_meter import LevelMeter

__all__ = ["HealthStrip"]


class HealthStrip(QFrame):
    """Input level, verdict, and the figures that matter. A click opens the page Health.

    Signals
    -------
    details_wanted :
        Show everything.
    """

    details_wanted = pyqtSignal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.meter = LevelMeter(theme)
        self._verdict, self._words = label(), label(role="muted")
        self._verdict.setMargin(4)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._choices: tuple[str, ...] = ()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.setSpacing(12)
        layout.addWidget(self.meter)
        layout.addWidget(self._verdict)
        layout.addWidget(self._words, stretch=1)
        self.fit_text()
        self.show_health(None, ())

    def fit_text(self) -> None:
        """Measure the text again."""
        self.meter.setFixedWidth(10 * self.meter.fontMetrics().height())

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        self.details_wanted.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._show_words()

    def show_health(self, look: Snapshot | None, items: tuple[HealthItem, ...]) -> None:
        """Show the verdict; None while not running."""
        if look is None:
            self.meter.show_level(None)
            verdict, level = texts.HEALTH_OFF, ""
            self._choices = ()
        else:
            self.meter.show_level(look.audio.level_db, look.audio.peak_db)
            trouble = worst(items)
            if trouble is None:
                verdict, level = texts.HEALTH_OK, "good"
                self._choices = (wording.health_figures(look),)
            else:
                verdict, level = f"{trouble.title}: {trouble.value}", trouble.level
                first, _, _ = trouble.advice.partition(". ")
                self._choices = (trouble.advice, f"{first.rstrip('.')}.", texts.HEALTH_MORE)
        restyle(self._verdict, "level", level)
        self._verdict.setText(verdict)
        self.setToolTip("".join(self._choices[:1]) if level in ("caution", "bad") else "")
        self._show_words()

    def _show_words(self) -> None:
        """Say as much as there is room for: whole sentences or nothing."""
        advance, room = self._words.fontMetrics().horizontalAdvance, self._words.width()
        fitting = (words for words in self._choices if advance(words) <= room)
        self._words.setText(next(fitting, ""))
