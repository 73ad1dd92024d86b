"""Presets with their program numbers; applied while playing."""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.config import Performance
from engine.presets import Preset
from gui import texts

__all__ = ["PresetList"]


class PresetList(QWidget):
    """A list to choose from by double click, Enter or button.

    Signals
    -------
    applied : engine.presets.Preset
        Play with this one.
    save_wanted :
        Keep the settings of now under a name.
    """

    applied = pyqtSignal(object)
    save_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName(texts.PRESETS_NAME)
        self.list.itemActivated.connect(lambda _item: self._apply())
        self.list.currentItemChanged.connect(lambda *_: self._describe())
        self._description = QLabel()
        self._description.setWordWrap(True)
        self._description.setProperty("role", "muted")
        self._description.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._description.setMinimumHeight(round(4.5 * self.fontMetrics().height()))
        self.apply = QPushButton(texts.PRESET_APPLY)
        self.apply.clicked.connect(self._apply)
        save = QPushButton(texts.PRESET_SAVE)
        save.clicked.connect(self.save_wanted)
        row = QHBoxLayout()
        row.addWidget(self.apply)
        row.addWidget(save)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.addWidget(self.list, stretch=1)
        layout.addWidget(self._description)
        layout.addLayout(row)
        self._describe()

    def show_presets(self, presets: Sequence[Preset]) -> None:
        """List these presets; the chosen one stays chosen."""
        current = self._current()
        self.list.clear()
        for preset in presets:
            item = QListWidgetItem(f"{preset.program:>3}   {preset.name}")
            item.setData(Qt.ItemDataRole.UserRole, preset)
            item.setToolTip(preset.description)
            self.list.addItem(item)
            if current is not None and preset.slug == current.slug:
                self.list.setCurrentItem(item)

    def show_performance(self, performance: Performance) -> None:
        """Set in bold the presets that are in force as they are."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            assert item is not None
            preset: Preset = item.data(Qt.ItemDataRole.UserRole)
            font = item.font()
            if font.bold() != (preset.performance == performance):
                font.setBold(preset.performance == performance)
                item.setFont(font)

    def _current(self) -> Preset | None:
        item = self.list.currentItem()
        if item is None:
            return None
        preset: Preset = item.data(Qt.ItemDataRole.UserRole)
        return preset

    def _apply(self) -> None:
        preset = self._current()
        if preset is not None:
            self.applied.emit(preset)

    def _describe(self) -> None:
        preset = self._current()
        self._description.setText(preset.description if preset is not None else texts.PRESET_HINT)
        self.apply.setEnabled(preset is not None)
