"""Health in one line at the foot of the window: all well, or the worst and its cure."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from engine.snapshot import Snapshot
from gui import texts
from gui.state.health import HealthItem, worst
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.health_panel import set_level
from gui.widgets.level_meter import LevelMeter

__all__ = ["HealthStrip"]


class HealthStrip(QFrame):
    """Input level, verdict, and the figures that matter. A click opens the Health page.

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
        self.meter.setFixedWidth(190)
        self._verdict = QLabel()
        self._words = QLabel()
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._figures = QLabel()
        self._figures.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.setSpacing(12)
        layout.addWidget(self.meter)
        layout.addWidget(self._verdict)
        layout.addWidget(self._words, stretch=1)
        layout.addWidget(self._figures)
        self.show_health(None, ())

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        self.details_wanted.emit()

    def show_health(self, look: Snapshot | None, items: tuple[HealthItem, ...]) -> None:
        """Show the verdict; None while not running."""
        if look is None:
            self.meter.show_level(None)
        else:
            self.meter.show_level(look.audio.level_db, look.audio.peak_db)
        trouble = worst(items)
        if look is None:
            verdict, level, words, figures = texts.HEALTH_OFF, "", "", ""
        else:
            figures = texts.HEALTH_FIGURES.format(
                late=look.midi.lateness_p99_ms,
                load=100 * look.tracker_load,
                sounding=look.midi.sounding,
                port=wording.port_words(look.midi.port),
            )
            verdict, level, words = texts.HEALTH_OK, "good", ""
            if trouble is not None:
                verdict = f"{trouble.title}: {trouble.value}"
                level, words = trouble.level, trouble.advice
        set_level(self._verdict, level)  # first: the words are measured in their own weight
        self._verdict.setText(verdict)
        if words != self._words.toolTip():
            self._words.setToolTip(words)
        self._figures.setText(figures)
        self._figures.setVisible(not words)  # the cure needs the room
        room = self._words.width()
        metrics = self._words.fontMetrics()
        self._words.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, room))
