"""The input level, with a light that stays on when it was too loud."""

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui import texts
from gui.texts import wording
from gui.theme import Theme

__all__ = ["CLIP_DB", "LevelMeter"]

LOWEST_DB, HOT_DB, CLIP_DB = -60.0, -6.0, -0.2
"""From `HOT_DB` on the peak is near full scale; at `CLIP_DB` it has reached it."""

_FALL_DB_PER_SHOW = 0.7  # 20 dB a second at 30 looks a second
_HOLD_SHOWS = 45
"""So long the highest peak stays marked: a second and a half."""


class LevelMeter(QWidget):
    """A bar (RMS) from -60 to 0 dBFS with the held peak as a line, and a clip light.

    The light stays on until a click resets it.

    Signals
    -------
    reset :
        The light was reset.
    """

    reset = pyqtSignal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._level_db: float | None = None
        self._shown_db = LOWEST_DB
        self._peak_db = LOWEST_DB
        self._held = 0
        self.hot = False
        self.setAccessibleName(texts.LEVEL)
        self.setToolTip(texts.LEVEL_HOT_TIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def show_level(self, level_db: float | None, peak_db: float = LOWEST_DB) -> None:
        """Show an RMS level and a peak [dBFS]; None while nothing is listened to."""
        self._level_db = level_db
        if level_db is None:
            self._shown_db = self._peak_db = LOWEST_DB
        else:
            self._shown_db = max(level_db, self._shown_db - _FALL_DB_PER_SHOW, LOWEST_DB)
            self._held -= 1
            if peak_db >= self._peak_db or self._held <= 0:
                self._peak_db, self._held = max(peak_db, LOWEST_DB), _HOLD_SHOWS
            self.hot = self.hot or peak_db >= CLIP_DB
        self.update()

    @property
    def peak_db(self) -> float:
        """The peak that is marked [dBFS]."""
        return self._peak_db

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        self.put_out()
        self.reset.emit()

    def put_out(self) -> None:
        """Reset the light."""
        self.hot = False
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        return QSize(160, round(1.7 * self.fontMetrics().height()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(100, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(self._theme.edge))
        painter.setBrush(QColor(self._theme.ground))
        painter.drawRoundedRect(area, 4.0, 4.0)
        share = _share(self._shown_db)
        if share > 0.0:
            colour = self._theme.bad if self._peak_db >= CLIP_DB else self._theme.good
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            bar = area.adjusted(2.0, 2.0, -2.0, -2.0)
            bar.setWidth(share * bar.width())
            painter.setOpacity(0.75)
            painter.drawRoundedRect(bar, 3.0, 3.0)
            painter.setOpacity(1.0)
        if self._peak_db > LOWEST_DB:
            hot = self._theme.caution if self._peak_db >= HOT_DB else self._theme.text
            x = area.left() + 2.0 + _share(self._peak_db) * (area.width() - 6.0)
            painter.fillRect(QRectF(x, area.top() + 2.0, 2.0, area.height() - 4.0), QColor(hot))
        painter.setPen(QColor(self._theme.text))
        align = Qt.AlignmentFlag.AlignVCenter
        inside = area.adjusted(6.0, 0.0, -6.0, 0.0)
        painter.drawText(inside, align | Qt.AlignmentFlag.AlignLeft, self._words())
        if self.hot:
            width = painter.fontMetrics().horizontalAdvance(texts.LEVEL_HOT) + 12.0
            light = QRectF(area.right() - width, area.top(), width, area.height())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.bad))
            painter.drawRoundedRect(light, 4.0, 4.0)
            painter.setPen(QColor(self._theme.on_bad))
            painter.drawText(light, Qt.AlignmentFlag.AlignCenter, texts.LEVEL_HOT)
        painter.end()

    def _words(self) -> str:
        if self._level_db is None:
            return texts.LEVEL
        if self._level_db <= LOWEST_DB:
            return texts.NO_SOUND
        return texts.LEVEL_DB.format(level=wording.number(self._level_db))


def _share(level_db: float) -> float:
    return (min(0.0, level_db) - LOWEST_DB) / -LOWEST_DB
