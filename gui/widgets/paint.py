"""Helpers for widgets that draw themselves."""

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

__all__ = ["dashed", "faded", "fitting_font", "outlined_text", "scaled_font", "solid"]

_SMALLEST = 0.6


def faded(colour: str, alpha: float) -> QColor:
    """Return a colour with an opacity from 0 to 1."""
    result = QColor(colour)
    result.setAlphaF(max(0.0, min(1.0, alpha)))
    return result


def solid(colour: str | QColor, width: float) -> QPen:
    """Return a pen with round ends."""
    pen = QPen(QColor(colour), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def dashed(colour: str | QColor, width: float) -> QPen:
    """Return a dashed pen."""
    pen = QPen(QColor(colour), width)
    pen.setDashPattern([4.0, 3.0])
    return pen


def scaled_font(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    """Return a font of another size."""
    result = QFont(font)
    result.setPointSizeF(font.pointSizeF() * factor)
    result.setBold(bold)
    return result


def fitting_font(
    font: QFont, factor: float, width: float, *words: str, bold: bool = False
) -> QFont:
    """Return a font of another size, made smaller until the words fit side by side [px]."""
    result = scaled_font(font, factor, bold=bold)
    taken = sum(map(QFontMetricsF(result).horizontalAdvance, words))
    if taken <= width:
        return result
    return scaled_font(font, max(_SMALLEST, factor * width / taken), bold=bold)


def outlined_text(
    painter: QPainter, centre: QPointF, text: str, colour: str, ground: str, within: QRectF
) -> None:
    """Write text on a plate of the ground's colour, wrapped and moved to lie inside ``within``."""
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = within.adjusted(0.0, 0.0, -8.0, 0.0)
    size = painter.boundingRect(room, int(flags), text).size()
    width, height = size.width() + 8.0, size.height()
    left = min(max(centre.x() - width / 2, within.left()), within.right() - width)
    top = min(max(centre.y() - height / 2, within.top()), within.bottom() - height)
    plate = QRectF(left, top, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(faded(ground, 0.75))
    painter.drawRoundedRect(plate, 4.0, 4.0)
    painter.setPen(QColor(colour))
    painter.drawText(plate, int(flags), text)
