"""Health in one line at the foot of the window: all well, or the worst problem and what to do."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from engine.snapshot import Snapshot
from gui import texts
from gui.state.health import HealthItem, worst
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.arranger_panel import arranging_words
from gui.widgets.controls import label, restyle
from gui.widgets.level_meter import LevelMeter
from gui.widgets.speech import Speech
from gui.widgets.transport import mood_words, position_words

__all__ = ["HealthStrip"]


class HealthStrip(QFrame):
    """Input level, verdict, and the figures that matter. A click or Enter opens the page Health.

    Screen readers find all that matters in its name, which changes at most every few seconds, and
    at once with a new problem: whoever puts the focus here (F6) hears it.

    Signals
    -------
    details_wanted :
        Show everything.
    """

    details_wanted = pyqtSignal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.meter = LevelMeter(theme)
        self._verdict, self._words = label(), label(role="muted")
        self._verdict.setMargin(4)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._choices: tuple[str, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for shown in (self._verdict, self._words):
            shown.setAccessibleName(" ")  # said by the strip as a whole
        self._speech, self._said = Speech(self, texts.STATUS), ""
        self.setAccessibleDescription(texts.HEALTH_MORE)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.setSpacing(12)
        layout.addWidget(self.meter)
        layout.addWidget(self._verdict)
        layout.addWidget(self._words, stretch=1)
        self.fit_text()
        self.show_health(None, ())

    def fit_text(self) -> None:
        """Measure the text again."""
        self.meter.setFixedWidth(10 * self.meter.fontMetrics().height())

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        self.details_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802, D102
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.details_wanted.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._show_words()

    def show_health(self, look: Snapshot | None, items: tuple[HealthItem, ...]) -> None:
        """Show the verdict; None while not running."""
        if look is None:
            self.meter.show_level(None)
            verdict, level = texts.HEALTH_OFF, ""
            self._choices = ()
        else:
            self.meter.show_level(look.audio.level_db, look.audio.peak_db)
            trouble = worst(items)
            if trouble is None:
                verdict, level = texts.HEALTH_OK, "good"
                self._choices = (wording.health_figures(look),)
            else:
                verdict, level = f"{trouble.title}: {trouble.value}", trouble.level
                first, _, _ = trouble.advice.partition(". ")
                self._choices = (trouble.advice, f"{first.rstrip('.')}.", texts.HEALTH_MORE)
        restyle(self._verdict, "level", level)
        self._verdict.setText(verdict)
        self._speech.say(status_words(look, verdict), at_once=verdict != self._said)
        self._said = verdict
        self.setToolTip("".join(self._choices[:1]) if level in ("caution", "bad") else "")
        self._show_words()

    def _show_words(self) -> None:
        """Say as much as there is room for: whole sentences or nothing."""
        advance, room = self._words.fontMetrics().horizontalAdvance, self._words.width()
        fitting = (words for words in self._choices if advance(words) <= room)
        self._words.setText(next(fitting, ""))


def status_words(look: Snapshot | None, verdict: str) -> str:
    """Return in one line how it goes, what is heard and played, and where the music is."""
    if look is None:
        return verdict
    played = wording.mood_word(look.target_valence, look.target_arousal)
    where = f"{texts.POSITION_NAME} {position_words(look)}"
    heard = f"{texts.HEARD} {mood_words(look)}, {texts.TARGET} {played}"
    song = "" if look.song is None else look.song.title
    return ". ".join(filter(None, (verdict, heard, where, arranging_words(look), song)))
