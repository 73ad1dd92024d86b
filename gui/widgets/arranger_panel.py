"""Pads of an arranger keyboard, and what is done with the next bar of the draft."""

from PyQt6.QtGui import QResizeEvent

from engine.snapshot import Snapshot
from gui import texts
from gui.widgets import controls as ui

__all__ = ["ArrangerPanel", "arranging_words"]


class ArrangerPanel(ui.Panel):
    """Intro, fill, break, ending, next section; lock, clear, redraw.

    Attributes
    ----------
    pads : dict of str to QPushButton
        Action → its button.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pads = {
            action: ui.button(words, self.ask(action), tip)
            for action, (words, tip) in (texts.ARRANGER | texts.BARS_AHEAD).items()
        }
        for action in texts.BARS_AHEAD:
            self.pads[action].setAccessibleName(f"{texts.NEXT_BAR} {self.pads[action].text()}")
        self._state = ui.label(role="small", live=texts.ARRANGER_NAME)
        pads = list(self.pads.values())
        first = len(texts.ARRANGER)
        ahead = ui.label(texts.NEXT_BAR, "small")
        self._row = ui.Row(*pads[:first], ahead, *pads[first:], self._state)
        self.setLayout(self._row)
        self.show_snapshot(None)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        super().resizeEvent(event)
        self._keep_height()

    def _keep_height(self) -> None:
        """Keep room for every line, which a splitter would make smaller."""
        self.setMinimumHeight(self._row.heightForWidth(self.width()))

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show what holds and what comes; None while not running."""
        for pad in self.pads.values():
            pad.setEnabled(look is not None)
        words = arranging_words(look)
        if words != self._state.text():
            self._state.setText(words)
            self._state.setVisible(bool(words))
            self._keep_height()


def arranging_words(look: Snapshot | None) -> str:
    """Return what the arranger does now and next, such as ``"now fill, next break"``."""
    if look is None:
        return ""
    now, following = texts.ARRANGING[look.arranging], texts.ARRANGING[look.arranging_next]
    words = [texts.ARRANGING_NOW.format(now=now)] if now else []
    words += [texts.ARRANGING_NEXT.format(next=following)] if following else []
    return ", ".join(words)
