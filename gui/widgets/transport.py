"""The head of the window: start and hold, tempo, where the music is, and PANIC."""

from collections.abc import Iterable

from PyQt6.QtCore import QSize, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.settings.performance import Performance
from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording

__all__ = ["Transport"]

_START_WORDS = {
    "booting": texts.BOOTING,
    "starting": texts.STARTING,
    "stopping": texts.STOPPING,
}


class Transport(QFrame):
    """What a performer reaches for while playing.

    Signals
    -------
    start_toggled, tapped, panicked :
        Buttons.
    held : bool
        Whether the music is to be held.
    tempo_chosen : float
        Tempo [quarter notes per minute].
    """

    start_toggled = pyqtSignal()
    held = pyqtSignal(bool)
    tapped = pyqtSignal()
    panicked = pyqtSignal()
    tempo_chosen = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.start = QPushButton(texts.START)
        self.start.setObjectName("primary")
        self.start.setToolTip(texts.START_TIP)
        self.start.clicked.connect(self.start_toggled)
        self.hold = QPushButton(texts.HOLD)
        self.hold.setCheckable(True)
        self.hold.setToolTip(texts.HOLD_TIP)
        self.hold.clicked.connect(self.held)
        self.tempo = QDoubleSpinBox()
        self.tempo.setRange(20.0, 300.0)
        self.tempo.setDecimals(1)
        self.tempo.setSuffix(texts.TEMPO_SUFFIX)
        self.tempo.setKeyboardTracking(False)
        self.tempo.setObjectName("tempo")
        self.tempo.setAccessibleName(texts.TEMPO)
        self.tempo.valueChanged.connect(self.tempo_chosen)
        self._tap = tap = QPushButton(texts.TAP)
        tap.setToolTip(texts.TAP_TIP)
        tap.pressed.connect(self.tapped)
        panic = QPushButton(f"{texts.PANIC}  {texts.PANIC_KEY}")
        panic.setObjectName("panic")
        panic.setToolTip(texts.PANIC_TIP)
        panic.setAccessibleName(texts.PANIC_TIP)
        panic.pressed.connect(self.panicked)  # on the way down: it is urgent
        self.panic = panic
        for button in (self.start, self.hold, tap, panic):
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)
        self.tempo.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)
        self._mood, self._state = _label("huge"), _label("small")
        self._state.setMinimumWidth(1)  # the words shorten where it is narrow
        self._key, self._chord, self._position = _label("big"), _label("big"), _label("big")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(10)
        layout.addWidget(self.start)
        layout.addWidget(self.hold)
        layout.addWidget(_Stack(self._mood, self._state), stretch=1)
        self._extras = [
            _Stack(_label("small", title), label)
            for label, title in (
                (self._chord, texts.CHORD),
                (self._position, texts.POSITION),
                (self._key, texts.KEY),
            )
        ]
        for stack in reversed(self._extras):
            layout.addWidget(stack)
        layout.addWidget(self.tempo)
        layout.addWidget(tap)
        layout.addWidget(panic)
        self._state_name = "off"
        self._led = False
        self._tags = ""
        self.show_snapshot(None)

    def fit_text(self) -> None:
        """Keep room for the longest words, so that nothing jumps when they change."""
        moods = [f"{word} ?" for pair in texts.MOODS for word in pair]
        self._mood.setMinimumWidth(_widest(self._mood, [*moods, texts.NO_MOOD]))
        self._position.setMinimumWidth(_widest(self._position, ["888 . 8"]))
        self._chord.setMinimumWidth(_widest(self._chord, ["G♯m"]))
        self._key.setMinimumWidth(_widest(self._key, ["G♯ minor"]))
        words = (texts.BOOTING, texts.STARTING, texts.STOPPING, texts.START)
        margin = round(1.5 * self.start.fontMetrics().height())
        self.start.setMinimumWidth(_widest(self.start, words) + margin)
        self._make_room()

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102 (Qt's name)
        # What may be left out where it is narrow does not count.
        return QSize(self._needed(shown=0), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._make_room()

    def _needed(self, shown: int) -> int:
        """Return the width with only some of the extras [px]."""
        layout = self.layout()
        assert layout is not None
        margins, spacing = layout.contentsMargins(), layout.spacing()
        width = margins.left() + margins.right()
        for index in range(layout.count()):
            item = layout.itemAt(index)
            widget = item.widget() if item is not None else None
            if widget is not None and widget not in self._extras[: len(self._extras) - shown]:
                width += widget.minimumSizeHint().width() + spacing
        return max(width, 0)

    def _make_room(self) -> None:
        """Leave out chord, position and key, in this order, where there is no room."""
        shown = len(self._extras)
        while shown and self._needed(shown) > self.width():
            shown -= 1
        for index, stack in enumerate(self._extras):
            stack.setVisible(index >= len(self._extras) - shown)
        self._say_state()

    def _say_state(self) -> None:
        word, hint = texts.STATES[self._state_name]
        hint = self._tags or hint
        long = f"{word}: {hint}"
        fits = self._state.fontMetrics().horizontalAdvance(long) <= self._state.width()
        self._state.setText(long if fits else word)

    def show_performance(self, performance: Performance) -> None:
        """Show the tempo that is wanted."""
        if not self._led:
            self._show_tempo(performance.tempo_bpm)

    def _show_tempo(self, tempo_bpm: float) -> None:
        self.tempo.blockSignals(True)
        self.tempo.setValue(tempo_bpm)
        self.tempo.blockSignals(False)

    def _show_sync(self, look: Snapshot | None) -> None:
        """Show the tempo of whoever leads; a MIDI clock leaves nothing to choose here."""
        source = look.sync.source if look is not None else "internal"
        self._led = source != "internal"
        self.tempo.setEnabled(source != "midi")
        self._tap.setEnabled(source != "midi")
        if look is not None and self._led:
            words = texts.SYNC_TEMPO.format(words=wording.sync_words(look.sync))
            self.tempo.setToolTip(words)
            if not self.tempo.hasFocus():
                self._show_tempo(look.tempo_bpm)
        else:
            self.tempo.setToolTip("")

    def show_run(self, state: str, wants_music: bool, held: bool) -> None:
        """Show whether the engine plays, is loading, or rests."""
        waits = state in ("starting", "stopping") or (
            wants_music and state in ("absent", "booting")
        )
        words = _START_WORDS.get(state, texts.STOP if wants_music else texts.START)
        if state in ("absent", "booting"):
            words = texts.BOOTING if wants_music else texts.START
        self.start.setText(words)
        self.start.setEnabled(not waits or wants_music)
        if self.start.property("running") != wants_music:
            self.start.setProperty("running", wants_music)
            style = self.start.style()
            if style is not None:
                style.unpolish(self.start)
                style.polish(self.start)
        self.hold.setEnabled(state == "running")
        self.hold.setChecked(held)
        self.hold.setText(texts.PLAY if held else texts.HOLD)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show mood, key, chord and position; None while not running."""
        self._show_sync(look)
        if look is None:
            self._mood.setText(texts.NO_MOOD)
            state = "off"
        elif look.emotion is None:
            self._mood.setText(texts.NO_EMOTION)
            state = "waiting"
        else:
            state = look.emotion.state
            self._mood.setText(
                wording.mood_guess(look.emotion.valence, look.emotion.arousal, state)
            )
        self._mood.setEnabled(state not in ("off", "silence"))
        emotion = look.emotion if look is not None and state == "tracking" else None
        self._tags = wording.tag_words(emotion.tags) if emotion is not None else ""
        self._state_name = state
        self._say_state()
        chord = look.emotion.chord if look is not None and look.emotion is not None else ""
        self._key.setText(wording.key_words(look.key if look is not None else ""))
        self._chord.setText(wording.chord_words(chord))
        self._position.setText(position_words(look))


def position_words(look: Snapshot | None) -> str:
    """Return bar and beat, counted from 1, as in ``"12 . 3"``."""
    if look is None:
        return texts.CHORD_UNKNOWN
    beat = max(0, int(look.beat))
    return f"{beat // look.beats_per_bar + 1} . {beat % look.beats_per_bar + 1}"


def _widest(widget: QWidget, words: Iterable[str]) -> int:
    """Return the width of the longest of some words in the widget's own font [px]."""
    widget.ensurePolished()
    return max(map(widget.fontMetrics().horizontalAdvance, words))


def _label(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    return label


class _Stack(QWidget):
    """Two labels, one above the other."""

    def __init__(self, above: QLabel, below: QLabel) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 0)
        layout.setSpacing(0)
        layout.addStretch()
        for label in (above, below):
            layout.addWidget(label)
        layout.addStretch()
