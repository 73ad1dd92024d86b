"""The few musical settings of the engine that plays, one slider each."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.generators.shared.settings import SETTINGS
from engine.settings.performance import Performance
from gui import texts
from gui.widgets.sliders import LabelledSlider, Scale

__all__ = ["EnginePanel"]


class EnginePanel(QWidget):
    """Sliders of `engine.generators.shared.settings`; a double click brings one home.

    Signals
    -------
    chosen : dict
        Settings of the performance to change.
    """

    chosen = pyqtSignal(dict)

    def __init__(self) -> None:
        super().__init__()
        self.sliders: dict[str, LabelledSlider] = {}
        """Setting → its slider; a setting that two engines share has one."""
        self._none = QLabel(texts.ENGINE_NO_SETTINGS)
        self._none.setProperty("role", "small")
        self._none.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._none)
        for table in SETTINGS.values():
            for item in table:
                if item.name in self.sliders:
                    continue
                slider = LabelledSlider(
                    texts.ENGINE_SETTINGS.get(item.name, item.name.capitalize()),
                    Scale(item.low, item.high),
                    lambda value: f"{value:.2f}",
                    centre=item.default,
                )
                slider.setToolTip(item.text)
                slider.moved.connect(
                    lambda value, name=item.name: self.chosen.emit(
                        {"settings": {name: round(value, 3)}}
                    )
                )
                self.sliders[item.name] = slider
                layout.addWidget(slider)

    def show_performance(self, performance: Performance) -> None:
        """Show the sliders of the performance's engine and where they stand."""
        table = {item.name: item for item in SETTINGS.get(performance.engine, ())}
        self._none.setVisible(not table)
        for name, slider in self.sliders.items():
            slider.setVisible(name in table)
            if name in table:
                slider.show_value(performance.settings.get(name, table[name].default))
