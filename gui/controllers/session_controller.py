"""Recorded sessions: open, replay, continue with their settings."""

import json
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from engine.errors import InputError
from engine.settings.performance import Performance
from engine.snapshot import ReplayLook
from gui import texts
from gui.controllers.controller import Controller
from gui.engine_process.child import Task
from gui.state.session_reader import SessionLook
from gui.texts import wording

__all__ = ["SessionController"]


class SessionController(QObject):
    """One session at a time; it is read by a process, and replayed by the engine.

    Parameters
    ----------
    controller : Controller
        Whose engine replays.

    Signals
    -------
    opened : gui.state.session_reader.SessionLook
        A session has been read.
    moved : engine.snapshot.ReplayLook or None
        Where the replay is; None once there is none.
    failed : str
        Why it did not work.
    """

    opened = pyqtSignal(object)
    moved = pyqtSignal(object)
    failed = pyqtSignal(str)

    def __init__(self, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller
        self.reading = Task(self)
        self.reading.done.connect(self._on_read)
        self.session: SessionLook | None = None
        self.look: ReplayLook | None = None
        controller.bridge.replayed.connect(self._on_replayed)
        controller.bridge.state_changed.connect(self._on_state)

    def open(self, folder: Path) -> None:
        """Read a session folder; the answer is the signal `opened` or `failed`."""
        self.end()
        self.reading.run("gui.state.session_reader", str(folder))

    def replay(self, from_s: float | None = None) -> None:
        """Play from a place [s], or go on."""
        session, look = self.session, self.look
        if session is None:
            return
        bridge = self._controller.bridge
        if look is None or look.folder != session.folder:
            self._controller.stop()
            if not bridge.replay(session.folder, from_s or 0.0, self._controller.output()):
                self.failed.emit(texts.SESSION_NO_ENGINE)
        else:
            again = 0.0 if look.ended and from_s is None else from_s
            bridge.command("replay_play", from_s=again)

    def hold(self) -> None:
        """Pause the replay; sounding notes end."""
        self._controller.bridge.command("replay_hold")

    def end(self) -> None:
        """End the replay and close its port."""
        if self.look is not None:
            self.look = None
            self._controller.bridge.stop_replay()
            self.moved.emit(None)

    def play_on(self) -> None:
        """Start the music with the settings and the seed of the session."""
        session = self.session
        if session is None:
            return
        try:
            performance = Performance.from_mapping(session.performance)
        except InputError as error:
            self.failed.emit(texts.SESSION_SETTINGS.format(reason=wording.window_words(str(error))))
            return
        self.end()
        self._controller.performance.replace(performance)
        self._controller.choose(seed=session.seed)
        self._controller.start()

    def close(self) -> None:
        """Stop all processes."""
        self.reading.stop()

    def _on_read(self, _code: int, output: bytes, error: str) -> None:
        try:
            found = json.loads(output)
        except ValueError:
            reason = error or texts.SESSION_NO_ANSWER
            self.failed.emit(texts.SESSION_UNREAD.format(reason=reason))
            return
        if "problem" in found:
            self.session = None
            self.failed.emit(wording.window_words(str(found["problem"])))
            return
        self.session = SessionLook(**found)
        self.opened.emit(self.session)

    def _on_replayed(self, look: ReplayLook) -> None:
        if self.session is not None and look.folder == self.session.folder:
            self.look = look
            self.moved.emit(look)

    def _on_state(self, state: str) -> None:
        if state != "idle" and self.look is not None:
            self.look = None
            self.moved.emit(None)
