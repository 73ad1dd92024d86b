"""A slider with its name and its value in words, linear or logarithmic."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

__all__ = ["LabelledSlider", "Scale", "SliderSpec", "fit_sliders"]

STEPS = 1000


@dataclass(frozen=True, slots=True)
class Scale:
    """What the ends of a slider mean; logarithmic scales need positive ends."""

    low: float
    high: float
    logarithmic: bool = False

    def value_at(self, step: int) -> float:
        """Return the value of a position 0..`STEPS`."""
        share = step / STEPS
        if self.logarithmic:
            return self.low * math.pow(self.high / self.low, share)
        return self.low + share * (self.high - self.low)

    def step_of(self, value: float) -> int:
        """Return the position of a value, clipped to the scale."""
        value = min(self.high, max(self.low, value))
        if self.logarithmic:
            return round(STEPS * math.log(value / self.low) / math.log(self.high / self.low))
        return round(STEPS * (value - self.low) / (self.high - self.low))


@dataclass(frozen=True, slots=True)
class SliderSpec:
    """What a slider shows.

    Attributes
    ----------
    title : str
        Its name.
    scale : Scale
        What its ends mean.
    words : callable
        Returns a value as it is shown.
    default : float or None
        What a double click sets, if anything.
    tip : str
        What it does, in a sentence.
    """

    title: str
    scale: Scale
    words: Callable[[float], str]
    default: float | None = None
    tip: str = ""


class LabelledSlider(QWidget):
    """Name, slider, value. A double click sets the default, where there is one.

    Parameters
    ----------
    spec : SliderSpec
        What it shows.
    moved : callable
        Takes the value the user chose, to three decimals; not called when a value is only shown.
    """

    def __init__(self, spec: SliderSpec, moved: Callable[[float], object]) -> None:
        super().__init__()
        self._scale, self._words, self._moved = spec.scale, spec.words, moved
        self.setToolTip(spec.tip)
        self._tip = spec.tip
        self._name, self._value = QLabel(spec.title), QLabel()
        home = None if spec.default is None else spec.scale.step_of(spec.default)
        self.slider = _HomeSlider(home)
        self.slider.setRange(0, STEPS)
        self.slider.setSingleStep(10)
        self.slider.setPageStep(100)
        self.slider.setAccessibleName(spec.title)
        self._name.setBuddy(self.slider)
        self._value.setAccessibleName(" ")  # said with the slider
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.addWidget(self._name)
        layout.addWidget(self.slider, stretch=1)
        layout.addWidget(self._value)
        self.slider.valueChanged.connect(self._on_moved)
        self.show_value(spec.scale.low if spec.default is None else spec.default)

    def text_widths(self) -> tuple[int, int]:
        """Return the widths of its name and of its longest value [px]."""
        for shown in (self._name, self._value):
            shown.ensurePolished()
        advance = self._value.fontMetrics().horizontalAdvance
        values = (self._scale.value_at(step) for step in range(0, STEPS + 1, STEPS // 20))
        longest = max(advance(self._words(value)) for value in values)
        return advance(self._name.text()) + 4, longest + 4

    def fit_text(self, name_width: int, value_width: int) -> None:
        """Give name and value these widths [px], and the slider a usable one."""
        self._name.setMinimumWidth(name_width)
        self._value.setMinimumWidth(value_width)
        self.slider.setMinimumWidth(4 * self._value.fontMetrics().height())

    def show_value(self, value: float) -> None:
        """Show a value that the user has not chosen."""
        self.slider.blockSignals(True)
        if self._scale.step_of(value) != self.slider.value():
            self.slider.setValue(self._scale.step_of(value))
        self.slider.blockSignals(False)
        self._show(self._words(value))

    def _on_moved(self, step: int) -> None:
        value = self._scale.value_at(step)
        self._show(self._words(value))
        self._moved(round(value, 3))

    def _show(self, words: str) -> None:
        """Show a value; screen readers know the slider's own steps only, so they are told too."""
        if words != self._value.text():
            self._value.setText(words)
            self.slider.setAccessibleDescription(". ".join(filter(None, (words, self._tip))))


def fit_sliders(within: QWidget) -> None:
    """Measure the text of all sliders; those of one panel are aligned."""
    groups: dict[QWidget | None, list[LabelledSlider]] = {}
    for slider in within.findChildren(LabelledSlider):
        groups.setdefault(slider.parentWidget(), []).append(slider)
    for group in groups.values():
        names, values = zip(*(slider.text_widths() for slider in group), strict=True)
        for slider in group:
            slider.fit_text(max(names), max(values))


class _HomeSlider(QSlider):
    """A slider that a double click sets to its default."""

    def __init__(self, home: int | None) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._home = home

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        if self._home is not None:
            self.setValue(self._home)
        else:
            super().mouseDoubleClickEvent(event)
