"""The few musical settings of the engine that plays, one slider each."""

from collections.abc import Callable
from functools import partial

from engine.generators.shared.settings import SETTINGS, Setting
from engine.settings.performance import Performance
from gui import texts
from gui.texts import wording
from gui.widgets.controls import Panel, column, label
from gui.widgets.sliders import LabelledSlider, Scale, SliderSpec

__all__ = ["EnginePanel"]


class EnginePanel(Panel):
    """Sliders of `engine.generators.shared.settings`; a double click sets the default."""

    def __init__(self) -> None:
        super().__init__()
        items = {item.name: item for table in SETTINGS.values() for item in table}
        self.sliders = {
            name: LabelledSlider(_spec(item), self._choose(name)) for name, item in items.items()
        }
        """Setting → its slider; a setting that two engines share has one."""
        self._none = label(texts.ENGINE_NO_SETTINGS, "small", wrap=True)
        column(self._none, *self.sliders.values(), parent=self, spacing=0)

    def _choose(self, name: str) -> Callable[[float], None]:
        return lambda value: self.chosen.emit({"settings": {name: value}})

    def show_performance(self, performance: Performance) -> None:
        """Show the sliders of the performance's engine and where they stand."""
        table = {item.name: item for item in SETTINGS.get(performance.engine, ())}
        self._none.setVisible(not table)
        for name, slider in self.sliders.items():
            slider.setVisible(name in table)
            if name in table:
                slider.show_value(performance.settings.get(name, table[name].default))


def _spec(item: Setting) -> SliderSpec:
    title = texts.ENGINE_SETTINGS.get(item.name, item.name.capitalize())
    words = partial(wording.number, decimals=2)
    return SliderSpec(title, Scale(item.low, item.high), words, item.default, item.text)
