"""The page Presets: use one; save, rename, number and delete the user's own."""

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from engine.errors import StimmungError
from engine.settings.presets import (
    Preset,
    broken_presets,
    keep_preset,
    list_presets,
    remove_preset,
    save_preset,
)
from gui import texts
from gui.controllers.controller import Controller
from gui.texts import wording
from gui.widgets import dialogs
from gui.widgets.preset_list import PresetList

__all__ = ["PresetController"]


class PresetController(QObject):
    """Connects the Presets page with the files.

    Parameters
    ----------
    panel : PresetList
        The page.
    controller : Controller
        What plays.
    say : callable
        Shows a message to the user.
    """

    def __init__(
        self, panel: PresetList, controller: Controller, say: Callable[[str], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._panel, self._controller, self._say, self._window = panel, controller, say, parent
        panel.applied.connect(lambda preset: controller.take_preset(preset.performance))
        panel.save_wanted.connect(self._ask_name)
        panel.rename_wanted.connect(self._ask_new_name)
        panel.remove_wanted.connect(self._ask_remove)
        panel.program_chosen.connect(self.number)
        controller.changed.connect(self._show)
        self.reload()

    def keep(self, name: str) -> None:
        """Keep the settings of now under a name."""
        performance = self._controller.performance.performance
        self._try(lambda: keep_preset(name, performance, description=texts.PRESET_OWN))

    def rename(self, preset: Preset, name: str) -> None:
        """Rename one of the user's own presets, unless another has that name."""
        name = name.strip()
        if any(_same(other.name, name) and other.slug != preset.slug for other in list_presets()):
            self._say(texts.PRESET_NAME_TAKEN.format(name=name))
        elif name:
            self._try(lambda: _save(replace(preset, name=name)))

    def number(self, preset: Preset, program: int) -> None:
        """Give one of the user's own presets a program number, unless another has it."""
        others = [other for other in list_presets() if other.slug != preset.slug]
        taken = [other.name for other in others if other.program == program]
        if taken:
            self._say(texts.PRESET_TAKEN.format(program=program, name=taken[0]))
            self._panel.show_presets(list_presets())
        elif program != preset.program:
            self._try(lambda: _save(replace(preset, program=program)))

    def remove(self, preset: Preset) -> None:
        """Delete one of the user's own presets."""
        self._try(lambda: remove_preset(preset))

    def reload(self) -> None:
        """List the presets again."""
        broken = [wording.window_words(str(error)) for error in broken_presets()]
        self._panel.show_presets(list_presets(), broken)
        self._show()

    def _show(self) -> None:
        model = self._controller.performance
        self._panel.show_performance(model.performance, model.expected)

    def _ask_name(self) -> None:
        dialogs.ask_name(
            self._window, texts.PRESET_TITLE, texts.PRESET_PROMPT, "", self._keep_if_sure
        )

    def _keep_if_sure(self, name: str) -> None:
        """Keep the settings of now; ask before that replaces an own preset of this name."""
        if any(preset.own and _same(preset.name, name) for preset in list_presets()):
            question = texts.PRESET_REPLACE_SURE.format(name=name.strip())
            dialogs.ask_sure(self._window, question, texts.PRESET_REPLACE, lambda: self.keep(name))
        else:
            self.keep(name)

    def _ask_new_name(self, preset: Preset) -> None:
        dialogs.ask_name(
            self._window,
            texts.PRESET_RENAME,
            texts.PRESET_PROMPT,
            preset.name,
            lambda name: self.rename(preset, name),
        )

    def _ask_remove(self, preset: Preset) -> None:
        question = texts.PRESET_REMOVE_SURE.format(name=preset.name)
        dialogs.ask_sure(self._window, question, texts.PRESET_REMOVE, lambda: self.remove(preset))

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except StimmungError as error:
            self._say(wording.window_words(str(error)))
        self.reload()


def _same(name: str, other: str) -> bool:
    return name.strip().casefold() == other.strip().casefold()


def _save(preset: Preset) -> None:
    save_preset(
        preset.slug,
        preset.name,
        preset.performance,
        program=preset.program,
        description=preset.description,
    )
