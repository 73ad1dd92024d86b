"""What is played: engine, key, parts, bar, seed, and the emotion as controllers."""

from PyQt6.QtWidgets import QComboBox

from engine.choices import AUTO_KEY, PARTS
from engine.generators.registry import GENERATORS
from engine.music.keys import KEY_NAMES
from engine.settings.performance import Performance
from gui import texts
from gui.texts import wording
from gui.widgets.controls import (
    Panel,
    Row,
    button,
    check_box,
    column,
    form,
    label,
    number_box,
    picker,
    show_number,
)
from gui.widgets.engine_panel import EnginePanel

__all__ = ["MusicPanel"]


class MusicPanel(Panel):
    """Musical settings."""

    def __init__(self) -> None:
        super().__init__()
        engines = [(texts.ENGINES.get(name, name), name) for name in GENERATORS]
        self.engine = picker(texts.ENGINE, engines, self.choose("engine"))
        self.engine.setToolTip(texts.ENGINE_TIP)
        self.settings = EnginePanel()
        self.settings.chosen.connect(self.chosen)
        keys = [(texts.KEY_AUTO, AUTO_KEY)] + [(wording.key_words(key), key) for key in KEY_NAMES]
        self.key = picker(texts.KEY, keys, self.choose("key"))
        self.parts = {
            part: check_box(texts.PART_NAMES[part], lambda _: self._choose_parts())
            for part in PARTS
        }
        self.beats_per_bar = number_box(texts.BEATS_PER_BAR, 2, 7, self.choose("beats_per_bar"))
        self.seed = number_box(texts.SEED, 0, 2**31 - 1, self.choose_run("seed"))
        self.seed.setToolTip(texts.SEED_TIP)
        self.regenerate = button(texts.REGENERATE, self.ask("regenerate"), texts.REGENERATE_TIP)
        self.valence_cc, self.arousal_cc = (
            number_box(name, 0, 119, lambda _: self._choose_controllers())
            for name in (texts.VALENCE_CC, texts.AROUSAL_CC)
        )
        self.channel = number_box(
            texts.CONTROL_CHANNEL, 1, 16, lambda n: self.chosen.emit({"control_channel": n - 1})
        )
        column(
            form((texts.ENGINE, self.engine)),
            self.settings,
            form(
                (texts.KEY, self.key),
                (texts.PARTS, Row(*self.parts.values(), spacing=10)),
                (texts.BEATS_PER_BAR, self.beats_per_bar),
                (texts.SEED, Row(self.seed, self.regenerate)),
            ),
            10,
            label(texts.CONTROLLERS, "title", wrap=True),
            form(
                (texts.VALENCE_CC, Row(self.valence_cc)),
                (texts.AROUSAL_CC, Row(self.arousal_cc)),
                (texts.CONTROL_CHANNEL, Row(self.channel)),
            ),
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
        self.settings.show_performance(performance)
        _show(self.key, performance.key)
        for part, box in self.parts.items():
            box.setChecked(part in performance.parts)
        show_number(self.beats_per_bar, performance.beats_per_bar)
        show_number(self.seed, seed)
        show_number(self.valence_cc, performance.valence_cc)
        show_number(self.arousal_cc, performance.arousal_cc)
        show_number(self.channel, performance.control_channel + 1)


def _show(combo: QComboBox, name: str) -> None:
    index = combo.findData(name)
    if index < 0:  # a key in a spelling of its own, such as A#:min
        combo.addItem(wording.key_words(name), name)
        index = combo.count() - 1
    if index != combo.currentIndex():
        combo.setCurrentIndex(index)
