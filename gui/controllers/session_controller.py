"""What can be done with recorded sessions: open, replay, take out, play on from."""

import json
from pathlib import Path

from PyQt6.QtCore import QObject, QProcess, pyqtSignal

from engine.errors import InputError
from engine.settings.performance import Performance
from engine.snapshot import ReplayLook
from gui import texts
from gui.controllers.controller import Controller
from gui.engine_process.qprocess import child_process
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
        self._reader: QProcess | None = None
        self.session: SessionLook | None = None
        self.look: ReplayLook | None = None
        controller.bridge.replayed.connect(self._on_replayed)
        controller.bridge.state_changed.connect(self._on_state)

    @property
    def reading(self) -> bool:
        """Whether a session is being read."""
        return self._reader is not None

    def open(self, folder: Path) -> None:
        """Read a session folder; `opened` or `failed` tells."""
        self._drop_reader()
        self.end()
        reader = child_process(self, "gui.state.session_reader", str(folder))
        reader.finished.connect(lambda *_: self._on_read(reader))
        self._reader = reader
        reader.start()

    def replay(self, from_s: float | None = None) -> None:
        """Play from a place [s], or go on."""
        session, look = self.session, self.look
        if session is None:
            return
        bridge, run = self._controller.bridge, self._controller.run
        if look is None or look.folder != session.folder:
            self._controller.stop()
            place_s, port = from_s or 0.0, run.midi_out
            if not bridge.replay(session.folder, place_s, port, run.latency_ms):
                self.failed.emit(texts.SESSION_NO_ENGINE)
        else:
            again = 0.0 if look.ended and from_s is None else from_s
            bridge.replay_play(again)

    def hold(self) -> None:
        """Stay there; what sounds ends."""
        self._controller.bridge.replay_hold()

    def end(self) -> None:
        """End the replay and close its port."""
        if self.look is not None:
            self.look = None
            self._controller.bridge.replay_stop()
            self.moved.emit(None)

    def play_on(self) -> None:
        """Make music with the settings and the seed the session began with."""
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
        """Give up what is under way."""
        self._drop_reader()

    def _on_read(self, reader: QProcess) -> None:
        if reader is not self._reader:
            return
        self._reader = None
        answer = reader.readAllStandardOutput().data()
        try:
            found = json.loads(answer)
        except ValueError:
            words = reader.readAllStandardError().data().decode(errors="replace").strip()
            reason = words.splitlines()[-1] if words else texts.SESSION_NO_ANSWER
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

    def _drop_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and reader.state() != QProcess.ProcessState.NotRunning:
            reader.kill()
            reader.waitForFinished(1000)
