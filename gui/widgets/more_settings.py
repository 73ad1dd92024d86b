"""Settings of the performance that have no place of their own elsewhere in the window.

They are made from their declarations (`engine.settings.fields`): a new setting appears here.
"""

from functools import partial
from typing import Final

from PyQt6.QtWidgets import QCheckBox, QFormLayout, QSpinBox, QWidget

from engine.settings.fields import Setting, settings_of
from engine.settings.performance import Performance
from gui import texts
from gui.texts import wording
from gui.widgets import controls as ui
from gui.widgets.sliders import LabelledSlider, Scale, SliderSpec

__all__ = ["ELSEWHERE", "MoreSettings"]

ELSEWHERE: Final = frozenset(
    "engine mode valence arousal guide_seconds bias_valence bias_arousal recentre smoothing_s "
    "hysteresis slew_per_s tempo_bpm beats_per_bar duet style pause_beats split key parts "
    "valence_cc arousal_cc volume control_channel transfer transfer_elements".split()
)
"""Settings that other panels show."""


class MoreSettings(ui.Panel):
    """A slider, check box or field for every other setting.

    Attributes
    ----------
    controls : dict of str to QWidget
        The control of each setting.
    """

    def __init__(self) -> None:
        super().__init__()
        self.controls: dict[str, QWidget] = {}
        fields = QFormLayout()
        fields.setContentsMargins(0, 0, 0, 0)
        page = ui.column(parent=self)
        for name, declared in settings_of(Performance).items():
            if name not in ELSEWHERE:
                control = self.controls[name] = self._control(declared)
                if isinstance(control, QSpinBox):
                    fields.addRow(control.accessibleName(), control)
                else:
                    page.addWidget(control)
        page.addLayout(fields)

    def _control(self, declared: Setting) -> QWidget:
        name, tip = declared.name, wording.window_words(declared.words)
        title = texts.SETTING_TITLES.get(name, name.replace("_", " ").capitalize())
        if declared.kind is bool:
            return ui.check_box(title, self.choose(name), tip)
        assert declared.limits is not None, name
        low, high = declared.limits
        if declared.kind is int:
            field = ui.number_box(title, int(low), int(high), self.choose(name))
            field.setToolTip(tip)
            return field
        words = partial(wording.number, decimals=2 if high - low <= 2.0 else 0)
        default = float(getattr(Performance(), name))
        return LabelledSlider(
            SliderSpec(title, Scale(low, high), words, default, tip), self.choose(name)
        )

    def show_performance(self, performance: Performance) -> None:
        """Show the settings."""
        for name, control in self.controls.items():
            value = getattr(performance, name)
            if isinstance(control, QCheckBox):
                control.setChecked(value)
            elif isinstance(control, QSpinBox):
                ui.show_number(control, value)
            elif isinstance(control, LabelledSlider):
                control.show_value(value)
