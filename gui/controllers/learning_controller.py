"""MIDI learn: which controls of the window can be learned, and what is done with what was."""

from typing import Final

from PyQt6.QtWidgets import QWidget

from engine.mapping.table import InputMapping
from engine.settings.fields import settings_of
from engine.settings.performance import Performance
from gui import texts
from gui.controllers.controller import Controller
from gui.widgets.learning import Learning
from gui.widgets.main_page import MainPage

__all__ = ["LearningController"]

_SLIDERS: Final = (
    "bias_valence",
    "bias_arousal",
    "recentre",
    "smoothing_s",
    "hysteresis",
    "valence",
    "arousal",
    "guide_seconds",
)
"""Sliders of the target that MIDI can move."""


class LearningController(Learning):
    """Gives the controls of the page their menus, and keeps what is learned.

    Parameters
    ----------
    page : MainPage
        Holds the controls.
    controller : Controller
        Takes the mappings.
    parent : QWidget
        The window.
    """

    def __init__(self, page: MainPage, controller: Controller, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller, self._notice = controller, page.notice
        for name in _SLIDERS:
            self.attach(page.target.sliders[name], name)
        for name, slider in page.music.settings.sliders.items():
            self.attach(slider, f"settings.{name}")
        for name, control in page.music.more.controls.items():
            if settings_of(Performance)[name].controller is not None:
                self.attach(control, name)
        widgets: tuple[tuple[QWidget, str], ...] = (
            (page.keys.transfer, "transfer"),
            (page.keys.split, "split"),
            (page.keys.pause, "pause_beats"),
            (page.target.freeze, "freeze"),
            (page.transport.panic, "panic"),
            (page.transport.hold, "play"),
            (page.music.regenerate, "regenerate"),
            (page.keys.cue, "listen"),
            (page.keys.capture, "capture"),
            (page.presets.apply, "next_preset"),
            (page.songs.next, "next_song"),
            (page.songs.previous, "previous_song"),
            *((button, what) for what, button in page.arranger.pads.items()),
            *((button, hint) for hint, button in page.devices.sync.hints.items()),
        )
        for widget, what in widgets:
            self.attach(widget, what)
        self.wanted.connect(self._learn)
        self.forgotten.connect(controller.forget_mapping)
        controller.bridge.learned.connect(self._keep)

    def _learn(self, what: str) -> None:
        """Wait for a controller for this setting or action; empty: stop waiting."""
        if what and not (self._controller.running and self._controller.run.keys_in):
            self.disarm()
            self._notice.say(texts.LEARN_NEEDS_MUSIC, "caution")
            return
        self._controller.bridge.command("learn", what=what)

    def _keep(self, mapping: InputMapping) -> None:
        self.disarm()
        self._controller.keep_mapping(mapping)
