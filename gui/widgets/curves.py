"""Valence and arousal over the last half minute: heard with its band, played dashed."""

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui import texts
from gui.state.history import COLUMNS, History
from gui.theme import Theme
from gui.widgets.controls import column, label
from gui.widgets.event_marks import EventMarks
from gui.widgets.paint import faded
from gui.widgets.plots import EMOTION_TICKS, colour_plot, heard_pen, make_plot, target_pen

__all__ = ["Curves"]

SHOWN_S = 30.0
_MOST_POINTS = 450  # more cannot be told apart and cost painting time


class Curves(QWidget):
    """Two plots, one above the other, now at the right edge."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName(texts.CURVES_NAME)
        self._legend = label()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._plots = [_Plot("valence", texts.VALENCE), _Plot("arousal", texts.AROUSAL)]
        self.marks = EventMarks([plot.widget.getPlotItem() for plot in self._plots])
        column(self._legend, *(plot.widget for plot in self._plots), parent=self, spacing=2)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        seconds = texts.SECONDS.format(seconds=round(SHOWN_S))
        self._legend.setText(
            f'<span style="color:{theme.heard}">━ {texts.CURVES_LEGEND_HEARD}</span>'
            f'&nbsp;&nbsp;&nbsp;<span style="color:{theme.target}">╍ '
            f"{texts.CURVES_LEGEND_TARGET}</span>&nbsp;&nbsp;&nbsp;({seconds})"
        )
        self.marks.set_theme(theme, self.font())
        for plot in self._plots:
            plot.set_theme(theme)

    def show_history(self, history: History) -> None:
        """Draw the last half minute."""
        rows = history.last(SHOWN_S)
        rows = rows[:: max(1, len(rows) // _MOST_POINTS)]
        if not len(rows):
            for plot in self._plots:
                plot.clear()
            self.marks.show_events(())
            return
        seconds = rows[:, 0] - rows[-1, 0]
        for plot in self._plots:
            plot.draw(seconds, *(rows[:, column] for column in plot.columns))
        now_s = rows[-1, 0]
        recent = [(at_s - now_s, kind) for at_s, kind in history.events if at_s >= now_s - SHOWN_S]
        self.marks.show_events(recent)


class _Plot:
    """One quantity: line, band and dashed target."""

    def __init__(self, name: str, title: str) -> None:
        self.columns = tuple(
            COLUMNS.index(column) for column in (name, f"{name}_std", f"target_{name}")
        )
        self._title = title
        self.widget = make_plot(title, EMOTION_TICKS)
        self.widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.widget.setMinimumHeight(24)
        plot = self.widget.getPlotItem()
        plot.setXRange(-SHOWN_S, 0.0, padding=0.0)
        plot.getAxis("bottom").setStyle(maxTickLevel=0)
        plot.getAxis("bottom").setHeight(4)
        self._low = pg.PlotCurveItem()
        self._high = pg.PlotCurveItem()
        self._band = pg.FillBetweenItem(self._low, self._high)
        self._heard = pg.PlotCurveItem()
        self._target = pg.PlotCurveItem()
        self._target.setSegmentedLineMode("off")  # else every point would begin a new dash
        for item in (self._band, self._heard, self._target):
            plot.addItem(item)

    def set_theme(self, theme: Theme) -> None:
        colour_plot(self.widget, self._title, theme)
        self._band.setBrush(pg.mkBrush(faded(theme.heard, 0.25)))
        self._heard.setPen(heard_pen(theme))
        self._target.setPen(target_pen(theme))

    def clear(self) -> None:
        for item in (self._low, self._high, self._heard, self._target):
            item.setData([], [])

    def draw(
        self,
        seconds: "pg.np.ndarray",
        heard: "pg.np.ndarray",
        spread: "pg.np.ndarray",
        target: "pg.np.ndarray",
    ) -> None:
        self._low.setData(seconds, heard - spread, connect="finite")
        self._high.setData(seconds, heard + spread, connect="finite")
        self._heard.setData(seconds, heard, connect="finite")
        self._target.setData(seconds, target)
