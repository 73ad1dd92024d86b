"""A recorded session: its curves and notes over all its length, replayed from anywhere."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QListWidget, QListWidgetItem, QSplitter, QVBoxLayout, QWidget

from engine.snapshot import ReplayLook
from gui import texts
from gui.state.session_reader import SessionLook
from gui.texts import wording
from gui.theme import Theme
from gui.widgets.controls import Panel, Row, button, column, label
from gui.widgets.file_tile import FileTile
from gui.widgets.session_plots import SessionPlots
from gui.widgets.transport import panic_button

__all__ = ["SessionView"]

_HALVES_PX = (250, 1000)


class SessionView(Panel):
    """The recorded sessions at the left, the open one at the right.

    Attributes
    ----------
    folders : tuple of pathlib.Path
        The sessions in the list.

    Signals
    -------
    session_chosen : pathlib.Path
        Open this session.
    replayed : float or None
        Replay from there [s], or go on.
    """

    session_chosen = pyqtSignal(object)
    replayed = pyqtSignal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("stage")
        self._playing = False
        self.folders: tuple[Path, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName(texts.SESSIONS)
        self.list.setWordWrap(True)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.back = button(texts.SESSION_CLOSE, self.ask("leave_sessions"))
        self._title, self._facts = label(role="big", wrap=True), label(role="muted", wrap=True)
        self._at = label(role="title", live="")
        self.plots = SessionPlots(theme)
        self.plots.placed.connect(self.replayed.emit)
        self.play = button(texts.SESSION_REPLAY, self._toggle)
        self.play.setObjectName("primary")
        self.start = button(texts.SESSION_START, lambda: self.replayed.emit(0.0))
        self.panic = panic_button(self)
        self.go_on = button(
            texts.SESSION_GO_ON, self.ask("play_session_on"), texts.SESSION_GO_ON_TIP
        )
        self.tile = FileTile(texts.SESSION_NO_MIDI)
        self.project = FileTile(texts.SESSION_NO_PROJECT)
        left = column(
            label(texts.SESSIONS, "title", wrap=True),
            self.list,
            self.project,
            button(texts.SESSION_OTHER, self.ask("ask_session")),
            self.back,
            margin=8,
        )
        right = column(
            self._title,
            self._facts,
            self.plots,
            Row(self.play, self.start, self._at, self.go_on, self.panic, spacing=10),
            self.tile,
            margin=8,
        )
        right.setStretchFactor(self.plots, 1)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(8)
        for half in (left, right):
            halves.addWidget(_holding(half))
        halves.setStretchFactor(1, 1)
        halves.setSizes(list(_HALVES_PX))
        column(halves, parent=self)
        self.show_session(None)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
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
        for made in (self.play, self.start):
            made.setEnabled(session is not None and bool(session.notes))
        self.go_on.setEnabled(session is not None)
        self.plots.show_session(session)
        midi, project = ("", "") if session is None else (session.midi, session.project)
        self.tile.show_path(Path(midi) if midi else None)
        self.project.show_path(Path(project) if project else None)
        self._title.setText(texts.SESSION_NONE if session is None else _when(session.started))
        self._facts.setText(texts.SESSION_HINT if session is None else _facts(session))
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
            self.asked.emit("hold_replay")
        else:
            self.replayed.emit(None)

    def _choose(self, item: QListWidgetItem) -> None:
        folder = item.data(Qt.ItemDataRole.UserRole)
        if folder is not None:
            self.session_chosen.emit(folder)


def _facts(session: SessionLook) -> str:
    settings = session.performance
    engine = str(settings.get("engine", "rules"))
    words = texts.SESSION_FACTS.format(
        length=wording.duration_words(session.seconds),
        notes=len(session.notes),
        input=session.input,
        engine=texts.ENGINES.get(engine, engine),
        seed=session.seed,
        tempo=wording.tempo_words(float(settings.get("tempo_bpm", 100.0))),
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
