"""Menus and keyboard shortcuts: one table, read by menus, window and help page."""

from collections.abc import Callable, Mapping
from typing import Final

from PyQt6.QtCore import QMargins
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QDialog, QFormLayout, QLabel, QMainWindow, QMenu, QWidget

from gui import texts
from gui.widgets.controls import Scrolling, column

__all__ = ["SHORTCUTS", "ShortcutsPage", "add_menus"]

SHORTCUTS: Final[dict[str, str]] = {
    "open_audio": "Ctrl+O",
    "open_curve": "Ctrl+Shift+O",
    "sessions": "Ctrl+L",
    "record": "Ctrl+R",
    "quit": "Ctrl+Q",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Shift+Z",
    "start": "Ctrl+Space",
    "hold": "H",
    "panic": "Esc",
    "freeze": "F",
    "follow": "1",
    "contrast": "2",
    "guide": "3",
    "manual": "4",
    "tap": "T",
    "regenerate": "G",
    "capture": "C",
    "intro": "I",
    "fill": "L",
    "break_bar": "B",
    "ending": "E",
    "next_section": "N",
    "next_song": "Ctrl+Right",
    "previous_song": "Ctrl+Left",
    "read_status": "F6",
    "stage": "F11",
    "side": "F9",
    "larger": "Ctrl++",
    "smaller": "Ctrl+-",
    "normal": "Ctrl+0",
    "shortcuts": "F1",
}
"""Action → keys; the words are in `gui.texts.ACTIONS`."""

_MENUS: Final = (
    (texts.MENU_FILE, "open_audio open_curve - sessions record - quit"),
    (texts.MENU_EDIT, "undo redo"),
    (
        texts.MENU_PLAY,
        "start hold panic - freeze follow contrast guide manual - tap regenerate capture",
    ),
    (
        texts.MENU_ARRANGE,
        "intro fill break_bar ending next_section - next_song previous_song",
    ),
    (texts.MENU_VENUE, "mark_calm mark_intense - mark_dark mark_bright - forget_venue"),
    (texts.MENU_VIEW, "stage side read_status - larger smaller normal"),
    (texts.MENU_HELP, "assistant shortcuts about"),
)


def add_menus(
    window: QMainWindow,
    do: Mapping[str, Callable[[], object]],
    theme_name: str,
    choose_theme: Callable[[str], None],
) -> dict[str, QAction]:
    """Give the window its menus and return the actions by name.

    Parameters
    ----------
    do : mapping
        What each action of `gui.texts.ACTIONS` does.
    theme_name, choose_theme
        The theme in force, and what chooses another.
    """
    actions: dict[str, QAction] = {}
    bar = window.menuBar()
    assert bar is not None
    for title, names in _MENUS:
        menu = bar.addMenu(title)
        assert menu is not None
        for name in names.split():
            if name == "-":
                menu.addSeparator()
                continue
            action = QAction(texts.ACTIONS[name], window)
            if name in SHORTCUTS:
                action.setShortcut(QKeySequence(SHORTCUTS[name]))
            action.triggered.connect(lambda _checked, name=name: do[name]())
            menu.addAction(action)
            # Also without the menu bar, which the stage view hides.
            window.addAction(action)
            actions[name] = action
        if title == texts.MENU_VIEW:
            _add_themes(menu, window, theme_name, choose_theme)
    return actions


def _add_themes(
    menu: QMenu, window: QMainWindow, current: str, choose: Callable[[str], None]
) -> None:
    themes = menu.addMenu(texts.MENU_THEME)
    assert themes is not None
    group = QActionGroup(window)
    for name, words in texts.THEMES.items():
        action = QAction(words, window)
        action.setCheckable(True)
        action.setChecked(name == current)
        action.triggered.connect(lambda _checked, name=name: choose(name))
        group.addAction(action)
        themes.addAction(action)


class ShortcutsPage(QDialog):
    """All shortcuts on one page."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(texts.SHORTCUTS_TITLE)
        form = QFormLayout()
        form.setHorizontalSpacing(28)
        for name, keys in SHORTCUTS.items():
            label = QLabel(texts.ACTIONS[name].removesuffix(" …"))
            form.addRow(label, QLabel(QKeySequence(keys).toString()))
        form.addRow(QLabel(texts.SHORTCUTS_PLANE), QLabel(texts.SHORTCUTS_ARROWS))
        page = QWidget()
        page.setLayout(form)
        column(Scrolling(page), parent=self, margin=18)
        room = parent.size()
        wanted = page.sizeHint().grownBy(QMargins(24, 20, 36, 20))
        self.resize(wanted.boundedTo(room))
