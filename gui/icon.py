"""The icon of the window: the heard point within the ring of the target."""

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from gui.theme import DEFAULT_THEME, THEMES

__all__ = ["make_icon"]

_SIDE = 128


def make_icon() -> QIcon:
    """Return the icon, drawn rather than shipped."""
    theme = THEMES[DEFAULT_THEME]
    picture = QPixmap(_SIDE, _SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.surface))
    painter.drawRoundedRect(QRectF(4, 4, _SIDE - 8, _SIDE - 8), 24, 24)
    centre = QPointF(_SIDE / 2, _SIDE / 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.target), 12))
    painter.drawEllipse(centre, 38, 38)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.heard))
    painter.drawEllipse(centre, 17, 17)
    painter.end()
    return QIcon(picture)
