"""A file that Stimmung has written, to be dragged into a DAW."""

from pathlib import Path

from PyQt6.QtCore import QMimeData, Qt, QUrl
from PyQt6.QtGui import QDrag, QMouseEvent

from gui import texts
from gui.widgets.controls import WrappingLabel

__all__ = ["FileTile"]


class FileTile(WrappingLabel):
    """The file that was written last.

    Parameters
    ----------
    none : str
        What it says while there is no file.
    """

    def __init__(self, none: str) -> None:
        super().__init__(none)
        self._none = none
        self.path: Path | None = None
        self.setObjectName("tile")
        self.setAccessibleName(texts.FILE_TILE)

    def show_path(self, path: Path | None) -> None:
        """Offer this file, or none."""
        self.path = path
        if path is None:
            self.setText(self._none)
            self.setToolTip("")
            self.unsetCursor()
            return
        self.setText(texts.FILE_DRAG.format(name=path.name))
        self.setToolTip(str(path))
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mime(self) -> QMimeData | None:
        """Return what a drop receives; None while there is no file or it has gone."""
        if self.path is None or not self.path.is_file():
            return None
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self.path))])
        return data

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        data = self.mime()
        if event is None or data is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)
