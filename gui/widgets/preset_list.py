"""Presets with their program numbers; taken on the next bar line while music plays."""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
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
from engine.settings.presets import Preset
from gui import texts

__all__ = ["PresetList"]


class PresetList(QWidget):
    """A list to choose from by double click, Enter or button.

    Signals
    -------
    applied : engine.settings.presets.Preset
        Play with this one.
    save_wanted :
        Keep the settings of now under a name.
    rename_wanted, remove_wanted : engine.settings.presets.Preset
        Change or throw away one of the user's own.
    program_chosen : engine.settings.presets.Preset, int
        Give one of the user's own this MIDI program number.
    """

    applied = pyqtSignal(object)
    save_wanted = pyqtSignal()
    rename_wanted = pyqtSignal(object)
    remove_wanted = pyqtSignal(object)
    program_chosen = pyqtSignal(object, int)

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
        self.apply.setToolTip(texts.PRESET_APPLY_TIP)
        self.apply.clicked.connect(self._apply)
        save = QPushButton(texts.PRESET_SAVE)
        save.clicked.connect(self.save_wanted)
        self.rename = QPushButton(texts.PRESET_RENAME_BUTTON)
        self.rename.clicked.connect(lambda: self.rename_wanted.emit(self.current()))
        self.remove = QPushButton(texts.PRESET_REMOVE)
        self.remove.clicked.connect(lambda: self.remove_wanted.emit(self.current()))
        self.program = QSpinBox()
        self.program.setRange(0, 127)
        self.program.setKeyboardTracking(False)
        self.program.setPrefix(texts.PRESET_PROGRAM)
        self.program.setAccessibleName(texts.PRESET_PROGRAM_NAME)
        self.program.valueChanged.connect(
            lambda number: self.program_chosen.emit(self.current(), number)
        )
        self._own = QWidget()
        own = QHBoxLayout(self._own)
        own.setContentsMargins(0, 0, 0, 0)
        for widget in (self.program, self.rename, self.remove):
            own.addWidget(widget)
        own.addStretch()
        row = QHBoxLayout()
        row.addWidget(self.apply)
        row.addWidget(save)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.addWidget(self.list, stretch=1)
        layout.addWidget(self._description)
        layout.addLayout(row)
        layout.addWidget(self._own)
        self._describe()

    def show_presets(self, presets: Sequence[Preset]) -> None:
        """List these presets; the chosen one stays chosen."""
        current = self.current()
        self.list.clear()
        for preset in presets:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, preset)
            item.setToolTip(preset.description)
            self.list.addItem(item)
            if current is not None and preset.slug == current.slug:
                self.list.setCurrentItem(item)
        self.show_performance(Performance(), None)
        self._describe()

    def show_performance(self, performance: Performance, expected: Performance | None) -> None:
        """Set in bold the presets that are in force as they are, and mark those to come."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            assert item is not None
            preset: Preset = item.data(Qt.ItemDataRole.UserRole)
            words = texts.PRESET_ROW.format(program=preset.program, name=preset.name)
            if preset.performance == expected:
                words = texts.PRESET_COMING.format(row=words)
            if item.text() != words:
                item.setText(words)
            font = item.font()
            if font.bold() != (preset.performance == performance):
                font.setBold(preset.performance == performance)
                item.setFont(font)

    def current(self) -> Preset | None:
        """Return the preset that is chosen in the list."""
        item = self.list.currentItem()
        if item is None:
            return None
        preset: Preset = item.data(Qt.ItemDataRole.UserRole)
        return preset

    def _apply(self) -> None:
        preset = self.current()
        if preset is not None:
            self.applied.emit(preset)

    def _describe(self) -> None:
        preset = self.current()
        self._description.setText(preset.description if preset is not None else texts.PRESET_HINT)
        self.apply.setEnabled(preset is not None)
        self._own.setVisible(preset is not None and preset.own)
        if preset is not None:
            self.program.blockSignals(True)
            self.program.setValue(preset.program)
            self.program.blockSignals(False)
