"""Questions to the user; none of them stops the window from painting."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMessageBox, QWidget

from gui import texts
from gui.widgets.menus import ShortcutsPage

__all__ = [
    "Action",
    "ask_file",
    "ask_folder",
    "ask_name",
    "ask_sure",
    "ask_write",
    "show_about",
    "show_shortcuts",
]

Action = Callable[[], object]
Taker = Callable[[str], object]


def ask_file(parent: QWidget, title: str, kinds: str, take: Taker) -> None:
    """Ask for a file that exists, of some kinds as `QFileDialog` names them."""
    dialog = QFileDialog(parent, title, "", kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _open(dialog, lambda: take(dialog.selectedFiles()[0]))


def ask_write(parent: QWidget, title: str, proposal: Path, take: Taker) -> None:
    """Ask where a file is written."""
    dialog = QFileDialog(parent, title, str(proposal.parent))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(proposal.name)
    _open(dialog, lambda: take(dialog.selectedFiles()[0]))


def ask_folder(parent: QWidget, title: str, folder: Path, take: Taker) -> None:
    """Ask for a folder."""
    dialog = QFileDialog(parent, title, str(folder))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _open(dialog, lambda: take(dialog.selectedFiles()[0]))


def ask_name(parent: QWidget, title: str, prompt: str, name: str, take: Taker) -> None:
    """Ask under which name something is kept; ``name`` is proposed."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(prompt)
    dialog.setTextValue(name)
    _open(dialog, lambda: take(dialog.textValue()))


def ask_sure(parent: QWidget, question: str, do: str, then: Action) -> None:
    """Ask before something that cannot be undone; ``do`` is the word on the button."""
    box = QMessageBox(parent)
    box.setWindowTitle(texts.APP)
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(question)
    button = box.addButton(do, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.buttonClicked.connect(lambda clicked: then() if clicked is button else None)
    _open(box, None)


def show_shortcuts(parent: QWidget) -> None:
    """Show all keyboard shortcuts."""
    _open(ShortcutsPage(parent), None)


def show_about(parent: QWidget) -> None:
    """Say what this is."""
    box = QMessageBox(parent)
    box.setWindowTitle(texts.APP)
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(texts.ABOUT)
    _open(box, None)


def _open(dialog: QDialog, accepted: Callable[[], object] | None) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if accepted is not None:
        dialog.accepted.connect(accepted)
    dialog.open()
