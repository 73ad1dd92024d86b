"""How the target follows: mode, freeze, and what belongs to the mode."""

from functools import partial
from typing import Final

from PyQt6.QtWidgets import QButtonGroup, QProgressBar, QPushButton, QSizePolicy, QWidget

from engine.choices import MODES
from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording
from gui.widgets.controls import Panel, Row, button, column, label, reserve
from gui.widgets.sliders import LabelledSlider, Scale, SliderSpec

__all__ = ["TargetPanel"]

_signed = partial(wording.number, decimals=2, sign=True)


def slew_words(per_second: float) -> str:
    """Return a word for the fastest change of the target [1/s]."""
    for limit, word in texts.SLEW_WORDS:
        if per_second < limit:
            return word
    return texts.SLEW_FASTEST


def _seconds(value: float) -> str:
    return texts.SECONDS.format(seconds=wording.number(value, 1))


_PLAIN = Scale(-1.0, 1.0)
_SLIDERS: Final = {
    "bias_valence": SliderSpec(texts.BIAS_VALENCE, _PLAIN, _signed, 0.0),
    "bias_arousal": SliderSpec(texts.BIAS_AROUSAL, _PLAIN, _signed, 0.0),
    "recentre": SliderSpec(
        texts.RECENTRE, Scale(0.0, 1.0), wording.percent, 0.0, texts.RECENTRE_TIP
    ),
    "smoothing_s": SliderSpec(texts.SMOOTHING, Scale(0.0, 10.0), _seconds, 0.0),
    "hysteresis": SliderSpec(
        texts.HYSTERESIS,
        Scale(0.0, 0.5),
        partial(wording.number, decimals=2),
        0.0,
        texts.HYSTERESIS_TIP,
    ),
    "guide_seconds": SliderSpec(
        texts.GUIDE_SECONDS, Scale(10.0, 1800.0, logarithmic=True), wording.duration_words
    ),
    "valence": SliderSpec(texts.VALENCE, _PLAIN, _signed, 0.0),
    "arousal": SliderSpec(texts.AROUSAL, _PLAIN, _signed, 0.0),
    "slew_per_s": SliderSpec(texts.SLEW, Scale(0.02, 20.0, logarithmic=True), slew_words),
}
"""Setting of the performance → its slider."""

_FOLLOWING = ("bias_valence", "bias_arousal", "recentre", "smoothing_s", "hysteresis")
_OF_MODE: Final = {
    "follow": _FOLLOWING,
    "contrast": _FOLLOWING,
    "guide": ("guide_seconds",),
    "manual": ("valence", "arousal"),
    "curve": (),
}
"""Mode → the sliders that belong to it; the reaction speed belongs to all."""


class TargetPanel(Panel):
    """Settings of the target."""

    def __init__(self) -> None:
        super().__init__()
        self.mode_buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        for mode in MODES:
            word, meaning = texts.MODES[mode]
            made = button(word, partial(self.choose("mode"), mode), meaning)
            made.setObjectName("mode")
            made.setCheckable(True)
            made.setAccessibleDescription(meaning)
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(made)
            self.mode_buttons[mode] = made
        self.freeze = button(texts.FREEZE, self.ask("freeze"), texts.FREEZE_TIP)
        self.freeze.setCheckable(True)
        self._meaning = label(role="muted", wrap=True)
        self._meaning.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.sliders = {
            name: LabelledSlider(spec, self.choose(name)) for name, spec in _SLIDERS.items()
        }
        self.remaining = QProgressBar()
        self.remaining.setRange(0, 1000)
        self.remaining.setAccessibleName(texts.GUIDE_GOAL)
        self._curve_name = label(texts.CURVE_NONE, wrap=True)
        self._open_curve = button(texts.CURVE_OPEN, self.ask("open_curve"))
        self._of_mode: dict[str, tuple[QWidget, ...]] = {
            mode: tuple(self.sliders[name] for name in names) for mode, names in _OF_MODE.items()
        }
        self._of_mode["guide"] += (self.remaining,)
        self._of_mode["curve"] += (self._curve_name, self._open_curve)
        slew = self.sliders["slew_per_s"]
        pages = [widget for widget in self.sliders.values() if widget is not slew]
        column(
            Row(*self.mode_buttons.values(), spacing=4),
            Row(self._meaning, self.freeze),
            *pages,
            self.remaining,
            Row(self._curve_name, self._open_curve),
            slew,
            None,
            parent=self,
            margin=8,
        )

    def fit_text(self) -> None:
        """Keep room for the longest words, so that nothing is cut when a button is chosen."""
        for made in (*self.mode_buttons.values(), self.freeze):
            reserve(made, (made.text(),))

    def show_performance(self, performance: Performance, curve_name: str, frozen: bool) -> None:
        """Show the settings; ``curve_name`` is empty while no curve file is open."""
        mode = performance.mode
        self.mode_buttons[mode].setChecked(True)
        self.mode_buttons["curve"].setVisible(bool(curve_name))
        self._curve_name.setText(curve_name or texts.CURVE_NONE)
        self._meaning.setText(texts.MODES[mode][1])
        self.freeze.setChecked(frozen)
        for widgets in self._of_mode.values():
            for widget in widgets:
                widget.setVisible(widget in self._of_mode[mode])
        for name, slider in self.sliders.items():
            slider.show_value(getattr(performance, name))

    def show_snapshot(self, look: Snapshot | None, performance: Performance) -> None:
        """Show how far the guide has come."""
        if look is None or look.mode != "guide" or performance.mode != "guide":
            self.remaining.setValue(0)
            self.remaining.setFormat(texts.GUIDE_WAITING)
            return
        total = performance.guide_seconds
        left = min(total, look.remaining_s)
        self.remaining.setValue(round(1000 * (1.0 - left / total)))
        words = texts.GUIDE_LEFT.format(time=wording.duration_words(left))
        self.remaining.setFormat(words if left > 0.0 else texts.GUIDE_ARRIVED)
