"""The emotion plane: where the music is, how sure that is, and where it is headed."""

from collections import deque
from functools import partial

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.paint import dashed, faded, outlined_text, scaled_font, solid
from gui.widgets.plane_ground import draw_ground

__all__ = ["EmotionPlane"]

TRAIL_S = 8.0
KEY_STEP = 0.05
_GRAB_PX = 28.0
_TRAIL_PIECE = 5  # points that fade together
_SPEAK_EVERY = 30  # shows between two updates of the accessible description

Point = tuple[float, float]


class EmotionPlane(QWidget):
    """Valence across, arousal up; the target can be dragged or moved with the arrow keys.

    Pressing anywhere takes the target there; in ``guide``, pressing near the goal's flag
    moves the flag instead.

    Signals
    -------
    target_moved, goal_moved : float, float
        Valence and arousal in [-1, 1] the user wants.
    """

    target_moved = pyqtSignal(float, float)
    goal_moved = pyqtSignal(float, float)

    def __init__(self, theme: Theme, text_scale: float = 1.0) -> None:
        super().__init__()
        self._theme = theme
        self._text_scale = text_scale
        self._ground: QPixmap | None = None
        self._look: Snapshot | None = None
        self._performance = Performance()
        self._trail: deque[tuple[float, float, float]] = deque(maxlen=400)
        self._heard_s = -1.0
        self._dragging: str | None = None
        self._shows = 0
        self._area_key = (0, 0, 0)
        self._area_now = QRectF()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(texts.PLANE_NAME)
        self.setAccessibleDescription(texts.PLANE_HELP)

    # ------------------------------------------------------------------ what is shown

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme, self._ground = theme, None
        self.update()

    def show_performance(self, performance: Performance) -> None:
        """Show what the user wants."""
        self._performance = performance
        self.update()

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show the engine; None while it is not running."""
        self._look = look
        if look is None or look.emotion is None:
            self._trail.clear()
        elif look.emotion.state != "silence":
            if self._trail and look.time_s < self._trail[-1][0]:
                self._trail.clear()
            if look.emotion.time_s != self._heard_s:  # ten new ones a second, not thirty
                self._heard_s = look.emotion.time_s
                self._trail.append((look.time_s, look.emotion.valence, look.emotion.arousal))
        while self._trail and look is not None and self._trail[0][0] < look.time_s - TRAIL_S:
            self._trail.popleft()
        self._shows += 1
        if self._shows % _SPEAK_EVERY == 1:
            self.setAccessibleDescription(self._in_words())
        self.update()

    @property
    def puck(self) -> Point:
        """Where the target stands: valence and arousal."""
        performance = self._performance
        if performance.mode == "manual" or self._look is None:
            return performance.valence, performance.arousal
        return self._look.target_valence, self._look.target_arousal

    def position_of(self, valence: float, arousal: float) -> QPointF:
        """Return the place of an emotion in the widget [px]."""
        area = self._area()
        return QPointF(
            area.left() + (valence + 1.0) / 2.0 * area.width(),
            area.bottom() - (arousal + 1.0) / 2.0 * area.height(),
        )

    def emotion_at(self, position: QPointF) -> Point:
        """Return the emotion at a place in the widget, clipped to the plane."""
        area = self._area()
        valence = 2.0 * (position.x() - area.left()) / max(1.0, area.width()) - 1.0
        arousal = 2.0 * (area.bottom() - position.y()) / max(1.0, area.height()) - 1.0
        return min(1.0, max(-1.0, valence)), min(1.0, max(-1.0, arousal))

    def sizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        return QSize(460, 460)

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102
        side = 11 * self.fontMetrics().height()
        return QSize(side, side)

    def _area(self) -> QRectF:
        """Return the square of the plane, with room around it for the words at its axes."""
        key = (self.width(), self.height(), self.fontMetrics().height())
        if self._area_key != key:
            self._area_key, self._area_now = key, self._measure_area()
        return self._area_now

    def _measure_area(self) -> QRectF:
        edge = 1.7 * self.fontMetrics().height() * self._text_scale
        side = min(self.width(), self.height()) - 2.0 * edge
        return QRectF((self.width() - side) / 2.0, (self.height() - side) / 2.0, side, side)

    # ------------------------------------------------------------------ hands

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._dragging = "target"
        performance = self._performance
        if performance.mode == "guide":
            flag = self.position_of(performance.valence, performance.arousal)
            puck = self.position_of(*self.puck)
            to_flag = _distance(event.position(), flag)
            if to_flag < _GRAB_PX and to_flag <= _distance(event.position(), puck):
                self._dragging = "goal"
        self._drag_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        if event is not None and self._dragging:
            self._drag_to(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        self._dragging = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802, D102
        if event is None:
            return
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        valence, arousal = self.puck
        self.target_moved.emit(
            min(1.0, max(-1.0, valence + KEY_STEP * step[0])),
            min(1.0, max(-1.0, arousal + KEY_STEP * step[1])),
        )

    def _drag_to(self, position: QPointF) -> None:
        valence, arousal = (round(value, 3) for value in self.emotion_at(position))
        moved = self.goal_moved if self._dragging == "goal" else self.target_moved
        moved.emit(valence, arousal)

    # ------------------------------------------------------------------ painting

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102
        self._ground = None
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ratio = self.devicePixelRatioF()
        if self._ground is None or self._ground.devicePixelRatio() != ratio:
            self._ground = draw_ground(
                self.size(), ratio, self._area(), self.font(), self._theme, self._text_scale
            )
        painter.drawPixmap(0, 0, self._ground)
        painter.setFont(scaled_font(self.font(), self._text_scale))
        self._draw_trail(painter)
        self._draw_spread(painter)
        if self._performance.mode == "guide":
            self._draw_goal(painter)
        self._draw_target(painter)
        self._draw_heard(painter)
        self._draw_labels(painter)
        if self._look is None:
            self._draw_hint(painter)
        painter.end()

    def _unit(self) -> float:
        """Radius of the live point [px]; everything is drawn in it."""
        return max(7.0, self._area().width() / 52.0)

    def _draw_trail(self, painter: QPainter) -> None:
        if len(self._trail) < 2:
            return
        points = list(self._trail)
        newest = points[-1][0]
        places = [self.position_of(valence, arousal) for _, valence, arousal in points]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for begin in range(0, len(places) - 1, _TRAIL_PIECE):
            age = (newest - points[begin][0]) / TRAIL_S
            colour = faded(self._theme.heard, 0.75 * max(0.0, 1.0 - age) ** 1.5)
            pen = solid(colour, self._unit() * 0.5)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # pieces must not darken where they meet
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(places[begin : begin + _TRAIL_PIECE + 1]))

    def _draw_spread(self, painter: QPainter) -> None:
        """Draw one standard deviation around what is heard."""
        emotion = self._look.emotion if self._look is not None else None
        if emotion is None or emotion.state == "silence":
            return
        area, unit = self._area(), self._unit()
        sure = emotion.state == "tracking"
        painter.save()
        painter.setClipRect(area)
        painter.setBrush(faded(self._theme.heard, 0.22 if sure else 0.10))
        pen = solid if sure else dashed
        painter.setPen(pen(faded(self._theme.heard, 0.8), max(1.5, unit * 0.2)))
        painter.drawEllipse(
            self.position_of(emotion.valence, emotion.arousal),
            emotion.valence_std * area.width() / 2.0,
            emotion.arousal_std * area.height() / 2.0,
        )
        painter.restore()

    def _draw_heard(self, painter: QPainter) -> None:
        emotion = self._look.emotion if self._look is not None else None
        if emotion is None:
            return
        unit = self._unit()
        centre = self.position_of(emotion.valence, emotion.arousal)
        sure = emotion.state == "tracking"
        silent = emotion.state == "silence"
        colour = self._theme.muted if silent else self._theme.heard
        painter.setPen(solid(colour if not sure else self._theme.ground, max(2.0, unit * 0.3)))
        painter.setBrush(QColor(colour) if sure else QColor(self._theme.surface))
        painter.drawEllipse(centre, unit, unit)

    def _draw_goal(self, painter: QPainter) -> None:
        unit = self._unit()
        goal = self.position_of(self._performance.valence, self._performance.arousal)
        painter.setPen(dashed(faded(self._theme.target, 0.8), max(1.5, unit * 0.22)))
        painter.drawLine(self.position_of(*self.puck), goal)
        painter.setPen(solid(self._theme.target, max(2.0, unit * 0.3)))
        pole = QPointF(goal.x(), goal.y() - 2.6 * unit)
        painter.drawLine(goal, pole)
        painter.setBrush(QColor(self._theme.target))
        flag = [pole, pole + QPointF(1.8 * unit, 0.7 * unit), pole + QPointF(0.0, 1.4 * unit)]
        painter.drawPolygon(QPolygonF(flag))

    def _draw_target(self, painter: QPainter) -> None:
        unit = self._unit() * (1.25 if self._dragging == "target" else 1.0)
        puck = self.position_of(*self.puck)
        look, colour = self._look, self._theme.target
        if look is not None:
            played = self.position_of(look.target_valence, look.target_arousal)
            if _distance(played, puck) > unit:  # the target is still on its way to the puck
                painter.setPen(solid(faded(colour, 0.6), max(1.5, unit * 0.22)))
                painter.drawLine(played, puck)
                painter.setBrush(QColor(colour))
                painter.drawEllipse(played, unit * 0.5, unit * 0.5)
        frozen = look is not None and look.frozen
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = dashed if frozen else solid
        painter.setPen(solid(self._theme.ground, unit * 0.85))
        painter.drawEllipse(puck, 1.9 * unit, 1.9 * unit)
        painter.setPen(pen(colour, unit * 0.45))
        painter.drawEllipse(puck, 1.9 * unit, 1.9 * unit)
        painter.setPen(solid(colour, max(1.5, unit * 0.25)))
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(puck + QPointF(x, y) * 1.1 * unit, puck + QPointF(x, y) * 2.8 * unit)
        if self.hasFocus():
            painter.setPen(solid(faded(colour, 0.5), 1.0))
            painter.drawRect(self._area())

    def _draw_labels(self, painter: QPainter) -> None:
        """Name the two points, each on the side away from the other."""
        unit, area = self._unit(), self._area()
        height = painter.fontMetrics().height()
        puck = self.position_of(*self.puck)
        emotion = self._look.emotion if self._look is not None else None
        below = True
        if emotion is not None:
            heard = self.position_of(emotion.valence, emotion.arousal)
            below = puck.y() >= heard.y()
            lift = -(1.2 * unit + 0.7 * height) if below else 1.2 * unit + 0.7 * height
            word = texts.HEARD if emotion.state == "tracking" else texts.STATES[emotion.state][0]
            colour = self._theme.muted if emotion.state == "silence" else self._theme.heard
            at = heard + QPointF(0.0, lift)
            outlined_text(painter, at, word, colour, self._theme.surface, area)
        drop = 2.9 * unit + 0.6 * height
        at = puck + QPointF(0.0, drop if below else -drop)
        width = painter.fontMetrics().horizontalAdvance(texts.TARGET)
        apart = self.position_of(self._performance.valence, self._performance.arousal) - at
        on_flag = (
            self._performance.mode == "guide"
            and abs(apart.x()) < width / 2.0 + 2.0 * unit
            and abs(apart.y()) < height + 3.0 * unit
        )
        if on_flag or not area.contains(at):  # the label moves aside
            side = -1.0 if puck.x() > area.center().x() or (on_flag and apart.x() > 0.0) else 1.0
            at = puck + QPointF(side * (3.2 * unit + width / 2.0), 0.0)
        frozen = self._look is not None and self._look.frozen
        word = f"{texts.TARGET} ({texts.FROZEN})" if frozen else texts.TARGET
        outlined_text(painter, at, word, self._theme.target, self._theme.surface, area)

    def _draw_hint(self, painter: QPainter) -> None:
        area = self._area()
        at = QPointF(area.center().x(), area.top() + 0.28 * area.height())
        outlined_text(painter, at, texts.PLANE_OFF, self._theme.text, self._theme.surface, area)

    def _in_words(self) -> str:
        look = self._look
        if look is None or look.emotion is None:
            return texts.PLANE_HELP
        heard, signed = look.emotion, partial(wording.number, decimals=2, sign=True)
        return texts.PLANE_VALUES.format(
            heard=wording.mood_word(heard.valence, heard.arousal),
            hv=signed(heard.valence),
            ha=signed(heard.arousal),
            state=texts.STATES[heard.state][0],
            played=wording.mood_word(look.target_valence, look.target_arousal),
            tv=signed(look.target_valence),
            ta=signed(look.target_arousal),
        )


def _distance(a: QPointF, b: QPointF) -> float:
    away = a - b
    return float((away.x() ** 2 + away.y() ** 2) ** 0.5)
