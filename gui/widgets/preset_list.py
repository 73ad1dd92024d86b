"""Presets with their program numbers; taken on the next bar line while music plays."""

from collections.abc import Iterator, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from engine.settings.performance import Performance
from engine.settings.presets import Preset
from gui import texts
from gui.widgets.controls import Panel, Row, button, column, label, number_box, show_number

__all__ = ["PresetList"]


class PresetList(Panel):
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
        self.list.setWordWrap(True)
        self.list.itemActivated.connect(lambda _item: self._apply())
        self.list.currentItemChanged.connect(lambda *_: self._describe())
        self._description = label(role="muted", wrap=True)
        self._description.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._broken = label(role="small", wrap=True)
        self._broken.hide()
        self.apply = button(texts.PRESET_APPLY, self._apply, texts.PRESET_APPLY_TIP)
        self.rename = button(
            texts.PRESET_RENAME_BUTTON, lambda: self.rename_wanted.emit(self.current())
        )
        self.remove = button(texts.PRESET_REMOVE, lambda: self.remove_wanted.emit(self.current()))
        self.program = number_box(
            texts.PRESET_PROGRAM_NAME,
            0,
            127,
            lambda number: self.program_chosen.emit(self.current(), number),
        )
        self.program.setPrefix(texts.PRESET_PROGRAM)
        self._own = QWidget()
        self._own.setLayout(Row(self.program, self.rename, self.remove))
        page = column(
            self.list,
            self._description,
            Row(self.apply, button(texts.PRESET_SAVE, self.save_wanted.emit)),
            self._own,
            self._broken,
            parent=self,
            margin=8,
        )
        page.setStretchFactor(self.list, 1)
        self._describe()

    def show_presets(self, presets: Sequence[Preset], broken: Sequence[str] = ()) -> None:
        """List these presets, the chosen one stays chosen; name the files that are ``broken``."""
        current = self.current()
        self.list.clear()
        for preset in presets:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, preset)
            item.setToolTip(preset.description)
            self.list.addItem(item)
            if current is not None and preset.slug == current.slug:
                self.list.setCurrentItem(item)
        self._broken.setText("\n".join(texts.PRESET_BROKEN.format(reason=why) for why in broken))
        self._broken.setVisible(bool(broken))
        self.show_performance(Performance(), None)
        self._describe()

    def show_performance(self, performance: Performance, expected: Performance | None) -> None:
        """Show presets in use in bold, and mark the one that comes with the next bar."""
        for item, preset in self._rows():
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
        chosen = self.list.currentItem()
        return next((preset for item, preset in self._rows() if item is chosen), None)

    def _rows(self) -> Iterator[tuple[QListWidgetItem, Preset]]:
        for row in range(self.list.count()):
            item = self.list.item(row)
            assert item is not None
            yield item, item.data(Qt.ItemDataRole.UserRole)

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
            show_number(self.program, preset.program)
