"""What all plots have in common: no menus, plain axes, the colours of the theme."""

from typing import Final

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor

from gui.theme import Theme

__all__ = ["EMOTION_TICKS", "colour_plot", "heard_pen", "make_plot", "target_pen"]

EMOTION_TICKS: Final = [(-1, "−1"), (0, "0"), (1, "+1")]
"""Marks on the axis of valence or arousal."""


def make_plot(
    name: str, ticks: list[tuple[int, str]], *, moves: bool = False, **options: object
) -> pg.PlotWidget:
    """Return a plot; ``name`` is for screen readers, ``ticks`` are those of the left axis.

    ``moves`` lets the mouse zoom and move it along its time axis.
    """
    widget = pg.PlotWidget(**options)
    widget.setAccessibleName(name)
    widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
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


def colour_plot(widget: pg.PlotWidget, title: str, theme: Theme) -> None:
    """Give a plot its title in the colours of a theme."""
    widget.setBackground(QColor(theme.surface))
    plot = widget.getPlotItem()
    for side in ("left", "bottom"):
        plot.getAxis(side).setPen(pg.mkPen(theme.edge))
        plot.getAxis(side).setTextPen(pg.mkPen(theme.muted))
    plot.setLabel("left", title, color=theme.text)
    plot.showGrid(x=True, y=True, alpha=0.25)


def heard_pen(theme: Theme) -> pg.QtGui.QPen:
    """Return the pen of the tracked emotion."""
    return pg.mkPen(theme.heard, width=2)


def target_pen(theme: Theme) -> pg.QtGui.QPen:
    """Return the pen of the target; what is heard shows through where both agree."""
    pen = pg.mkPen(theme.target, width=2)
    pen.setDashPattern([4.0, 5.0])
    return pen
