"""The stage view: readable from two metres, without small controls."""

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QFont, QFontMetrics, QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QSizePolicy

from engine.settings.performance import Performance
from engine.snapshot import Snapshot, SongLook
from gui import texts
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.arranger_panel import arranging_words
from gui.widgets.controls import Panel, WrappingLabel, column, label
from gui.widgets.emotion_plane import EmotionPlane
from gui.widgets.transport import mood_words, panic_button, position_words

__all__ = ["StageView"]

PLANE_TEXT_SCALE = 1.7


class StageView(Panel):
    """Plane, mood, key, chord, bar, mode and PANIC, as large as the screen allows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("stage")
        self.plane = EmotionPlane(theme, PLANE_TEXT_SCALE)
        self._mood, self._state, self._played = _Line(7.0, 800), _Line(2.6), _Line(4.2, 700)
        self._mode, self._key, self._chord = _Line(2.6), _Line(4.2, 700), _Line(2.6)
        self._bar, self._trouble = _Line(4.2, 700), _Line(2.0, 600)
        self._arranging, self._next = _Line(2.6, 600), _Line(2.8, 600)
        self._song, self._notes = _Line(4.0, 700), _Line(2.4)
        self._trouble.setWordWrap(True)
        self._panic = panic_button(self)
        self._panic.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        leave = label(texts.STAGE_LEAVE, "muted")
        leave.setAlignment(Qt.AlignmentFlag.AlignRight)
        side = column(
            self._mood,
            self._state,
            None,
            self._played,
            self._mode,
            None,
            self._key,
            self._chord,
            self._bar,
            self._arranging,
            None,
            self._trouble,
            self._panic,
            leave,
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 12, 24, 12)
        layout.setSpacing(24)
        played = column(self.plane, self._song, self._notes, self._next)
        played.setStretchFactor(self.plane, 1)
        layout.addLayout(played, stretch=5)
        layout.addLayout(side, stretch=4)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.plane.set_theme(theme)
        colours = {
            self._mood: theme.heard,
            self._played: theme.target,
            self._chord: theme.muted,
            self._next: theme.muted,
            self._arranging: theme.target,
            self._trouble: theme.caution,
        }
        for line in self.findChildren(_Line):
            line.colour = colours.get(line, theme.text)
        self._resize_text()

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        return QSize(480, 320)  # the words become as small as the screen asks

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._resize_text()

    def _resize_text(self) -> None:
        """Fit the size of the words to the size of the screen."""
        unit = max(5.0, min(self.height() / 70.0, self.width() / 100.0))  # [px]
        for line in self.findChildren(_Line):
            line.set_unit(unit)
        self._panic.setStyleSheet(
            f"font-size: {round(4.0 * unit)}px; padding: {round(1.2 * unit)}px;"
        )

    def show_performance(self, performance: Performance) -> None:
        """Show what the user wants."""
        self.plane.show_performance(performance)

    def show_snapshot(self, look: Snapshot | None, performance: Performance, trouble: str) -> None:
        """Show the engine; None while it is not running."""
        self.plane.show_snapshot(look)
        self._trouble.show_words(trouble)
        emotion = look.emotion if look is not None else None
        state = "off" if look is None else "waiting" if emotion is None else emotion.state
        word, hint = texts.STATES[state]
        if emotion is not None and state == "tracking":
            hint = wording.tag_words(emotion.tags) or hint
        self._mood.show_words(mood_words(look))
        self._state.show_words(f"{word}: {hint}")
        played, mode = "", texts.MODES[performance.mode][0]
        if look is not None:
            played = f"→ {wording.mood_word(look.target_valence, look.target_arousal)}"
            if look.remaining_s > 0.0:
                left = wording.duration_words(look.remaining_s)
                mode = f"{mode}, {texts.GUIDE_LEFT.format(time=left)}"
            if look.frozen:
                mode = f"{mode}, {texts.FROZEN}"
        self._played.show_words(played)
        self._mode.show_words(mode)
        self._key.show_words(wording.key_words(look.key if look is not None else ""))
        chord = wording.chord_words(emotion.chord) if emotion is not None else ""
        tuning = wording.tuning_words(emotion.tuning_hz) if emotion is not None else ""
        self._chord.show_words(f"{texts.CHORD} {chord}   {tuning}" if look is not None else "")
        self._arranging.show_words(arranging_words(look))
        self._show_song(None if look is None else look.song)
        tempo_bpm = look.tempo_bpm if look is not None else performance.tempo_bpm
        self._bar.show_words(f"{position_words(look)}   {wording.tempo_words(tempo_bpm)}")

    def _show_song(self, song: SongLook | None) -> None:
        """Show where the set list is; nothing without one."""
        if song is None:
            title = notes = following = ""
        else:
            title = texts.SONG_BEFORE.format(name=song.name, count=song.count)
            if song.number:
                title = texts.SONG_NUMBER.format(
                    number=song.number, count=song.count, title=song.title
                )
            if song.waits:
                title = texts.SONG_WAITS.format(words=title)
            following = texts.SONG_FOLLOWS.format(title=song.next_title) if song.next_title else ""
            if following and not song.ready:
                following = texts.SONG_LOADING.format(words=following)
            notes = song.notes or (song.next_notes if not song.number else "")
        for line, words in ((self._song, title), (self._notes, notes), (self._next, following)):
            line.show_words(words)
            line.setVisible(bool(words))


class _Line(WrappingLabel):
    """A line of words, set smaller where it would not fit.

    Parameters
    ----------
    size : float
        Height of the font, in a unit that follows the screen.
    weight : int
        Of the font.
    """

    def __init__(self, size: float, weight: int = 500) -> None:
        super().__init__(live="")
        self.setWordWrap(False)
        # The words take the room there is; they never push the plane aside.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._size, self._weight, self._unit = size, weight, 8.0
        self.colour = ""

    def set_unit(self, unit: float) -> None:
        """Set the unit of the screen [px]."""
        self._unit = unit
        self._fit()

    def show_words(self, words: str) -> None:
        """Show these words."""
        changed = words != self.text()
        self.setText(words)
        if changed:
            self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        size = round(self._size * self._unit)
        if not self.wordWrap():
            font = QFont(self.font())
            font.setPixelSize(size)
            font.setWeight(QFont.Weight(self._weight))
            taken = QFontMetrics(font).horizontalAdvance(self.text()) + 4
            size = max(6, min(size, int(size * self.width() / taken)))
        style = f"font-size: {size}px; color: {self.colour}; font-weight: {self._weight};"
        if style != self.styleSheet():
            self.setStyleSheet(style)
