"""A QR code, so that a telephone finds a page without typing."""

import segno
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui import texts

__all__ = ["QrCode"]

_QUIET = 4
"""Empty modules around a code (ISO/IEC 18004)."""


class QrCode(QWidget):
    """Black on white in every theme, as cameras expect; hidden while there is no text."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[bytearray] = []
        self._text = ""
        self.setAccessibleName(texts.MONITOR_QR)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show a code for this text; empty: none."""
        if text != self._text:
            self._text = text
            code = segno.make_qr(text, error="m") if text else None
            self._rows = [bytearray(row) for row in code.matrix] if code is not None else []
            self.updateGeometry()
            self.update()
        self.setVisible(bool(text))

    def sizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        side = 9 * self.fontMetrics().height()
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        if self._rows:
            modules = len(self._rows) + 2 * _QUIET
            side = min(self.width(), self.height()) // modules or 1
            left = (self.width() - side * modules) // 2 + side * _QUIET
            top = (self.height() - side * modules) // 2 + side * _QUIET
            for y, row in enumerate(self._rows):
                for x, dark in enumerate(row):
                    if dark:
                        box = QRectF(left + x * side, top + y * side, side, side)
                        painter.fillRect(box, Qt.GlobalColor.black)
        painter.end()
