"""The stage view: readable from two metres, nothing to fiddle with."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.emotion_plane import EmotionPlane
from gui.widgets.transport import position_words

__all__ = ["StageView"]

PLANE_TEXT_SCALE = 1.7


class StageView(QWidget):
    """Plane, mood, key, chord, bar, mode and PANIC, as large as the screen allows.

    Signals
    -------
    panicked :
        The button.
    """

    panicked = pyqtSignal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("stage")
        self.plane = EmotionPlane(theme, PLANE_TEXT_SCALE)
        self._theme = theme
        self._mood, self._state = QLabel(), QLabel()
        self._played, self._mode = QLabel(), QLabel()
        self._key, self._chord, self._bar = QLabel(), QLabel(), QLabel()
        self._trouble = QLabel()
        panic = QPushButton(f"{texts.PANIC}  {texts.PANIC_KEY}")
        panic.setObjectName("panic")
        panic.setAccessibleName(texts.PANIC_TIP)
        panic.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        panic.pressed.connect(self.panicked)
        self._panic = panic
        leave = QLabel(texts.STAGE_LEAVE)
        leave.setProperty("role", "muted")
        for label in (
            self._mood,
            self._state,
            self._played,
            self._mode,
            self._key,
            self._chord,
            self._bar,
            self._trouble,
        ):
            # The words take the room there is; they never push the plane aside.
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            label.setWordWrap(label in (self._state, self._mode, self._trouble))
        side = QVBoxLayout()
        side.addWidget(self._mood)
        side.addWidget(self._state)
        side.addStretch(2)
        side.addWidget(self._played)
        side.addWidget(self._mode)
        side.addStretch(2)
        side.addWidget(self._key)
        side.addWidget(self._chord)
        side.addWidget(self._bar)
        side.addStretch(2)
        side.addWidget(self._trouble)
        side.addWidget(panic)
        side.addWidget(leave, alignment=Qt.AlignmentFlag.AlignRight)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 12, 24, 12)
        layout.setSpacing(24)
        layout.addWidget(self.plane, stretch=5)
        layout.addLayout(side, stretch=4)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.plane.set_theme(theme)
        self._resize_text()

    def resizeEvent(self, event: object) -> None:  # noqa: N802, D102 (Qt's name)
        self._resize_text()

    def _resize_text(self) -> None:
        """Take the size of the words from the height of the screen."""
        unit = max(8.0, min(self.height() / 70.0, self.width() / 100.0))  # [px]
        theme = self._theme
        for label, size, colour, weight in (
            (self._mood, 7.0, theme.heard, 800),
            (self._state, 2.6, theme.text, 500),
            (self._played, 4.2, theme.target, 700),
            (self._mode, 2.6, theme.text, 500),
            (self._key, 4.2, theme.text, 700),
            (self._chord, 2.6, theme.muted, 500),
            (self._bar, 4.2, theme.text, 700),
            (self._trouble, 2.0, theme.caution, 600),
        ):
            label.setStyleSheet(
                f"font-size: {round(size * unit)}px; color: {colour}; font-weight: {weight};"
            )
        self._panic.setStyleSheet(
            f"font-size: {round(4.0 * unit)}px; padding: {round(1.2 * unit)}px;"
        )

    def show_performance(self, performance: Performance) -> None:
        """Show what the user wants."""
        self.plane.show_performance(performance)

    def show_snapshot(self, look: Snapshot | None, performance: Performance, trouble: str) -> None:
        """Show the engine; None while it is not running."""
        self.plane.show_snapshot(look)
        self._trouble.setText(trouble)
        if look is None:
            word, hint = texts.STATES["off"]
            self._mood.setText(texts.NO_MOOD)
            self._state.setText(f"{word}: {hint}")
            self._played.setText("")
            self._chord.setText("")
        else:
            emotion = look.emotion
            state = emotion.state if emotion is not None else "waiting"
            word, hint = texts.STATES[state]
            if emotion is not None and state == "tracking":
                hint = wording.tag_words(emotion.tags) or hint
            self._state.setText(f"{word}: {hint}")
            self._mood.setText(
                texts.NO_EMOTION
                if emotion is None
                else wording.mood_guess(emotion.valence, emotion.arousal, state)
            )
            self._played.setText(f"→ {wording.mood_word(look.target_valence, look.target_arousal)}")
            chord = wording.chord_words(emotion.chord) if emotion is not None else ""
            self._chord.setText(f"{texts.CHORD} {chord}")
        mode = texts.MODES[performance.mode][0]
        if look is not None and look.remaining_s > 0.0:
            left = texts.GUIDE_LEFT.format(time=wording.duration_words(look.remaining_s))
            mode = f"{mode}, {left}"
        if look is not None and look.frozen:
            mode = f"{mode}, {texts.FROZEN}"
        self._mode.setText(mode)
        self._key.setText(wording.key_words(look.key if look is not None else ""))
        tempo = look.tempo_bpm if look is not None else performance.tempo_bpm
        self._bar.setText(f"{position_words(look)}   {tempo:g}{texts.TEMPO_SUFFIX}")
