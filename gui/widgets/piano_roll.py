"""The piano roll: what was played, what is fixed, and what is only a draft."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from PyQt6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PyQt6.QtWidgets import QMenu, QSizePolicy, QWidget

from engine.events import NoteEvent
from engine.snapshot import Snapshot
from gui import texts
from gui.theme import Theme
from gui.widgets.paint import dashed, faded, scaled_font, solid

__all__ = ["PianoRoll"]

PAST_BEATS, FUTURE_BEATS = 6.0, 10.0
_LOWEST, _HIGHEST = 36, 84
"""Pitches always shown (C2 to C6); the range widens for others and stays wide."""

_BLACK_KEYS = frozenset((1, 3, 6, 8, 10))


_KEYS: Final = {
    Qt.Key.Key_Space: "lock_bar",
    Qt.Key.Key_Delete: "clear_bar",
    Qt.Key.Key_Return: "redraw_bar",
    Qt.Key.Key_Enter: "redraw_bar",
}


class PianoRoll(QWidget):
    """Notes over beats; the playhead stands still and the music moves.

    Signals
    -------
    bar_wanted : str, int
        Lock, clear or redraw (an action) this bar to come, counted from 1.
    """

    bar_wanted = pyqtSignal(str, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._look: Snapshot | None = None
        self._low, self._high = _LOWEST, _HIGHEST
        self._keys = QPixmap()
        self._keys_key: tuple[object, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setToolTip(texts.ROLL_HELP)
        self.setAccessibleName(texts.ROLL_NAME)
        self.setAccessibleDescription(texts.ROLL_HELP)
        self._bar = -1  # chosen by mouse or keys, counted from 0; -1: none

    # ------------------------------------------------------------------ bars ahead

    def choose_bar(self, bar: int) -> None:
        """Choose a bar that is still to come, counted from 0; another is none."""
        look = self._look
        first = self._first_bar()
        self._bar = bar if look is not None and bar >= first else -1
        if self._bar < 0 or look is None:
            self.setAccessibleName(texts.ROLL_NAME)
        else:
            locked = texts.ROLL_BAR_LOCKED if self._bar in look.locked else ""
            self.setAccessibleName(texts.ROLL_BAR.format(bar=self._bar + 1, locked=locked))
        self.update()

    def _first_bar(self) -> int:
        look = self._look
        return 0 if look is None else int(look.beat // look.beats_per_bar) + 1

    def _bar_at(self, x: float) -> int:
        look, area = self._look, self._area()
        if look is None or not area.left() <= x <= area.right():
            return -1
        share = (x - area.left()) / max(1.0, area.width())
        beat = look.beat - PAST_BEATS + share * (PAST_BEATS + FUTURE_BEATS)
        return int(beat // look.beats_per_bar)

    def _edit(self, action: str) -> None:
        if self._bar >= 0:
            self.bar_wanted.emit(action, self._bar + 1)

    def menu(self) -> QMenu:
        """Return what can be done with the bar that is chosen."""
        menu = QMenu(self)
        for action, words in texts.ROLL_EDITS.items():
            entry = menu.addAction(words.format(bar=self._bar + 1))
            assert entry is not None
            entry.triggered.connect(partial(self._edit, action))
        return menu

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102 (Qt's names)
        if event is not None:
            self.choose_bar(self._bar_at(event.position().x()))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        if event is None:
            return
        self.choose_bar(self._bar_at(event.position().x()))
        if event.button() == Qt.MouseButton.LeftButton:
            self._edit("lock_bar")

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:  # noqa: N802, D102
        if event is not None and self._bar >= 0:
            self.menu().exec(event.globalPos())

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802, D102
        self.choose_bar(-1)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802, D102
        if event is None:
            return
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            first = self._first_bar()
            step = 1 if key == Qt.Key.Key_Right else -1
            self.choose_bar(max(first, self._bar + step if self._bar >= 0 else first))
        elif key in _KEYS:
            self._edit(_KEYS[key])
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------------ what is shown

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show the engine; None while it is not running."""
        if look is None:
            self._low, self._high = _LOWEST, _HIGHEST
        else:
            for notes in (look.notes, look.committed, look.draft):
                for note in notes:
                    self._low = min(self._low, note.pitch - 1)
                    self._high = max(self._high, note.pitch + 1)
        self._look = look
        if 0 <= self._bar < self._first_bar():
            self.choose_bar(-1)  # it has begun
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        return QSize(420, 240)

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102
        line = self.fontMetrics().height()
        return QSize(15 * line, 6 * line)

    def _area(self) -> QRectF:
        head = 1.5 * self.fontMetrics().height()
        margin = 2.6 * self.fontMetrics().averageCharWidth()
        return QRectF(margin, head, self.width() - margin - 4.0, self.height() - head - 4.0)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        # Straight lines and boxes need no antialiasing, which costs ten times as much.
        area = self._area()
        painter.drawPixmap(0, 0, self._keys_picture(area))
        look = self._look
        if look is None:
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, texts.ROLL_EMPTY)
        else:
            for bar in {*look.locked, self._bar}:
                self._draw_bar(painter, area, look, bar)
            self._draw_bars(painter, area, look)
            painter.save()
            painter.setClipRect(area)
            locked = [n for n in look.draft if n.onset // look.beats_per_bar in look.locked]
            free = [n for n in look.draft if n.onset // look.beats_per_bar not in look.locked]
            self._draw_notes(painter, area, free, look.beat, "draft")
            self._draw_notes(painter, area, [*locked, *look.committed], look.beat, "committed")
            self._draw_notes(painter, area, look.notes, look.beat, "played")
            painter.restore()
            x = self._x(area, look.beat, look.beat)
            painter.fillRect(_stroke(x - 1.0, area, 2), QColor(self._theme.text))
        self._draw_legend(painter, QRectF(area.left(), 0.0, area.width(), area.top()))
        painter.end()

    def _x(self, area: QRectF, beat: float, now: float) -> float:
        share = (beat - now + PAST_BEATS) / (PAST_BEATS + FUTURE_BEATS)
        return area.left() + share * area.width()

    def _row(self, area: QRectF) -> float:
        return area.height() / (self._high - self._low + 1)

    def _y(self, area: QRectF, pitch: int) -> float:
        return area.bottom() - (pitch - self._low + 1) * self._row(area)

    def _keys_picture(self, area: QRectF) -> QPixmap:
        """Return the keys as a picture, drawn anew only when size, range or theme change."""
        ratio = self.devicePixelRatioF()
        key = (self.width(), self.height(), ratio, self._low, self._high, self._theme.name)
        if self._keys_key != key:
            self._keys_key = key
            self._keys = QPixmap(self.size() * ratio)
            self._keys.setDevicePixelRatio(ratio)
            self._keys.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._keys)
            painter.setFont(self.font())
            self._draw_keys(painter, area)
            painter.end()
        return self._keys

    def _draw_keys(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.ground))
        painter.drawRect(area)
        row = self._row(area)
        painter.setBrush(faded(self._theme.raised, 0.45))
        for pitch in range(self._low, self._high + 1):
            if pitch % 12 in _BLACK_KEYS:
                painter.drawRect(QRectF(area.left(), self._y(area, pitch), area.width(), row))
        painter.setFont(scaled_font(self.font(), 0.8))
        height = painter.fontMetrics().height()
        for pitch in range(-(-self._low // 12) * 12, self._high + 1, 12):
            y = self._y(area, pitch) + row
            painter.fillRect(
                QRectF(area.left(), y, area.width(), 1.0), faded(self._theme.edge, 0.8)
            )
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(
                QRectF(0.0, y - height * 0.8, area.left() - 3.0, height),
                Qt.AlignmentFlag.AlignRight,
                f"C{pitch // 12 - 1}",
            )

    def _draw_bars(self, painter: QPainter, area: QRectF, look: Snapshot) -> None:
        painter.setFont(scaled_font(self.font(), 0.8))
        height = painter.fontMetrics().height()
        first = int(look.beat - PAST_BEATS) - 1
        for beat in range(max(0, first), int(look.beat + FUTURE_BEATS) + 2):
            x = self._x(area, beat, look.beat)
            if not area.left() <= x <= area.right():
                continue
            is_bar = beat % look.beats_per_bar == 0
            colour = faded(self._theme.muted, 0.8) if is_bar else faded(self._theme.edge, 0.6)
            painter.fillRect(_stroke(x, area, 2 if is_bar else 1), colour)
            if is_bar and x < area.right() - 30.0:
                painter.setPen(QColor(self._theme.muted))
                at = QRectF(x + 4.0, area.top() + 1.0, 60.0, height)
                bar = beat // look.beats_per_bar
                number = f"{bar + 1}"
                if bar in look.locked:
                    number = texts.ROLL_LOCKED.format(bar=number)
                    at.setWidth(area.width())
                painter.drawText(at, Qt.AlignmentFlag.AlignLeft, number)

    def _draw_bar(self, painter: QPainter, area: QRectF, look: Snapshot, bar: int) -> None:
        """Show that a bar is locked, by its ground, or chosen, by a frame."""
        left, right = (
            min(max(self._x(area, edge * look.beats_per_bar, look.beat), area.left()), area.right())
            for edge in (bar, bar + 1)
        )
        if bar < 0 or right <= left:
            return
        box = QRectF(left, area.top(), right - left, area.height())
        if bar in look.locked:
            painter.fillRect(box, faded(self._theme.target, 0.22))
        if bar == self._bar:
            painter.setPen(solid(self._theme.target, 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(1.0, 1.0, -1.0, -1.0))

    def _draw_notes(
        self, painter: QPainter, area: QRectF, notes: Sequence[NoteEvent], now: float, kind: str
    ) -> None:
        row = self._row(area)
        height = max(4.0, row * 0.86)
        for note in notes:
            left = self._x(area, note.onset, now)
            right = self._x(area, note.onset + note.duration, now)
            if right < area.left() or left > area.right():
                continue
            colour = self._theme.roles.get(note.role, self._theme.text)
            y = self._y(area, note.pitch) + (row - height) / 2.0
            box = QRectF(left + 0.5, y, max(3.0, right - left - 1.5), height)
            if kind == "played":
                sounding = note.onset <= now < note.onset + note.duration
                strength = 1.0 if sounding else 0.5 + 0.4 * note.velocity / 127.0
                painter.setPen(solid(self._theme.text, 1.2) if sounding else Qt.PenStyle.NoPen)
                painter.setBrush(faded(colour, strength))
            elif kind == "committed":
                painter.setPen(solid(colour, 1.4))
                painter.setBrush(faded(colour, 0.35))
            else:
                painter.setPen(dashed(faded(colour, 0.75), 1.0))
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 2.0, 2.0)

    def _draw_legend(self, painter: QPainter, area: QRectF) -> None:
        """Name the parts by colour, and the kinds of note by how they are drawn."""
        painter.setFont(scaled_font(self.font(), 0.9))
        metrics = painter.fontMetrics()
        side = metrics.height() * 0.62
        gap = 0.9 * metrics.height()
        x, middle = area.left() + 2.0, area.center().y()

        def entry(word: str, colour: str, kind: str) -> None:
            nonlocal x
            if kind == "draft":
                painter.setPen(dashed(colour, 1.0))
                painter.setBrush(Qt.BrushStyle.NoBrush)
            else:
                painter.setPen(solid(colour, 1.4))
                painter.setBrush(faded(colour, 0.35 if kind == "committed" else 1.0))
            painter.drawRoundedRect(QRectF(x, middle - side / 2.0, 1.6 * side, side), 2.0, 2.0)
            x += 1.6 * side + 5.0
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(QPointF(x, middle + metrics.capHeight() / 2.0), word)
            x += metrics.horizontalAdvance(word) + gap

        for role in ("lead", "chords", "bass"):
            entry(texts.PART_NAMES[role], self._theme.roles[role], "played")
        kinds = {
            "played": texts.ROLL_PLAYED,
            "committed": texts.ROLL_COMMITTED,
            "draft": texts.ROLL_DRAFT,
        }
        width = sum(
            metrics.horizontalAdvance(word) + 1.6 * side + 5.0 + gap for word in kinds.values()
        )
        if area.right() - width < x:
            return  # too narrow for both; the parts matter more
        x = area.right() - width
        for kind, word in kinds.items():
            entry(word, self._theme.muted, kind)


def _stroke(x: float, area: QRectF, width: int) -> QRect:
    """Return an upright line as whole pixels: fractions would cost thirty times as much."""
    return QRect(round(x), round(area.top()), width, round(area.height()))
