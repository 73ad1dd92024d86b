"""The performer's MIDI keyboards, what passes through, and bars to keep."""

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QMimeData, Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QDrag, QMouseEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.settings.performance import Performance
from engine.transfer.elements import ELEMENTS
from gui import texts
from gui.widgets.pickers import make_picker
from gui.widgets.sliders import LabelledSlider, Scale

__all__ = ["CaptureTile", "KeysPanel"]

_ROWS_SHOWN = 4


class CaptureTile(QLabel):
    """The file that was kept last, to be dragged into a DAW.

    Parameters
    ----------
    none : str
        What it says while there is no file.
    """

    def __init__(self, none: str = texts.CAPTURE_NONE) -> None:
        super().__init__(none)
        self._none = none
        self.path: Path | None = None
        self.setObjectName("tile")
        self.setWordWrap(True)
        self.setAccessibleName(texts.CAPTURE_TILE)

    def show_path(self, path: Path | None) -> None:
        """Offer this file, or none."""
        self.path = path
        if path is None:
            self.setText(self._none)
            self.setToolTip("")
            self.unsetCursor()
            return
        self.setText(texts.CAPTURE_DRAG.format(name=path.name))
        self.setToolTip(str(path))
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mime(self) -> QMimeData | None:
        """Return what a drop receives; None while nothing was kept or the file has gone."""
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


class KeysPanel(QWidget):
    """Keyboards to listen to, thru with transfer, turns, and capture.

    Signals
    -------
    keys_chosen : tuple of str
        MIDI inputs, as `engine.settings.run.LiveConfig.keys_in` names them.
    thru_chosen : bool
        Whether they are passed through.
    chosen : dict
        Settings of the performance to change.
    acted : str
        An action of `engine.choices.ACTIONS`.
    capture_wanted : int
        Keep so many bars.
    """

    keys_chosen = pyqtSignal(tuple)
    thru_chosen = pyqtSignal(bool)
    chosen = pyqtSignal(dict)
    acted = pyqtSignal(str)
    capture_wanted = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.keys = QListWidget()
        self.keys.setAccessibleName(texts.KEYS_IN)
        self.keys.setMaximumHeight(round((_ROWS_SHOWN + 0.5) * 1.6 * self.fontMetrics().height()))
        self.keys.itemChanged.connect(lambda _item: self.keys_chosen.emit(self._checked()))
        self.thru = QCheckBox(texts.THRU)
        self.thru.setToolTip(texts.THRU_TIP)
        self.thru.clicked.connect(self.thru_chosen)
        self.duet = make_picker(texts.DUET)
        for name, words in texts.DUETS.items():
            self.duet.addItem(words, name)
        self.duet.activated.connect(lambda _: self.chosen.emit({"duet": self.duet.currentData()}))
        self.cue = QPushButton(texts.CUE)
        self.cue.setToolTip(texts.CUE_TIP)
        self.cue.clicked.connect(lambda: self.acted.emit("listen"))
        self.transfer = LabelledSlider(
            texts.TRANSFER, Scale(0.0, 1.0), lambda value: f"{value:.0%}", centre=0.0
        )
        self.transfer.moved.connect(lambda value: self.chosen.emit({"transfer": round(value, 3)}))
        self.elements = {name: QCheckBox(texts.ELEMENTS[name]) for name in ELEMENTS}
        boxes = QGridLayout()
        for number, box in enumerate(self.elements.values()):
            box.clicked.connect(lambda _: self._choose_elements())
            boxes.addWidget(box, number // 2, number % 2)
        self.bars = QSpinBox()
        self.bars.setRange(1, 64)
        self.bars.setValue(8)
        self.bars.setSuffix(texts.BARS_SUFFIX)
        self.bars.setAccessibleName(texts.CAPTURE_BARS)
        self.capture = QPushButton(texts.CAPTURE)
        self.capture.setToolTip(texts.CAPTURE_TIP)
        self.capture.clicked.connect(lambda: self.capture_wanted.emit(self.bars.value()))
        self.tile = CaptureTile()

        keep = QHBoxLayout()
        keep.addWidget(self.bars)
        keep.addWidget(self.capture)
        keep.addStretch()
        turns = QFormLayout()
        turns.addRow(texts.DUET, self.duet)
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addWidget(_title(texts.KEYS_IN))
        layout.addWidget(self.keys)
        layout.addWidget(self.thru)
        layout.addLayout(turns)
        layout.addWidget(self.cue)
        layout.addSpacing(8)
        layout.addWidget(_title(texts.TRANSFER_TITLE))
        layout.addWidget(self.transfer)
        layout.addLayout(boxes)
        layout.addSpacing(8)
        layout.addWidget(_title(texts.CAPTURE_TITLE))
        layout.addLayout(keep)
        layout.addWidget(self.tile)
        layout.addStretch()

    def show_devices(self, ports: Sequence[str], chosen: Sequence[str], *, listed: bool) -> None:
        """List what is present; what is chosen but absent stays, and is said to be so."""
        rows = [(words, name) for name, words in texts.KEYS_WAYS.items()]
        rows += [(name, name) for name in ports]
        present = {name for _, name in rows}
        for name in chosen:
            if name not in present:
                rows.append((texts.ABSENT.format(name=name) if listed else name, name))
        shown = [
            (item.text(), item.data(Qt.ItemDataRole.UserRole), self._is_checked(item))
            for item in map(self.keys.item, range(self.keys.count()))
            if item is not None
        ]
        wanted = [(words, name, name in chosen) for words, name in rows]
        if shown == wanted:
            return
        self.keys.blockSignals(True)
        self.keys.clear()
        for words, name, checked in wanted:
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, name)
            state = Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked
            item.setCheckState(state)
            self.keys.addItem(item)
        self.keys.blockSignals(False)

    def show_performance(self, performance: Performance, thru: bool, playing: bool) -> None:
        """Show the settings; capture and cue need the music to play."""
        self.thru.setChecked(thru)
        self.duet.setCurrentIndex(self.duet.findData(performance.duet))
        self.transfer.show_value(performance.transfer)
        self.transfer.setEnabled(thru)
        for name, box in self.elements.items():
            box.setChecked(name in performance.transfer_elements)
            box.setEnabled(thru)
        self.cue.setEnabled(playing)
        self.capture.setEnabled(playing)

    def _checked(self) -> tuple[str, ...]:
        items = (self.keys.item(row) for row in range(self.keys.count()))
        return tuple(
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item is not None and self._is_checked(item)
        )

    @staticmethod
    def _is_checked(item: QListWidgetItem) -> bool:
        return item.checkState() == Qt.CheckState.Checked

    def _choose_elements(self) -> None:
        chosen = tuple(name for name, box in self.elements.items() if box.isChecked())
        self.chosen.emit({"transfer_elements": chosen})


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label
