"""Film: watch a file or a camera, see its cuts and motion, score it, take the music out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPixmap
from PyQt6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.generators.registry import GENERATORS
from engine.video.state import VideoState
from gui import texts
from gui.theme import Theme
from gui.widgets.keys_panel import CaptureTile
from gui.widgets.pickers import make_picker

__all__ = ["FilmPanel"]

_PLOT_PX = 110


class FilmPanel(QWidget):
    """Pictures as a source of mood, live or as a film to be scored.

    Signals
    -------
    file_wanted, render_wanted :
        Buttons.
    score_wanted : str, str
        Score the open film: engine, and tempo (a number or ``auto``).
    live_chosen : str
        Watch this film or camera live; empty: none.
    """

    file_wanted = pyqtSignal()
    render_wanted = pyqtSignal()
    score_wanted = pyqtSignal(str, str)
    live_chosen = pyqtSignal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.open = QPushButton(texts.FILM_OPEN)
        self.open.clicked.connect(self.file_wanted)
        self._name = QLabel(texts.FILM_NONE)
        self._name.setProperty("role", "muted")
        self._name.setWordWrap(True)
        self.strip = QLabel()
        self.strip.setAccessibleName(texts.FILM_STRIP)
        self.strip.hide()
        self.plot = pg.PlotWidget()
        self.plot.setFixedHeight(_PLOT_PX)
        self.plot.setAccessibleName(texts.FILM_PLOT)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.hideAxis("left")
        self.plot.setYRange(0.0, 1.0)
        self.plot.hide()
        self.engine = make_picker(texts.ENGINE)
        for name in GENERATORS:
            self.engine.addItem(texts.ENGINES.get(name, name), name)
        self.engine.setCurrentIndex(self.engine.findData("amt"))
        self.auto = QCheckBox(texts.FILM_TEMPO_AUTO)
        self.auto.setChecked(True)
        self.tempo = QDoubleSpinBox()
        self.tempo.setRange(20.0, 300.0)
        self.tempo.setValue(96.0)
        self.tempo.setSuffix(texts.TEMPO_SUFFIX)
        self.tempo.setEnabled(False)
        self.tempo.setAccessibleName(texts.TEMPO)
        self.auto.toggled.connect(lambda auto: self.tempo.setEnabled(not auto))
        self.score = QPushButton(texts.FILM_SCORE)
        self.score.setEnabled(False)
        self.score.clicked.connect(lambda: self.score_wanted.emit(*self.choice()))
        self.render_film = QPushButton(texts.FILM_RENDER)
        self.render_film.setToolTip(texts.FILM_RENDER_TIP)
        self.render_film.setEnabled(False)
        self.render_film.clicked.connect(self.render_wanted)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setFormat(texts.FILM_BUSY)
        self.busy.hide()
        self.tile = CaptureTile(texts.FILM_TILE)
        self.live = QLineEdit()
        self.live.setPlaceholderText(texts.FILM_LIVE_HINT)
        self.live.setAccessibleName(texts.FILM_LIVE)
        self.live.editingFinished.connect(lambda: self.live_chosen.emit(self.live.text().strip()))
        self._seen = QLabel()
        self._seen.setProperty("role", "small")

        form = QFormLayout()
        form.addRow(texts.ENGINE, self.engine)
        tempo = QHBoxLayout()
        tempo.addWidget(self.tempo)
        tempo.addWidget(self.auto)
        form.addRow(texts.TEMPO, tempo)
        buttons = QHBoxLayout()
        buttons.addWidget(self.score)
        buttons.addWidget(self.render_film)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addWidget(_title(texts.FILM_TITLE))
        layout.addWidget(self.open, alignment=Qt.AlignmentFlag.AlignLeft)
        for widget in (self._name, self.strip, self.plot):
            layout.addWidget(widget)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.busy)
        layout.addWidget(self.tile)
        layout.addSpacing(8)
        layout.addWidget(_title(texts.FILM_LIVE))
        layout.addWidget(self.live)
        layout.addWidget(self._seen)
        layout.addStretch()
        self.set_theme(theme)

    def choice(self) -> tuple[str, str]:
        """Return engine and tempo as `stimmung score` takes them."""
        tempo = "auto" if self.auto.isChecked() else f"{self.tempo.value():g}"
        return str(self.engine.currentData()), tempo

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.plot.setBackground(QColor(theme.ground))

    def show_film(self, path: Path) -> None:
        """Show which film is open."""
        self._name.setText(path.name)
        self._name.setToolTip(str(path))
        self.strip.hide()
        self.plot.hide()
        self.score.setEnabled(True)
        self.render_film.setEnabled(True)

    def show_strip(self, png: str) -> None:
        """Show pictures of it."""
        pixmap = QPixmap(png)
        self.strip.setPixmap(
            pixmap.scaledToWidth(
                max(120, self.width() - 24), Qt.TransformationMode.SmoothTransformation
            )
        )
        self.strip.setVisible(not pixmap.isNull())

    def show_busy(self, busy: bool) -> None:
        """Show that work is under way."""
        self.busy.setVisible(busy)
        for button in (self.score, self.render_film, self.open):
            button.setEnabled(not busy)

    def show_features(self, states: Sequence[VideoState]) -> None:
        """Draw motion over time, and cuts as lines."""
        self.plot.clear()
        times = np.array([state.time_s for state in states])
        motion = np.array([state.motion for state in states])
        self.plot.plot(times, motion, pen=pg.mkPen(self._theme.heard, width=1))
        for state in states:
            if state.cut_s is not None:
                self.plot.addLine(x=state.cut_s, pen=pg.mkPen(self._theme.target, width=2))
        self.plot.setXRange(0.0, float(times[-1]) if times.size else 1.0, padding=0.0)
        self.plot.show()

    def show_settings(self, live: str) -> None:
        """Show what is watched live."""
        if not self.live.hasFocus():
            self.live.setText(live)

    def show_seen(self, words: str) -> None:
        """Say what the live picture suggests; empty if there is none."""
        self._seen.setText(words)


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label
