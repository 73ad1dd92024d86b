"""A slider with its name and its value in words, linear or logarithmic."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

__all__ = ["LabelledSlider", "Scale"]

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


class LabelledSlider(QWidget):
    """Name, slider, value. A double click goes back to the centre, where there is one.

    Signals
    -------
    moved : float
        The user chose this value; not sent when a value is only shown.
    """

    moved = pyqtSignal(float)

    def __init__(
        self,
        title: str,
        scale: Scale,
        words: Callable[[float], str],
        centre: float | None = None,
    ) -> None:
        super().__init__()
        self._scale, self._words = scale, words
        name = QLabel(title)
        name.setMinimumWidth(self.fontMetrics().horizontalAdvance("M" * 12))
        self.slider = _HomeSlider(None if centre is None else scale.step_of(centre))
        self.slider.setRange(0, STEPS)
        self.slider.setSingleStep(10)
        self.slider.setPageStep(100)
        self.slider.setAccessibleName(title)
        name.setBuddy(self.slider)
        self._value = QLabel()
        self._value.setMinimumWidth(self.fontMetrics().horizontalAdvance("immediateM"))
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.addWidget(name)
        layout.addWidget(self.slider, stretch=1)
        layout.addWidget(self._value)
        self.slider.valueChanged.connect(self._on_moved)
        self.show_value(scale.value_at(0) if centre is None else centre)

    def show_value(self, value: float) -> None:
        """Show a value without telling anyone."""
        self.slider.blockSignals(True)
        if self._scale.step_of(value) != self.slider.value():
            self.slider.setValue(self._scale.step_of(value))
        self.slider.blockSignals(False)
        self._value.setText(self._words(value))

    def _on_moved(self, step: int) -> None:
        value = self._scale.value_at(step)
        self._value.setText(self._words(value))
        self.moved.emit(value)


class _HomeSlider(QSlider):
    """A slider that a double click brings home."""

    def __init__(self, home: int | None) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._home = home

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102
        if self._home is not None:
            self.setValue(self._home)
        else:
            super().mouseDoubleClickEvent(event)
