"""The page Film: open a film, see its cuts and motion, score it; or watch a camera."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPixmap
from PyQt6.QtWidgets import QLineEdit, QProgressBar

from engine.generators.registry import GENERATORS
from engine.music.clock import TEMPO_RANGE_BPM
from engine.video.state import VideoState
from gui import texts
from gui.theme import Theme
from gui.widgets import controls as ui
from gui.widgets.file_tile import FileTile
from gui.widgets.plots import make_plot

__all__ = ["FilmPanel"]

_PLOT_PX = 110
_USUAL_BPM = 96.0


class FilmPanel(ui.Panel):
    """Pictures as a source of mood, live or as a film to be scored.

    Signals
    -------
    file_wanted, render_wanted :
        Buttons.
    score_wanted : str, str
        Score the open film: engine, and tempo (a number or ``auto``).
    """

    file_wanted = pyqtSignal()
    render_wanted = pyqtSignal()
    score_wanted = pyqtSignal(str, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.open = ui.button(texts.FILM_OPEN, self.file_wanted.emit)
        self._name = ui.label(texts.FILM_NONE, "muted", wrap=True)
        self.strip = ui.label()
        self.strip.setAccessibleName(texts.FILM_STRIP)
        self.strip.hide()
        self.plot = make_plot(texts.FILM_PLOT, [])
        self.plot.setFixedHeight(_PLOT_PX)
        self.plot.hideAxis("left")
        self.plot.setYRange(0.0, 1.0)
        self.plot.hide()
        engines = [(texts.ENGINES.get(name, name), name) for name in GENERATORS]
        self.engine = ui.picker(texts.ENGINE, engines)
        self.engine.setCurrentIndex(self.engine.findData("amt"))
        self.auto = ui.check_box(texts.FILM_TEMPO_AUTO, lambda _: None)
        self.auto.setChecked(True)
        self.tempo = ui.amount_box(
            texts.TEMPO, *TEMPO_RANGE_BPM, lambda _: None, suffix=texts.TEMPO_SUFFIX, decimals=2
        )
        ui.show_number(self.tempo, _USUAL_BPM)
        self.tempo.setEnabled(False)
        self.auto.toggled.connect(self.tempo.setDisabled)
        self.score = ui.button(texts.FILM_SCORE, lambda: self.score_wanted.emit(*self.choice()))
        self.render_film = ui.button(
            texts.FILM_RENDER, self.render_wanted.emit, texts.FILM_RENDER_TIP
        )
        for made in (self.score, self.render_film):
            made.setEnabled(False)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setFormat(texts.FILM_BUSY)
        self.busy.setAccessibleName(texts.FILM_BUSY)
        self.busy.hide()
        self.tile = FileTile(texts.FILM_TILE)
        self.live = QLineEdit()
        self.live.setPlaceholderText(texts.FILM_LIVE_HINT)
        self.live.setAccessibleName(texts.FILM_LIVE)
        self.live.editingFinished.connect(
            lambda: self.run_chosen.emit({"video": self.live.text().strip()})
        )
        self._seen = ui.label(role="small", wrap=True, live="")
        ui.column(
            ui.label(texts.FILM_TITLE, "title"),
            ui.Row(self.open),
            self._name,
            self.strip,
            self.plot,
            ui.form((texts.ENGINE, self.engine), (texts.TEMPO, ui.Row(self.tempo, self.auto))),
            ui.Row(self.score, self.render_film),
            self.busy,
            self.tile,
            8,
            ui.label(texts.FILM_LIVE, "title"),
            self.live,
            self._seen,
            None,
            parent=self,
            margin=8,
        )
        self.set_theme(theme)

    def choice(self) -> tuple[str, str]:
        """Return engine and tempo as `stimmung score` takes them."""
        tempo = "auto" if self.auto.isChecked() else f"{self.tempo.value():g}"
        return str(self.engine.currentData()), tempo

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
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
        width = max(120, self.width() - 24)
        pixmap = QPixmap(png)
        self.strip.setPixmap(
            pixmap.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        )
        self.strip.setVisible(not pixmap.isNull())

    def show_busy(self, busy: bool) -> None:
        """Show that work is under way."""
        self.busy.setVisible(busy)
        for made in (self.score, self.render_film, self.open):
            made.setEnabled(not busy)

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
