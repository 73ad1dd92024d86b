"""The head of the window: start and hold, tempo, where the music is, and PANIC."""

from collections.abc import Iterable

from PyQt6.QtCore import QSize
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from engine.music.clock import TEMPO_RANGE_BPM
from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording
from gui.theme import headings
from gui.widgets import controls as ui

__all__ = ["Transport", "mood_words", "panic_button", "position_words"]

_START_WORDS = {
    "booting": texts.BOOTING,
    "starting": texts.STARTING,
    "stopping": texts.STOPPING,
}
_LONG_PANIC = f"{texts.PANIC}  {texts.PANIC_KEY}"
_LEVELS = ((1.0, _LONG_PANIC), (0.5, _LONG_PANIC), (0.0, _LONG_PANIC), (0.0, texts.PANIC))
"""Size of the headings, from full size to that of body text, and the text of PANIC."""


def panic_button(panel: ui.Panel) -> QPushButton:
    """Return a PANIC button for a panel; it acts when it is pressed down, not when released."""
    made = QPushButton(_LONG_PANIC)
    made.setObjectName("panic")
    made.setToolTip(texts.PANIC_TIP)
    made.setAccessibleName(texts.PANIC_TIP)
    made.pressed.connect(panel.ask("panic"))
    return made


class Transport(ui.Panel):
    """The controls that are used while playing; headings are smaller where it is narrow."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.start = ui.button(texts.START, self.ask("start"), texts.START_TIP)
        self.start.setObjectName("primary")
        self.hold = ui.button(texts.HOLD, self.ask("hold"), texts.HOLD_TIP)
        self.hold.setCheckable(True)
        self.tempo = ui.amount_box(
            texts.TEMPO,
            *TEMPO_RANGE_BPM,
            self.choose("tempo_bpm"),
            suffix=texts.TEMPO_SUFFIX,
            decimals=1,
        )
        self.tempo.setObjectName("tempo")
        self._tap = QPushButton(texts.TAP)
        self._tap.setToolTip(texts.TAP_TIP)
        self._tap.pressed.connect(self.ask("tap"))
        self.panic = panic_button(self)
        fixed: tuple[QWidget, ...] = (self.start, self.hold, self.tempo, self._tap, self.panic)
        for widget in fixed:
            widget.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)
        self._mood = ui.label(role="huge", live=texts.HEARD_MOOD)
        self._state = ui.label(role="small", live=texts.LISTENING)
        self._state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._key, self._chord, self._position = (
            ui.label(role="big", live=title)
            for title in (texts.KEY, texts.CHORD, texts.POSITION_NAME)
        )
        self._key_title = ui.label(texts.KEY, "small", live="")
        self._extras = [
            _stack(ui.label(texts.CHORD, "small"), self._chord),
            _stack(ui.label(texts.POSITION, "small"), self._position),
            _stack(self._key_title, self._key),
        ]
        """Left out where it is narrow, the first one first."""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(10)
        layout.addWidget(self.start)
        layout.addWidget(self.hold)
        layout.addWidget(_stack(self._mood, self._state), stretch=1)
        for part in (*reversed(self._extras), self.tempo, self._tap, self.panic):
            layout.addWidget(part)
        self._points = 0.0
        self._level = (-1, 0.0)
        self._widths: list[int] = []
        """Least width of each of `_LEVELS`, in the text size of now [px]."""
        self._state_name, self._tags = "off", ""
        self._led = False
        self.show_snapshot(None)

    # ------------------------------------------------------------------ room

    def fit_text(self, points: float) -> None:
        """Measure the longest words in this size of text [pt], so that nothing moves or is cut."""
        self._points = points
        self._widths = []
        for level in range(len(_LEVELS)):
            self._take_level(level)
            self._widths.append(self._needed(shown=0))
        self.updateGeometry()
        self._make_room()

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        height = super().minimumSizeHint().height()
        return QSize(self._widths[-1] if self._widths else 0, height)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Choose the size of the headings, and leave out chord, position and key if need be."""
        fitting = (n for n, width in enumerate(self._widths) if width <= self.width())
        self._take_level(next(fitting, len(_LEVELS) - 1))
        shown = len(self._extras)
        while shown and self._needed(shown) > self.width():
            shown -= 1
        for index, stack in enumerate(self._extras):
            stack.setVisible(index >= len(self._extras) - shown)
        self._show_state()

    def _take_level(self, level: int) -> None:
        size, panic = _LEVELS[level]
        if self._points and (level, self._points) != self._level:
            self._level = level, self._points
            self.setStyleSheet(headings(self._points, size))
            self.panic.setText(panic)
            ui.reserve(self.start, (texts.BOOTING, texts.STARTING, texts.STOPPING, texts.START))
            ui.reserve(self.hold, (texts.HOLD, texts.PLAY))
            ui.reserve(self.panic, (panic,))
            fastest = f"{wording.number(TEMPO_RANGE_BPM[1], 1)}{texts.TEMPO_SUFFIX}"
            arrows = 2 * self.tempo.fontMetrics().height()
            self.tempo.setMinimumWidth(_widest(self.tempo, [fastest]) + arrows)
            moods = [f"{word} ?" for pair in texts.MOODS for word in pair]
            for shown, words in (
                (self._mood, [*moods, texts.NO_MOOD, texts.NO_EMOTION]),
                (self._position, ["8888 . 8"]),
                (self._chord, ["G♯m"]),
                (self._key_title, [_key_title(466.0)]),
                (self._key, [f"G♯ {texts.MINOR}", f"G♯ {texts.MAJOR}"]),
            ):
                shown.setMinimumWidth(_widest(shown, words))

    def _needed(self, shown: int) -> int:
        """Return the width with only some of the extras [px]."""
        layout = self.layout()
        assert layout is not None
        margins, width = layout.contentsMargins(), 0
        for index in range(layout.count()):
            item = layout.itemAt(index)
            widget = item.widget() if item is not None else None
            if widget is not None and widget not in self._extras[: len(self._extras) - shown]:
                least = max(widget.minimumSizeHint().width(), widget.minimumWidth())
                width += least + layout.spacing()
        return max(0, width - layout.spacing() + margins.left() + margins.right())

    # ------------------------------------------------------------------ what is shown

    def show_performance(self, performance: Performance) -> None:
        """Show the tempo that is wanted."""
        if not self._led:
            ui.show_number(self.tempo, performance.tempo_bpm)

    def show_run(self, state: str, wants_music: bool, held: bool) -> None:
        """Show whether the engine plays, is loading, or is stopped."""
        waits = state in ("starting", "stopping") or (
            wants_music and state in ("absent", "booting")
        )
        words = _START_WORDS.get(state, texts.STOP if wants_music else texts.START)
        if state in ("absent", "booting"):
            words = texts.BOOTING if wants_music else texts.START
        self.start.setText(words)
        self.start.setEnabled(not waits or wants_music)
        ui.restyle(self.start, "running", wants_music)
        self.hold.setEnabled(state == "running")
        self.hold.setChecked(held)
        self.hold.setText(texts.PLAY if held else texts.HOLD)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show mood, key, chord and position; None while not running."""
        self._show_sync(look)
        emotion = look.emotion if look is not None else None
        state = "off" if look is None else "waiting" if emotion is None else emotion.state
        self._mood.setText(mood_words(look))
        self._mood.setEnabled(state not in ("off", "silence"))
        tracks = emotion is not None and state == "tracking"
        self._tags = wording.tag_words(emotion.tags) if emotion is not None and tracks else ""
        self._state_name = state
        self._show_state()
        sounds = emotion is not None and state != "silence"
        self._key_title.setText(
            _key_title(emotion.tuning_hz) if emotion is not None and sounds else texts.KEY
        )
        self._key.setText(wording.key_words(look.key if look is not None else ""))
        self._chord.setText(wording.chord_words(emotion.chord if emotion is not None else ""))
        self._position.setText(position_words(look))

    def _show_state(self) -> None:
        word, hint = texts.STATES[self._state_name]
        long = f"{word}: {self._tags or hint}"
        fits = self._state.fontMetrics().horizontalAdvance(long) <= self._state.width()
        self._state.setText(long if fits else word)

    def _show_sync(self, look: Snapshot | None) -> None:
        """Show the tempo that is followed; where others set it, none can be chosen here."""
        source = look.sync.source if look is not None else "internal"
        self._led = source != "internal"
        self.tempo.setEnabled(source not in ("midi", "audio"))
        self._tap.setEnabled(source != "midi")
        self.tempo.setToolTip("")
        if look is not None and self._led:
            self.tempo.setToolTip(texts.SYNC_TEMPO.format(words=wording.sync_words(look.sync)))
            if not self.tempo.hasFocus():
                ui.show_number(self.tempo, look.tempo_bpm)


def mood_words(look: Snapshot | None) -> str:
    """Return the mood that is heard in a word, or why there is none."""
    if look is None:
        return texts.NO_MOOD
    if look.emotion is None:
        return texts.NO_EMOTION
    return wording.mood_guess(look.emotion.valence, look.emotion.arousal, look.emotion.state)


def position_words(look: Snapshot | None) -> str:
    """Return bar and beat, counted from 1, as in ``"12 . 3"``."""
    if look is None:
        return texts.CHORD_UNKNOWN
    beat = max(0, int(look.beat))
    return f"{beat // look.beats_per_bar + 1} . {beat % look.beats_per_bar + 1}"


def _key_title(tuning_hz: float) -> str:
    return f"{texts.KEY}, {wording.tuning_words(tuning_hz)}"


def _widest(widget: QWidget, words: Iterable[str]) -> int:
    """Return the width of the longest of some words in the widget's own font [px]."""
    widget.ensurePolished()
    return max(map(widget.fontMetrics().horizontalAdvance, words)) + 2


def _stack(above: QLabel, below: QLabel) -> QWidget:
    made = QWidget()
    layout = ui.column(None, above, below, None, parent=made, spacing=0)
    layout.setContentsMargins(6, 0, 6, 0)
    return made
