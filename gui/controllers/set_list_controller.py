"""Set lists in the window: choose, write, exchange; the engine goes through them."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from engine.errors import StimmungError
from engine.settings.presets import Preset
from engine.settings.set_lists import (
    SetList,
    Song,
    export_set_list,
    import_set_list,
    list_set_lists,
    remove_set_list,
    save_set_list,
)
from engine.snapshot import Snapshot
from gui import texts
from gui.controllers.controller import Controller
from gui.texts import wording
from gui.widgets import dialogs
from gui.widgets.set_list_panel import SetListPanel

__all__ = ["SetListController"]


class SetListController(QObject):
    """Connects the set list's panel with its files.

    Parameters
    ----------
    panel : SetListPanel
        The panel.
    controller : Controller
        What plays; its run choices name the set list.
    preset : callable
        Returns the preset that is chosen, or None.
    say : callable
        Shows a message to the user.
    parent : QWidget
        The window, for dialogs.
    """

    def __init__(
        self,
        panel: SetListPanel,
        controller: Controller,
        preset: Callable[[], Preset | None],
        say: Callable[[str], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._panel, self._controller, self._preset = panel, controller, preset
        self._say, self._window = say, parent
        self._chosen: SetList | None = None
        panel.edited.connect(self.keep)
        panel.add_wanted.connect(self.add)
        panel.new_wanted.connect(self._ask_name)
        panel.import_wanted.connect(self._ask_import)
        panel.export_wanted.connect(self._ask_export)
        panel.delete_wanted.connect(self._ask_delete)
        controller.performance.run_changed.connect(lambda _values: self.reload())
        self.reload()

    def reload(self) -> None:
        """List the set lists again."""
        known, broken = list_set_lists()
        slug = self._controller.run.set_list
        self._chosen = next((one for one in known if one.path.stem == slug), None)
        words = [wording.window_words(str(error)) for error in broken]
        self._panel.show_set_lists(known, self._chosen, words)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Mark the songs that play and come."""
        self._panel.show_look(None if look is None else look.song, look is not None)

    def keep(self, songs: tuple[Song, ...]) -> None:
        """Write the songs of the set list that is chosen."""
        chosen = self._chosen
        if chosen is not None:
            self._try(lambda: save_set_list(chosen.name, songs))
            self._controller.send_set_list()

    def add(self) -> None:
        """Add the preset that is chosen, after the song that is chosen."""
        preset = self._preset()
        if self._chosen is None or preset is None:
            self._say(texts.SET_LIST_HINT)
            return
        songs, row = self._chosen.songs, self._panel.row
        at = row + 1 if row >= 0 else len(songs)
        self.keep((*songs[:at], Song(preset.slug), *songs[at:]))
        self._panel.choose_song(at)

    def make(self, name: str) -> None:
        """Begin a new set list; one of that name is opened."""
        slugs = {one.name.casefold(): one for one in list_set_lists()[0]}
        found = slugs.get(name.strip().casefold())
        self._open(lambda: found or save_set_list(name, ()))

    def take_over(self, path: Path) -> None:
        """Import a file."""
        self._open(lambda: import_set_list(path))

    def write_out(self, path: Path) -> None:
        """Export to a file."""
        chosen = self._chosen
        if chosen is not None:
            missing: list[str] = []
            self._try(lambda: missing.extend(export_set_list(chosen, path)))
            if missing:
                self._say(texts.SET_LIST_MISSING.format(names=", ".join(missing)))

    def delete(self) -> None:
        """Delete the set list that is chosen."""
        chosen = self._chosen
        if chosen is not None:
            self._try(lambda: remove_set_list(chosen))
            self._controller.choose(set_list="")

    def _open(self, make: Callable[[], SetList]) -> None:
        made: list[SetList] = []
        self._try(lambda: made.append(make()))
        if made:
            self._controller.choose(set_list=made[0].path.stem)

    def _ask_name(self) -> None:
        dialogs.ask_name(self._window, texts.SET_LIST, texts.SET_LIST_NAME, "", self.make)

    def _ask_import(self) -> None:
        dialogs.ask_file(
            self._window,
            texts.SET_LIST_IMPORT,
            texts.SET_LIST_FILTER,
            lambda path: self.take_over(Path(path)),
        )

    def _ask_export(self) -> None:
        if self._chosen is not None:
            proposal = Path.home() / self._chosen.path.name
            dialogs.ask_write(
                self._window,
                texts.SET_LIST_EXPORT,
                proposal,
                lambda path: self.write_out(Path(path)),
            )

    def _ask_delete(self) -> None:
        if self._chosen is not None:
            question = texts.SET_LIST_DELETE_SURE.format(name=self._chosen.name)
            dialogs.ask_sure(self._window, question, texts.SET_LIST_DELETE, self.delete)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except StimmungError as error:
            self._say(wording.window_words(str(error)))
        self.reload()
