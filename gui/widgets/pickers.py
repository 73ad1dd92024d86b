"""Combo boxes that choose among what is present, and keep what is absent by name."""

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox

from gui import texts

__all__ = ["fill", "make_picker"]


def make_picker(name: str) -> QComboBox:
    """Return an empty picker; ``name`` is what a screen reader says."""
    picker = QComboBox()
    picker.setAccessibleName(name)
    picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    picker.setMinimumContentsLength(12)
    return picker


def fill(picker: QComboBox, entries: list[tuple[str, str]], chosen: str, listed: bool) -> None:
    """Offer entries (words, name); what is chosen but absent is offered too, and said to be so.

    ``listed`` tells whether anything has been listed yet: before, nothing is "absent".
    """
    names = [name for _, name in entries]
    if chosen not in names:
        path = Path(chosen)
        words = chosen
        if path.is_absolute():
            words = texts.AUDIO_FILE.format(name=path.name)
        elif listed:
            words = texts.ABSENT.format(name=chosen)
        entries = [*entries, (words, chosen)]
        names.append(chosen)
    if [picker.itemText(i) for i in range(picker.count())] != [words for words, _ in entries]:
        picker.clear()
        for words, name in entries:
            picker.addItem(words, name)
            picker.setItemData(picker.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
    picker.setCurrentIndex(names.index(chosen))
    picker.setToolTip(picker.currentText())
