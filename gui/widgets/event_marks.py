"""Marks on the curves where the music turned: new section, build, drop, silence."""

from collections.abc import Sequence

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFont

from gui import texts
from gui.theme import Theme

__all__ = ["EventMarks"]

_CLOSE_S = 5.0
"""Words nearer than that would overlap: the next ones stand a row lower."""
_ROW = 0.34
_ROWS = 3
_STYLES = {
    "section": Qt.PenStyle.SolidLine,
    "build": Qt.PenStyle.DashLine,
    "drop": Qt.PenStyle.SolidLine,
    "silence": Qt.PenStyle.DotLine,
}


class EventMarks:
    """Upright lines through several plots, with words in the first one.

    Lines and words are made once and then moved, because making them ten times a second would
    take longer than drawing the curves.

    Parameters
    ----------
    plots : sequence of pyqtgraph.PlotItem
        Which share their time axis.
    """

    def __init__(self, plots: Sequence["pg.PlotItem"]) -> None:
        self._plots = plots
        self._marks: list[tuple[list[pg.InfiniteLine], pg.TextItem]] = []
        self._theme: Theme | None = None
        self._font = QFont()

    def set_theme(self, theme: Theme, font: QFont) -> None:
        """Use other colours and another font."""
        self._theme, self._font = theme, font
        for _lines, words in self._marks:
            words.setColor(theme.text)
            words.setFont(font)

    def show_events(self, events: Sequence[tuple[float, str]]) -> None:
        """Show events, oldest first: seconds from now (negative) and kind."""
        while len(self._marks) < len(events):
            self._marks.append(self._make())
        last_s, row = float("-inf"), 0
        for (at_s, kind), (lines, words) in zip(events, self._marks, strict=False):
            row = (row + 1) % _ROWS if at_s - last_s < _CLOSE_S else 0
            last_s = at_s
            assert self._theme is not None
            for line in lines:
                line.setPos(at_s)
                line.setPen(pg.mkPen(self._theme.muted, width=1.5, style=_STYLES[kind]))
                line.show()
            words.setText(texts.EVENTS[kind])
            words.setColor(self._theme.text)
            words.setPos(at_s, 1.1 - row * _ROW)
            words.setAnchor((1.0, 0.0) if at_s > -_CLOSE_S else (0.0, 0.0))
            words.show()
        for lines, words in self._marks[len(events) :]:
            for item in (*lines, words):
                item.hide()

    @property
    def shown(self) -> list[str]:
        """Words that can be seen now."""
        return [words.toPlainText() for _lines, words in self._marks if words.isVisible()]

    def _make(self) -> tuple[list["pg.InfiniteLine"], "pg.TextItem"]:
        lines = [pg.InfiniteLine(angle=90) for _ in self._plots]
        words = pg.TextItem()
        words.setFont(self._font)
        for plot, line in zip(self._plots, lines, strict=True):
            line.setZValue(-5)
            plot.addItem(line, ignoreBounds=True)
        self._plots[0].addItem(words, ignoreBounds=True)
        return lines, words
