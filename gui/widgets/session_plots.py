"""Curves and notes of a whole session, with the place of the replay; a click plays from there."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from gui import texts
from gui.state.session_reader import SessionLook
from gui.theme import Theme
from gui.widgets.event_marks import EventMarks

__all__ = ["SessionPlots"]

_NOTE_PX = 3
_MARGIN_PITCH = 2


class SessionPlots(QWidget):
    """Valence, arousal and notes above one time axis; the wheel zooms, a drag moves.

    Signals
    -------
    placed : float
        Play from there [s].
    """

    placed = pyqtSignal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._session: SessionLook | None = None
        self._widgets = [pg.PlotWidget(axisItems={"bottom": _Clock("bottom")}) for _ in range(3)]
        self._places = [pg.InfiniteLine(angle=90) for _ in self._widgets]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        names = (texts.VALENCE, texts.AROUSAL, texts.SESSION_NOTES)
        for widget, name, place in zip(self._widgets, names, self._places, strict=True):
            plot = widget.getPlotItem()
            widget.setAccessibleName(name)
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.setMouseEnabled(x=True, y=False)
            plot.addItem(place, ignoreBounds=True)
            place.hide()
            place.setZValue(10)
            widget.scene().sigMouseClicked.connect(
                lambda event, plot=plot: self._clicked(event, plot)
            )
            layout.addWidget(widget, stretch=2 if name == texts.SESSION_NOTES else 1)
            if widget is not self._widgets[0]:
                plot.setXLink(self._widgets[0].getPlotItem())
        for widget in self._widgets[:2]:
            plot = widget.getPlotItem()
            plot.setYRange(-1.0, 1.0, padding=0.12)
            plot.getAxis("left").setTicks([[(-1, "−1"), (0, "0"), (1, "+1")]])
            plot.getAxis("bottom").setStyle(showValues=False)
        octaves = [(pitch, f"C{pitch // 12 - 1}") for pitch in range(0, 128, 12)]
        self._widgets[2].getPlotItem().getAxis("left").setTicks([octaves])
        for widget in self._widgets:
            widget.getPlotItem().getAxis("left").setWidth(46)
            for side in ("left", "bottom"):
                widget.getPlotItem().getAxis(side).enableAutoSIPrefix(False)  # there are no units
        self.marks = EventMarks([widget.getPlotItem() for widget in self._widgets[:2]])
        self._drawn: list[tuple[pg.PlotItem, pg.PlotCurveItem]] = []
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.marks.set_theme(theme)
        names = (texts.VALENCE, texts.AROUSAL, texts.SESSION_NOTES)
        for widget, name, place in zip(self._widgets, names, self._places, strict=True):
            widget.setBackground(QColor(theme.surface))
            plot = widget.getPlotItem()
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(pg.mkPen(theme.edge))
                plot.getAxis(side).setTextPen(pg.mkPen(theme.muted))
            plot.setLabel("left", name, color=theme.text)
            plot.showGrid(x=True, y=True, alpha=0.2)
            place.setPen(pg.mkPen(theme.text, width=2))
        self.show_session(self._session)

    def show_session(self, session: SessionLook | None) -> None:
        """Draw a session; None clears."""
        self._session = session
        for plot, item in self._drawn:
            plot.removeItem(item)
        self._drawn.clear()
        if session is None:
            self.marks.show_events(())
            return
        seconds = np.array(session.curves["time_s"], dtype=float)
        for widget, name in zip(self._widgets, ("valence", "arousal"), strict=False):
            heard = _numbers(session.curves[name])
            target = _numbers(session.curves[f"target_{name}"])
            plot = widget.getPlotItem()
            self._add(plot, seconds, heard, pg.mkPen(self._theme.heard, width=2))
            dashes = pg.mkPen(self._theme.target, width=2)
            dashes.setDashPattern([4.0, 5.0])
            self._add(plot, seconds, target, dashes)
        self._draw_notes(session)
        self.marks.show_events([(at_s, kind) for at_s, kind in session.turns])
        self._widgets[0].getPlotItem().setXRange(0.0, max(1.0, session.seconds), padding=0.01)

    def show_place(self, at_s: float | None) -> None:
        """Show where the replay is [s]; None: nowhere."""
        for place in self._places:
            place.setVisible(at_s is not None)
            if at_s is not None:
                place.setPos(at_s)

    def _draw_notes(self, session: SessionLook) -> None:
        plot = self._widgets[2].getPlotItem()
        pitches = [note[2] for note in session.notes] or [48, 72]
        plot.setYRange(min(pitches) - _MARGIN_PITCH, max(pitches) + _MARGIN_PITCH, padding=0.0)
        for role, colour in self._theme.roles.items():
            notes = [note for note in session.notes if note[3] == role]
            if notes:
                ends = np.array([note[:2] for note in notes], dtype=float).ravel()
                heights = np.repeat(np.array([note[2] for note in notes], dtype=float), 2)
                pen = pg.mkPen(colour, width=_NOTE_PX, cap=Qt.PenCapStyle.FlatCap)
                self._add(plot, ends, heights, pen, connect="pairs")

    def _add(
        self,
        plot: "pg.PlotItem",
        seconds: NDArray[np.float64],
        values: NDArray[np.float64],
        pen: object,
        connect: str = "finite",
    ) -> None:
        item = pg.PlotCurveItem(seconds, values, pen=pen, connect=connect)
        item.setSegmentedLineMode("off")
        plot.addItem(item)
        self._drawn.append((plot, item))

    def _clicked(self, event: object, plot: "pg.PlotItem") -> None:
        session = self._session
        if session is None or event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        place = plot.getViewBox().mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        self.placed.emit(min(max(0.0, float(place.x())), session.seconds))


class _Clock(pg.AxisItem):  # type: ignore[misc]
    """Minutes and seconds."""

    def tickStrings(  # noqa: N802 (pyqtgraph's name)
        self, values: list[float], scale: float, spacing: float
    ) -> list[str]:
        return [f"{int(value) // 60}:{int(value) % 60:02d}" for value in values]


def _numbers(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
