"""Curves and notes of a whole session, with the place of the replay; a click plays from there."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QWidget

from gui import texts
from gui.state.session_reader import SessionLook
from gui.theme import Theme
from gui.widgets.controls import column
from gui.widgets.event_marks import EventMarks
from gui.widgets.plots import EMOTION_TICKS, colour_plot, heard_pen, make_plot, target_pen

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
        octaves = [(pitch, f"C{pitch // 12 - 1}") for pitch in range(0, 128, 12)]
        self._plots = {
            name: make_plot(name, ticks, moves=True, axisItems={"bottom": _Clock("bottom")})
            for name, ticks in (
                (texts.VALENCE, EMOTION_TICKS),
                (texts.AROUSAL, EMOTION_TICKS),
                (texts.SESSION_NOTES, octaves),
            )
        }
        self._places = [pg.InfiniteLine(angle=90) for _ in self._plots]
        page = column(*self._plots.values(), parent=self, spacing=4)
        items = [widget.getPlotItem() for widget in self._plots.values()]
        for widget, plot, place in zip(self._plots.values(), items, self._places, strict=True):
            plot.addItem(place, ignoreBounds=True)
            place.hide()
            place.setZValue(10)
            widget.scene().sigMouseClicked.connect(
                lambda event, plot=plot: self._clicked(event, plot)
            )
            page.setStretchFactor(widget, 2 if plot is items[-1] else 1)
            if plot is not items[0]:
                plot.setXLink(items[0])
        self._valence, self._arousal, self._notes = items
        self.marks = EventMarks(items[:2])
        self._drawn: list[tuple[pg.PlotItem, pg.PlotCurveItem]] = []
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.marks.set_theme(theme, self.font())
        for name, widget in self._plots.items():
            colour_plot(widget, name, theme)
        for place in self._places:
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
        for plot, name in ((self._valence, "valence"), (self._arousal, "arousal")):
            self._add(plot, seconds, _numbers(session.curves[name]), heard_pen(self._theme))
            target = _numbers(session.curves[f"target_{name}"])
            self._add(plot, seconds, target, target_pen(self._theme))
        self._draw_notes(session)
        self.marks.show_events([(at_s, kind) for at_s, kind in session.turns])
        self._valence.setXRange(0.0, max(1.0, session.seconds), padding=0.01)

    def show_place(self, at_s: float | None) -> None:
        """Show where the replay is [s]; None: nowhere."""
        for place in self._places:
            place.setVisible(at_s is not None)
            if at_s is not None:
                place.setPos(at_s)

    def _draw_notes(self, session: SessionLook) -> None:
        pitches = [note[2] for note in session.notes] or [48, 72]
        self._notes.setYRange(
            min(pitches) - _MARGIN_PITCH, max(pitches) + _MARGIN_PITCH, padding=0.0
        )
        for role, colour in self._theme.roles.items():
            notes = [note for note in session.notes if note[3] == role]
            if notes:
                ends = np.array([note[:2] for note in notes], dtype=float).ravel()
                heights = np.repeat(np.array([note[2] for note in notes], dtype=float), 2)
                pen = pg.mkPen(colour, width=_NOTE_PX, cap=Qt.PenCapStyle.FlatCap)
                self._add(self._notes, ends, heights, pen, connect="pairs")

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
