"""The page Keys: MIDI keyboards, what passes through, and capture."""

from collections.abc import Callable, Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QValidator
from PyQt6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QSpinBox

from engine.errors import InputError
from engine.music.keys import key_number_name, parse_key_number
from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from engine.transfer.elements import ELEMENTS
from gui import texts
from gui.texts import wording
from gui.widgets import controls as ui
from gui.widgets.file_tile import FileTile
from gui.widgets.sliders import LabelledSlider, Scale, SliderSpec

__all__ = ["KeyBox", "KeysPanel"]

_ROWS_SHOWN = 4


class KeysPanel(ui.Panel):
    """Keyboards to listen to, thru with transfer, taking turns, and capture."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = QListWidget()
        self.keys.setAccessibleName(texts.KEYS_IN)
        self.keys.setMaximumHeight(round((_ROWS_SHOWN + 0.5) * 1.6 * self.fontMetrics().height()))
        self.keys.itemChanged.connect(
            lambda _item: self.run_chosen.emit({"keys_in": self._checked()})
        )
        self.thru = ui.check_box(texts.THRU, self.choose_run("thru"), texts.THRU_TIP)
        duets = [(words, name) for name, words in texts.DUETS.items()]
        self.duet = ui.picker(texts.DUET, duets, self.choose("duet"))
        self.pause = ui.amount_box(
            texts.PAUSE,
            0.0,
            16.0,
            self.choose("pause_beats"),
            suffix=texts.PAUSE_SUFFIX,
            decimals=1,
        )
        self.pause.setSpecialValueText(texts.PAUSE_LEARNED)
        self.pause.setToolTip(texts.PAUSE_TIP)
        self.player = QLineEdit()
        self.player.setAccessibleName(texts.PLAYER)
        self.player.setPlaceholderText(texts.PLAYER_NONE)
        self.player.setToolTip(texts.PLAYER_TIP)
        self.player.editingFinished.connect(self._choose_player)
        self._pause_now = ui.label(role="small", live="")
        self.split = KeyBox(texts.SPLIT, self.choose("split"))
        self.split.setToolTip(texts.SPLIT_TIP)
        self.cue = ui.button(texts.CUE, self.ask("cue"), texts.CUE_TIP)
        transfer = SliderSpec(texts.TRANSFER, Scale(0.0, 1.0), wording.percent, 0.0)
        self.transfer = LabelledSlider(transfer, self.choose("transfer"))
        self.elements = {
            name: ui.check_box(texts.ELEMENTS[name], lambda _: self._choose_elements())
            for name in ELEMENTS
        }
        self.bars = ui.number_box(texts.CAPTURE_BARS, 1, 64, lambda _: None)
        self.bars.setValue(8)
        self.bars.setSuffix(texts.BARS_SUFFIX)
        self.capture = ui.button(texts.CAPTURE, self.ask("capture"), texts.CAPTURE_TIP)
        self.tile = FileTile(texts.CAPTURE_NONE)
        ui.column(
            ui.label(texts.KEYS_IN, "title", wrap=True),
            self.keys,
            self.thru,
            ui.form(
                (texts.SPLIT, ui.Row(self.split)),
                (texts.DUET, self.duet),
                (texts.PAUSE, ui.Row(self.pause, self._pause_now)),
                (texts.PLAYER, self.player),
            ),
            ui.Row(self.cue),
            8,
            ui.label(texts.TRANSFER_TITLE, "title", wrap=True),
            self.transfer,
            ui.Row(*self.elements.values(), spacing=10),
            8,
            ui.label(texts.CAPTURE_TITLE, "title", wrap=True),
            ui.Row(self.bars, self.capture),
            self.tile,
            None,
            parent=self,
            margin=8,
        )

    def show_devices(self, ports: Sequence[str], chosen: Sequence[str], *, listed: bool) -> None:
        """List what is present; a chosen one that is absent stays and is marked as absent."""
        rows = [(words, name) for name, words in texts.KEYS_WAYS.items()]
        rows += [(name, name) for name in ports]
        present = {name for _, name in rows}
        for name in chosen:
            if name not in present:
                rows.append((texts.ABSENT.format(name=name) if listed else name, name))
        wanted = [(words, name, name in chosen) for words, name in rows]
        shown = [(item.text(), _name(item), _is_checked(item)) for item in self._items()]
        if shown == wanted:
            return
        self.keys.blockSignals(True)
        self.keys.clear()
        for words, name, checked in wanted:
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
            self.keys.addItem(item)
        self.keys.blockSignals(False)

    def show_performance(
        self, performance: Performance, thru: bool, playing: bool, player: str = ""
    ) -> None:
        """Show the settings; capture and cue need the music to play."""
        if not self.player.hasFocus():
            self.player.setText(player)
        self.thru.setChecked(thru)
        self.duet.setCurrentIndex(self.duet.findData(performance.duet))
        ui.show_number(self.pause, performance.pause_beats)
        ui.show_number(self.split, performance.split)
        self.transfer.show_value(performance.transfer)
        self.transfer.setEnabled(thru)
        for name, box in self.elements.items():
            box.setChecked(name in performance.transfer_elements)
            box.setEnabled(thru)
        self.cue.setEnabled(playing)
        self.capture.setEnabled(playing)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show how long a silence hands over now; None while not running."""
        by_turns = look is not None and look.performance.duet == "turns"
        seconds = wording.number(look.pause_s, 1) if look is not None and by_turns else ""
        self._pause_now.setText(texts.PAUSE_NOW.format(seconds=seconds) if seconds else "")

    def _items(self) -> list[QListWidgetItem]:
        items = (self.keys.item(row) for row in range(self.keys.count()))
        return [item for item in items if item is not None]

    def _checked(self) -> tuple[str, ...]:
        return tuple(_name(item) for item in self._items() if _is_checked(item))

    def _choose_player(self) -> None:
        self.run_chosen.emit({"player": self.player.text().strip()})

    def _choose_elements(self) -> None:
        chosen = tuple(name for name, box in self.elements.items() if box.isChecked())
        self.chosen.emit({"transfer_elements": chosen})


class KeyBox(QSpinBox):
    """A field for a key of a keyboard, by its name; 0 is none.

    Parameters
    ----------
    name : str
        For screen readers.
    act : callable
        Takes the number of the key.
    """

    def __init__(self, name: str, act: Callable[[int], object]) -> None:
        super().__init__()
        self.setRange(0, 127)
        self.setKeyboardTracking(False)
        self.setSpecialValueText(texts.SPLIT_NONE)
        self.setAccessibleName(name)
        self.valueChanged.connect(act)

    def textFromValue(self, value: int) -> str:  # noqa: N802, D102 (Qt's names)
        return key_number_name(value)

    def valueFromText(self, text: str | None) -> int:  # noqa: N802, D102
        try:
            return parse_key_number(text)
        except InputError:
            return 0

    def validate(  # noqa: D102
        self, text: str | None, place: int
    ) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text or "", place


def _name(item: QListWidgetItem) -> str:
    return str(item.data(Qt.ItemDataRole.UserRole))


def _is_checked(item: QListWidgetItem) -> bool:
    return item.checkState() == Qt.CheckState.Checked
