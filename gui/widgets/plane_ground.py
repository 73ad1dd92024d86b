"""The fixed parts of the emotion plane: quadrants, axes and their words."""

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPixmap

from gui import texts
from gui.theme import Theme
from gui.widgets.paint import faded, fitting_font, solid

__all__ = ["draw_ground"]


def draw_ground(
    size: QSize, ratio: float, area: QRectF, font: QFont, theme: Theme, text_scale: float
) -> QPixmap:
    """Return the ground as a picture, drawn once per size and theme.

    Parameters
    ----------
    size : QSize
        Size of the widget [px].
    ratio : float
        Device pixels per pixel.
    area : QRectF
        The plane within it; the rest is for words at the axes.
    """
    picture = QPixmap(size * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.surface))
    painter.drawRoundedRect(area, 8.0, 8.0)
    _draw_grid(painter, area, theme)
    _draw_quadrants(painter, area, font, theme, text_scale)
    _draw_axes(painter, area, font, theme, text_scale)
    painter.end()
    return picture


def _draw_grid(painter: QPainter, area: QRectF, theme: Theme) -> None:
    centre = area.center()
    painter.setPen(solid(faded(theme.edge, 0.45), 1.0))
    for share in (0.25, 0.75):
        x, y = area.left() + share * area.width(), area.top() + share * area.height()
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
    painter.setPen(solid(theme.edge, 1.5))
    painter.drawLine(QPointF(centre.x(), area.top()), QPointF(centre.x(), area.bottom()))
    painter.drawLine(QPointF(area.left(), centre.y()), QPointF(area.right(), centre.y()))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area, 8.0, 8.0)


def _draw_quadrants(
    painter: QPainter, area: QRectF, font: QFont, theme: Theme, text_scale: float
) -> None:
    inset = area.adjusted(12.0, 8.0, -12.0, -8.0)
    longest = max(texts.QUADRANTS, key=len)
    room = inset.width() - 16.0
    painter.setFont(fitting_font(font, 1.5 * text_scale, room, longest, longest, bold=True))
    painter.setPen(faded(theme.muted, 0.75))
    top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
    left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
    places = (right | top, left | top, left | bottom, right | bottom)
    for word, place in zip(texts.QUADRANTS, places, strict=True):
        painter.drawText(inset, place, word)


def _draw_axes(
    painter: QPainter, area: QRectF, font: QFont, theme: Theme, text_scale: float
) -> None:
    strip = min(area.left(), area.top())  # narrowest free edge: words stay close to the axes
    size = 0.95 * text_scale
    painter.setPen(QColor(theme.muted))
    below = QRectF(area.left(), area.bottom(), area.width(), strip)
    _draw_axis(painter, below, font, size, texts.UNPLEASANT, texts.VALENCE, texts.PLEASANT)
    painter.save()
    painter.translate(area.left(), area.bottom())
    painter.rotate(-90.0)
    beside = QRectF(0.0, -strip, area.height(), strip)
    _draw_axis(painter, beside, font, size, texts.CALM, texts.AROUSAL, texts.EXCITED)
    painter.restore()


def _draw_axis(
    painter: QPainter, area: QRectF, font: QFont, size: float, low: str, name: str, high: str
) -> None:
    """Write both ends of an axis, and its name between them where there is room."""
    low, high = f"← {low}", f"{high} →"
    painter.setFont(fitting_font(font, size, 0.92 * area.width(), low, high))
    middle = Qt.AlignmentFlag.AlignVCenter
    painter.drawText(area, middle | Qt.AlignmentFlag.AlignLeft, low)
    painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, high)
    advance = painter.fontMetrics().horizontalAdvance
    if 2 * max(advance(low), advance(high)) + 1.3 * advance(name) < area.width():
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, name)
