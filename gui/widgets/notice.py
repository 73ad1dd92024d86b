"""A line across the window when something needs saying."""

from collections.abc import Callable

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from gui import texts

__all__ = ["Notice"]


class Notice(QFrame):
    """Hidden until it has something to say; stays until dismissed or cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("level", "caution")
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.action = QPushButton()
        self._do: Callable[[], None] | None = None
        self.action.clicked.connect(self._act)
        dismiss = QPushButton(texts.DISMISS)
        dismiss.clicked.connect(self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.addWidget(self.label, stretch=1)
        layout.addWidget(self.action)
        layout.addWidget(dismiss)
        self.hide()

    def say(
        self,
        words: str,
        level: str = "caution",
        action: str = "",
        do: Callable[[], None] | None = None,
    ) -> None:
        """Show words, and a button if there is something to do about it."""
        self.label.setText(words)
        self.setAccessibleName(words)
        if self.property("level") != level:
            self.setProperty("level", level)
            style = self.style()
            if style is not None:
                for widget in (self, self.label):
                    style.unpolish(widget)
                    style.polish(widget)
        self._do = do
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.show()

    def clear(self) -> None:
        """Say nothing."""
        self.label.clear()
        self.hide()

    def _act(self) -> None:
        do = self._do
        self.clear()
        if do is not None:
            do()
