"""The page Music: engine, key, parts, bar, seed, and the emotion as controllers."""

from PyQt6.QtWidgets import QComboBox

from engine.choices import AUTO_KEY, PARTS
from engine.generators.registry import GENERATORS
from engine.generators.shared.styles import list_styles
from engine.music.keys import KEY_NAMES
from engine.settings.performance import Performance
from gui import texts
from gui.texts import wording
from gui.widgets import controls as ui
from gui.widgets.engine_panel import EnginePanel
from gui.widgets.more_settings import MoreSettings

__all__ = ["MusicPanel"]


class MusicPanel(ui.Panel):
    """Musical settings."""

    def __init__(self) -> None:
        super().__init__()
        engines = [(texts.ENGINES.get(name, name), name) for name in GENERATORS]
        self.engine = ui.picker(texts.ENGINE, engines, self.choose("engine"))
        self.engine.setToolTip(texts.ENGINE_TIP)
        self.styles = ui.picker(texts.STYLE, [], self.choose("style"))
        self.settings = EnginePanel()
        self.settings.chosen.connect(self.chosen)
        keys = [(texts.KEY_AUTO, AUTO_KEY)] + [(wording.key_words(key), key) for key in KEY_NAMES]
        self.key = ui.picker(texts.KEY, keys, self.choose("key"))
        self.parts = {
            part: ui.check_box(texts.PART_NAMES[part], lambda _: self._choose_parts())
            for part in PARTS
        }
        self.beats_per_bar = ui.number_box(texts.BEATS_PER_BAR, 2, 7, self.choose("beats_per_bar"))
        self.seed = ui.number_box(texts.SEED, 0, 2**31 - 1, self.choose_run("seed"))
        self.seed.setToolTip(texts.SEED_TIP)
        self.regenerate = ui.button(texts.REGENERATE, self.ask("regenerate"), texts.REGENERATE_TIP)
        self.valence_cc, self.arousal_cc = (
            ui.number_box(name, 0, 119, lambda _: self._choose_controllers())
            for name in (texts.VALENCE_CC, texts.AROUSAL_CC)
        )
        self.channel = ui.number_box(
            texts.CONTROL_CHANNEL, 1, 16, lambda n: self.chosen.emit({"control_channel": n - 1})
        )
        self.more = MoreSettings()
        self.more.chosen.connect(self.chosen)
        ui.column(
            ui.form((texts.ENGINE, self.engine), (texts.STYLE, self.styles)),
            self.settings,
            ui.form(
                (texts.KEY, self.key),
                (texts.PARTS, ui.Row(*self.parts.values(), spacing=10)),
                (texts.BEATS_PER_BAR, self.beats_per_bar),
                (texts.SEED, ui.Row(self.seed, self.regenerate)),
            ),
            10,
            ui.label(texts.CONTROLLERS, "title", wrap=True),
            ui.form(
                (texts.VALENCE_CC, ui.Row(self.valence_cc)),
                (texts.AROUSAL_CC, ui.Row(self.arousal_cc)),
                (texts.CONTROL_CHANNEL, ui.Row(self.channel)),
            ),
            10,
            ui.label(texts.MORE_SETTINGS, "title", wrap=True),
            self.more,
            None,
            parent=self,
            margin=8,
        )
        self._shown = Performance()

    def _choose_controllers(self) -> None:
        valence, arousal = self.valence_cc.value(), self.arousal_cc.value()
        if valence == arousal:
            return  # the two must differ: the field just passes over that number
        if valence != self._shown.valence_cc:
            self.chosen.emit({"valence_cc": valence})
        elif arousal != self._shown.arousal_cc:
            self.chosen.emit({"arousal_cc": arousal})

    def _choose_parts(self) -> None:
        parts = tuple(part for part, box in self.parts.items() if box.isChecked())
        self.chosen.emit({"parts": parts})

    def show_performance(self, performance: Performance, seed: int) -> None:
        """Show the settings."""
        self._shown = performance
        _show(self.engine, performance.engine)
        self._show_style(performance)
        self.settings.show_performance(performance)
        self.more.show_performance(performance)
        _show(self.key, performance.key)
        for part, box in self.parts.items():
            box.setChecked(part in performance.parts)
        ui.show_number(self.beats_per_bar, performance.beats_per_bar)
        ui.show_number(self.seed, seed)
        ui.show_number(self.valence_cc, performance.valence_cc)
        ui.show_number(self.arousal_cc, performance.arousal_cc)
        ui.show_number(self.channel, performance.control_channel + 1)

    def _show_style(self, performance: Performance) -> None:
        """Offer the styles that are learned now; only one engine can lean on them."""
        self.styles.setEnabled(performance.engine == "muser")
        learned = [(name, name) for name in list_styles()]
        ui.fill(self.styles, [(texts.STYLE_NONE, ""), *learned], performance.style, True)


def _show(combo: QComboBox, name: str) -> None:
    index = combo.findData(name)
    if index < 0:  # a key in a spelling of its own, such as A#:min
        combo.addItem(wording.key_words(name), name)
        index = combo.count() - 1
    if index != combo.currentIndex():
        combo.setCurrentIndex(index)
