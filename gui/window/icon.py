"""The icon: the heard point within the ring of the target."""

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from gui.theme import DEFAULT_THEME, THEMES

__all__ = ["SIDE", "make_icon", "paint_icon"]

SIDE = 128
"""Side of the icon as it is painted [px]."""


def make_icon() -> QIcon:
    """Return the icon of the window, drawn rather than shipped."""
    picture = QPixmap(SIDE, SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    paint_icon(painter)
    painter.end()
    return QIcon(picture)


def paint_icon(painter: QPainter) -> None:
    """Paint the icon into the square from (0, 0) to (`SIDE`, `SIDE`)."""
    theme = THEMES[DEFAULT_THEME]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.surface))
    painter.drawRoundedRect(QRectF(4, 4, SIDE - 8, SIDE - 8), 24, 24)
    centre = QPointF(SIDE / 2, SIDE / 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.target), 12))
    painter.drawEllipse(centre, 38, 38)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.heard))
    painter.drawEllipse(centre, 17, 17)
