"""A recorded session: its curves and notes over all its length, replayed from anywhere."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from engine.snapshot import ReplayLook
from gui import texts
from gui.state.session_read import SessionLook
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.keys_panel import CaptureTile
from gui.widgets.session_plots import SessionPlots

__all__ = ["SessionView"]

_HALVES_PX = (250, 1000)


class SessionView(QWidget):
    """The sessions there are at the left, the open one at the right.

    Attributes
    ----------
    folders : tuple of pathlib.Path
        The sessions in the list.

    Signals
    -------
    chosen : pathlib.Path
        Open this session.
    other_wanted, closed, held, go_on_wanted :
        Buttons: another folder, back to the desk, hold, play on with its settings.
    replayed : float or None
        Replay from there [s], or go on.
    """

    chosen = pyqtSignal(object)
    other_wanted = pyqtSignal()
    closed = pyqtSignal()
    held = pyqtSignal()
    go_on_wanted = pyqtSignal()
    replayed = pyqtSignal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("stage")
        self._playing = False
        self.folders: tuple[Path, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName(texts.SESSIONS)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self._other, self._back = QPushButton(texts.SESSION_OTHER), QPushButton(texts.SESSION_CLOSE)
        self._other.clicked.connect(self.other_wanted)
        self._back.clicked.connect(self.closed)
        self._title, self._facts, self._at = QLabel(), QLabel(), QLabel()
        self._title.setProperty("role", "big")
        self._facts.setProperty("role", "muted")
        self._facts.setWordWrap(True)
        self._at.setProperty("role", "title")
        self.plots = SessionPlots(theme)
        self.plots.placed.connect(self.replayed.emit)
        self.play = QPushButton(texts.SESSION_REPLAY)
        self.play.setObjectName("primary")
        self.play.clicked.connect(self._toggle)
        self.start = QPushButton(texts.SESSION_START)
        self.start.clicked.connect(lambda: self.replayed.emit(0.0))
        self.go_on = QPushButton(texts.SESSION_GO_ON)
        self.go_on.setToolTip(texts.SESSION_GO_ON_TIP)
        self.go_on.clicked.connect(self.go_on_wanted)
        self.tile = CaptureTile(texts.SESSION_NO_MIDI)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(8)
        halves.addWidget(self._left())
        halves.addWidget(self._right())
        halves.setStretchFactor(1, 1)
        halves.setSizes(list(_HALVES_PX))
        layout = QVBoxLayout(self)
        layout.addWidget(halves)
        self.show_session(None)

    def _left(self) -> QWidget:
        title = QLabel(texts.SESSIONS)
        title.setProperty("role", "title")
        column = QVBoxLayout()
        for widget in (title, self.list, self._other, self._back):
            column.addWidget(widget)
        return _holding(column)

    def _right(self) -> QWidget:
        buttons = QHBoxLayout()
        for widget in (self.play, self.start, self._at):
            buttons.addWidget(widget)
        buttons.addStretch()
        buttons.addWidget(self.go_on)
        column = QVBoxLayout()
        column.addWidget(self._title)
        column.addWidget(self._facts)
        column.addWidget(self.plots, stretch=1)
        column.addLayout(buttons)
        column.addWidget(self.tile)
        return _holding(column)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.plots.set_theme(theme)

    def show_list(self, folders: Sequence[Path]) -> None:
        """List the sessions that were recorded."""
        self.folders = tuple(folders)
        self.list.clear()
        for folder in folders:
            item = QListWidgetItem(folder.name.removeprefix("session-"))
            item.setData(Qt.ItemDataRole.UserRole, folder)
            item.setToolTip(str(folder))
            self.list.addItem(item)
        if not folders:
            item = QListWidgetItem(texts.SESSIONS_NONE)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)

    def show_session(self, session: SessionLook | None) -> None:
        """Show a session; None while none is open."""
        there = session is not None
        for button in (self.play, self.start):
            button.setEnabled(there and bool(session and session.notes))
        self.go_on.setEnabled(there)
        self.plots.show_session(session)
        self.tile.show_path(Path(session.midi) if session is not None and session.midi else None)
        if session is None:
            self._title.setText(texts.SESSION_NONE)
            self._facts.setText(texts.SESSION_HINT)
        else:
            self._title.setText(_when(session.started))
            self._facts.setText(_facts(session))
        self.show_replay(None)

    def show_reading(self) -> None:
        """Say that a session is being read."""
        self.show_session(None)
        self._facts.setText(texts.SESSION_READING)

    def show_problem(self, reason: str) -> None:
        """Say why there is none to be shown."""
        self._facts.setText(reason)

    def show_replay(self, look: ReplayLook | None) -> None:
        """Show where the replay is; None while nothing is replayed."""
        self._playing = look is not None and look.playing
        words = texts.SESSION_HOLD if self._playing else texts.SESSION_REPLAY
        if self.play.text() != words:
            self.play.setText(words)
        self.plots.show_place(None if look is None else look.at_s)
        if look is None:
            self._at.setText("")
        else:
            at = wording.duration_words(look.at_s)
            port = wording.port_words(look.port)
            self._at.setText(texts.SESSION_AT.format(at=at, port=port))

    def _toggle(self) -> None:
        if self._playing:
            self.held.emit()
        else:
            self.replayed.emit(None)

    def _choose(self, item: QListWidgetItem) -> None:
        folder = item.data(Qt.ItemDataRole.UserRole)
        if folder is not None:
            self.chosen.emit(folder)


def _facts(session: SessionLook) -> str:
    settings = session.performance
    engine = str(settings.get("engine", "rules"))
    words = texts.SESSION_FACTS.format(
        length=wording.duration_words(session.seconds),
        notes=len(session.notes),
        input=session.input,
        engine=texts.ENGINES.get(engine, engine),
        seed=session.seed,
        tempo=float(settings.get("tempo_bpm", 100.0)),
    )
    if not session.complete:
        words = f"{words} {texts.SESSION_TORN}"
    if session.damaged_lines:
        words = f"{words} {texts.SESSION_DAMAGED.format(lines=session.damaged_lines)}"
    return words


def _when(started: str) -> str:
    try:
        return f"{datetime.fromisoformat(started):%Y-%m-%d  %H:%M}"
    except ValueError:
        return started


def _holding(layout: QVBoxLayout) -> QWidget:
    widget = QWidget()
    widget.setLayout(layout)
    return widget
