"""What all plots have in common: no menus, plain axes, the colours of the theme."""

from typing import Final

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QResizeEvent

from gui.theme import Theme

__all__ = ["EMOTION_TICKS", "Plot", "colour_plot", "heard_pen", "make_plot", "target_pen"]

EMOTION_TICKS: Final = [(-1, "−1"), (0, "0"), (1, "+1")]
"""Marks on the axis of valence or arousal."""


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """A plot whose title is one letter where the whole word would not fit."""

    title, colour = "", ""

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        super().resizeEvent(event)
        if self.title:
            self.fit_title()

    def fit_title(self) -> None:
        """Write the title, its first letter, or nothing, in the window's text size."""
        advance, room = self.fontMetrics().horizontalAdvance, 0.8 * self.height() - 16.0
        shown = next((text for text in (self.title, self.title[:1]) if advance(text) < room), "")
        label = {"color": self.colour, "font-size": f"{self.font().pointSizeF():.1f}pt"}
        self.getPlotItem().setLabel("left", shown, **label)


def make_plot(
    name: str, ticks: list[tuple[int, str]], *, moves: bool = False, **options: object
) -> Plot:
    """Return a plot; ``name`` is for screen readers, ``ticks`` are those of the left axis.

    ``moves`` lets the mouse zoom and move it along its time axis.
    """
    widget = Plot(**options)
    widget.setAccessibleName(name)
    for part in (widget, widget.viewport()):
        part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot = widget.getPlotItem()
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setMouseEnabled(x=moves, y=False)
    plot.getAxis("left").setTicks([ticks])
    if ticks is EMOTION_TICKS:
        plot.setYRange(-1.0, 1.0, padding=0.12)
        plot.getAxis("bottom").setStyle(showValues=False)
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)  # there are no units
    return widget


def colour_plot(widget: Plot, title: str, theme: Theme) -> None:
    """Give a plot its title, in the colours of a theme and the size of the window's text."""
    widget.setBackground(QColor(theme.surface))
    widget.ensurePolished()
    font, metrics = widget.font(), widget.fontMetrics()
    plot = widget.getPlotItem()
    plot.getAxis("left").setWidth(metrics.horizontalAdvance("−1") + 2 * metrics.height())
    for side in ("left", "bottom"):
        plot.getAxis(side).setTickFont(font)
        plot.getAxis(side).setPen(pg.mkPen(theme.edge))
        plot.getAxis(side).setTextPen(pg.mkPen(theme.muted))
    widget.title, widget.colour = title, theme.text
    widget.fit_title()
    plot.showGrid(x=True, y=True, alpha=0.25)


def heard_pen(theme: Theme) -> pg.QtGui.QPen:
    """Return the pen of the tracked emotion."""
    return pg.mkPen(theme.heard, width=2)


def target_pen(theme: Theme) -> pg.QtGui.QPen:
    """Return the pen of the target; what is heard shows through where both agree."""
    pen = pg.mkPen(theme.target, width=2)
    pen.setDashPattern([4.0, 5.0])
    return pen
