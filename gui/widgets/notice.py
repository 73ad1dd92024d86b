"""A message across the window, with a button where something can be done about it."""

from collections.abc import Callable

from PyQt6.QtWidgets import QFrame, QHBoxLayout

from gui import texts
from gui.widgets.controls import button, label, restyle

__all__ = ["Notice"]


class Notice(QFrame):
    """Hidden until there is a message; stays until dismissed or cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("level", "caution")
        self.label = label(wrap=True)
        self._do: Callable[[], None] | None = None
        self.action = button("", self._act)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.addWidget(self.label, stretch=1)
        layout.addWidget(self.action)
        layout.addWidget(button(texts.DISMISS, self.clear))
        self.hide()

    def say(
        self,
        words: str,
        level: str = "caution",
        action: str = "",
        do: Callable[[], None] | None = None,
    ) -> None:
        """Show a message, and a button if there is something to do about it."""
        self.label.setText(words)
        self.setAccessibleName(words)
        restyle(self, "level", level)
        self._do = do
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.show()

    def clear(self) -> None:
        """Hide the message."""
        self.label.setText("")
        self.hide()

    def _act(self) -> None:
        do = self._do
        self.clear()
        if do is not None:
            do()
