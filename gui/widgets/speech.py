"""What screen readers are told of values that change by themselves: little, and not often.

Qt tells them of every new text of a label. A label with an accessible name is silent about that;
here the name is kept, and renewed at most every few seconds.
"""

import time
from collections.abc import Callable
from typing import Final

from PyQt6.QtWidgets import QLabel, QWidget

__all__ = ["EVERY_S", "LiveLabel", "Speech"]

EVERY_S: Final = 5.0
"""Shortest time between two names of the same widget [s]."""

_clock: Callable[[], float] = time.monotonic


class Speech:
    """The accessible name of a widget that shows a live value.

    Parameters
    ----------
    widget : QWidget
        Whose name it is.
    title : str
        What the value is; empty where the value says it.
    """

    def __init__(self, widget: QWidget, title: str = "") -> None:
        self._widget, self._title = widget, title
        self._said_s = float("-inf")
        self.say("", at_once=True)

    def say(self, words: str, *, at_once: bool = False) -> None:
        """Have this said, unless something was said a moment ago; call it with every value."""
        name = ": ".join(filter(None, (self._title, words))) or " "
        now_s = _clock()
        if name != self._widget.accessibleName() and (at_once or now_s - self._said_s >= EVERY_S):
            self._said_s = now_s
            self._widget.setAccessibleName(name)


class LiveLabel(QLabel):
    """A label whose text changes by itself; ``title`` says what it is."""

    def __init__(self, words: str, title: str) -> None:
        super().__init__()
        self._speech = Speech(self, title)
        self.setText(words)

    def setText(self, words: str | None) -> None:  # noqa: N802, D102 (Qt's name)
        self._speech.say(words or "")
        if words != self.text():
            super().setText(words)
