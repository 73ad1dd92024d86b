"""The only file that talks to the engine process.

The engine is a child process reached over pipes (`engine.live.remote`). The window never waits
for it. Of its snapshots only the newest is read, at most 30 a second. When the process dies the
bridge reports it and starts another, a few times and ever more slowly. While music plays, a spare
engine waits with its model loaded, so that the first restart is immediate.
"""

import json
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

from PyQt6.QtCore import QObject, QProcess, QTimer, pyqtSignal

from engine.mapping.table import InputMapping
from engine.process.restarts import Losses, Restarts
from engine.snapshot import ReplayLook, Snapshot
from gui import texts
from gui.engine_process.child import child_process, command_line
from gui.engine_process.decode import Devices, read_snapshot
from gui.engine_process.spare_engine import SpareEngine
from gui.texts import wording

__all__ = ["BridgeState", "EngineBridge"]

BridgeState = Literal["absent", "booting", "idle", "starting", "running", "stopping"]

FRAME_MS = 33
"""Shortest time between two looks at a snapshot."""

RESTARTS = Restarts((0.0, 1.0, 3.0), give_up_after=3)
"""After three restarts within a minute only the user restarts."""

UNRESPONSIVE_S = 5.0
CLOSE_MS = 5_000
REOPEN_MS = 3_000
CLOSE_RECORDING_MS = 30_000

_OBEYED_IN: dict[str, tuple[BridgeState, ...]] = {
    "panic": ("idle", "starting", "running", "stopping"),
    "replay_hold": ("idle",),
    "replay_play": ("idle",),
}
"""Command → the states it is sent in; all others need the engine to be running."""

_SNAPSHOT_PREFIX = b'{"is": "snapshot"'
_MOST_STDERR_LINES = 60


class EngineBridge(QObject):
    """Starts, drives and watches one engine process.

    Signals
    -------
    state_changed : str
        One of `BridgeState`.
    snapshot : engine.snapshot.Snapshot
        The newest look at the engine, at most 30 a second.
    devices : Devices
        What is present now.
    ready :
        A new engine process waits for its first command.
    refused : str
        The engine could not do what was asked, in its own words.
    start_failed :
        What was refused was a start; nothing plays.
    learned : engine.mapping.table.InputMapping
        What moves the control that waited for it.
    captured : str
        The file of the bars that were kept.
    served : str, str
        Addresses of the phone page and of OSCQuery; empty while there is none.
    replayed : engine.snapshot.ReplayLook
        Where the session that is replayed is, 30 a second.
    died : str, bool
        The process is gone: why, and whether it is being started again.
    """

    state_changed = pyqtSignal(str)
    snapshot = pyqtSignal(object)
    devices = pyqtSignal(object)
    ready = pyqtSignal()
    refused = pyqtSignal(str)
    start_failed = pyqtSignal()
    learned = pyqtSignal(object)
    captured = pyqtSignal(str)
    served = pyqtSignal(str, str)
    replayed = pyqtSignal(object)
    died = pyqtSignal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state: BridgeState = "absent"
        self._process: QProcess | None = None
        self.spare = SpareEngine(self)
        self._buffer = b""
        self._newest: bytes | None = None
        self._awaited: deque[str] = deque()
        self._stderr: deque[str] = deque(maxlen=_MOST_STDERR_LINES)
        self._losses = Losses(RESTARTS)
        self._heard_s = 0.0
        self._closing = False
        self._reopening = False
        self._frame = QTimer(self)
        self._frame.setInterval(FRAME_MS)
        self._frame.timeout.connect(self._show_newest)
        self._restart_timer = QTimer(self)
        self._restart_timer.setSingleShot(True)
        self._restart_timer.timeout.connect(self._launch)
        self._hung_timer = QTimer(self)
        self._hung_timer.setSingleShot(True)
        self._hung_timer.timeout.connect(self._kill_hung)

    # ------------------------------------------------------------------ the process

    @property
    def state(self) -> BridgeState:
        """What the engine process is doing."""
        return self._state

    @property
    def process_id(self) -> int:
        """Process id of the engine, 0 while there is none."""
        return 0 if self._process is None else int(self._process.processId() or 0)

    @property
    def silent_s(self) -> float:
        """Seconds since a running engine last wrote anything; 0 while it does not run."""
        if self._state != "running":
            return 0.0
        return time.perf_counter() - self._heard_s

    @property
    def log(self) -> str:
        """The last lines the engine wrote to its error output."""
        return "\n".join(self._stderr)

    def open(self) -> None:
        """Start the engine process without waiting for it."""
        if self._process is None and not self._closing:
            self._launch()

    def reopen(self) -> None:
        """Restart because the user asked for it; earlier failures no longer count."""
        self._losses.forget()
        self._restart_timer.stop()
        process = self._process
        if process is None:
            self._launch()
            return
        # First politely, so that a recording is finished; a hung engine is killed.
        self._reopening = True
        process.closeWriteChannel()
        self._hung_timer.start(REOPEN_MS)

    def close(self, recording: bool = False) -> None:
        """End the engine: it sees the end of its input, ends every note and exits.

        Waits for that, so call it with the window already hidden. ``recording`` gives it
        the time to finish the session's files.
        """
        self._closing = True
        self._restart_timer.stop()
        self._frame.stop()
        self.spare.close()
        process = self._process
        if process is None:
            return
        process.closeWriteChannel()
        if not process.waitForFinished(CLOSE_RECORDING_MS if recording else CLOSE_MS):
            process.kill()  # its sender ends every note
            process.waitForFinished(CLOSE_MS)
        self._drop_process()
        self._set_state("absent")

    def _kill_hung(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _launch(self) -> None:
        spare = self.spare.take()
        process = spare or child_process(self, "engine.live.remote")
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_process_error)
        self._process = process
        self._buffer, self._newest = b"", None
        self._awaited.clear()
        self._heard_s = time.perf_counter()
        self._set_state("booting")
        self._frame.start()
        if spare is None:
            process.start()
        else:
            self._read()  # what it said while it waited

    def _drop_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.deleteLater()

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_errors()
        if self._closing:
            return
        if self._reopening:
            self._reopening = False
            self._hung_timer.stop()
            self._drop_process()
            self._set_state("absent")
            self._launch()
            return
        crashed = status == QProcess.ExitStatus.CrashExit
        self._on_death(wording.engine_death(code, crashed, self._last_error_line()))

    def _on_process_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and not self._closing:
            assert self._process is not None
            self._on_death(texts.ENGINE_NOT_STARTED.format(reason=self._process.errorString()))

    def _on_death(self, reason: str) -> None:
        self._frame.stop()
        self._drop_process()
        pause_s = self._losses.pause_s(time.perf_counter())
        self._set_state("absent")
        if pause_s is not None:
            self._restart_timer.start(round(pause_s * 1000))
        self.died.emit(reason, pause_s is not None)

    def _last_error_line(self) -> str:
        return next((line for line in reversed(self._stderr) if line.strip()), "")

    # ------------------------------------------------------------------ commands

    def start(self, config: Mapping[str, Any]) -> None:
        """Start or restart the music with these settings (see `engine.live.remote`)."""
        if self._state not in ("absent", "booting"):
            self._set_state("starting")
            self._newest = None
            self.spare.config = dict(config)
            self._send("start", awaited=True, config=self.spare.config)

    def stop(self) -> None:
        """End every note and close the devices."""
        if self._state in ("running", "starting"):
            self._set_state("stopping")
            self._send("stop", awaited=True)

    def command(self, do: str, **values: Any) -> None:
        """Send a command of `engine.live.remote` if the engine is in a state to obey it."""
        if self._state in _OBEYED_IN.get(do, ("running",)):
            self._send(do, **values)

    def replay(self, folder: str, from_s: float, config: dict[str, Any]) -> bool:
        """Play a session from a place [s], music ends; return whether an engine is there.

        ``config`` holds settings of a run: where notes go.
        """
        if self._state in ("absent", "booting"):
            return False
        self.stop()
        self._send("replay", folder=folder, from_s=from_s, config=config)
        return True

    def stop_replay(self) -> None:
        """End the replay and close its port."""
        if self._state == "idle":
            self._send("stop", awaited=True)

    def list_devices(self) -> None:
        """Ask which devices are present; the answer is the signal ``devices``."""
        if self._state not in ("absent", "booting") and "devices" not in self._awaited:
            self._send("devices", awaited=True)

    def _send(self, do: str, *, awaited: bool = False, **values: Any) -> None:
        assert self._process is not None
        if awaited:
            self._awaited.append(do)
        self._process.write(command_line(do, **values))

    # ------------------------------------------------------------------ answers

    def _read(self) -> None:
        assert self._process is not None
        self._heard_s = time.perf_counter()
        self._buffer += self._process.readAllStandardOutput().data()
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            if line.startswith(_SNAPSHOT_PREFIX):
                self._newest = line  # older ones are never even parsed
            else:
                self._on_answer(line)

    def _read_errors(self) -> None:
        if self._process is not None:
            text = self._process.readAllStandardError().data().decode(errors="replace")
            self._stderr.extend(text.splitlines())

    def _on_answer(self, line: bytes) -> None:
        try:
            answer = json.loads(line)
            kind = answer["is"]
        except (ValueError, KeyError, TypeError):
            # Not ours: a library in the engine printed something.
            self._stderr.append(line.decode(errors="replace"))
            return
        if kind == "ready":
            self._set_state("idle")
            self.ready.emit()
            self.list_devices()
        elif kind == "started":
            self._answered("start")
            if "start" not in self._awaited and self._state in ("starting", "idle"):
                self._set_state("running")
                self.spare.prepare()
                self.served.emit(str(answer["monitor"]), str(answer["oscquery"]))
        elif kind == "replay":
            self._on_replay(answer)
        elif kind == "stopped":
            self._answered("stop")
            if self._state in ("running", "stopping") and "start" not in self._awaited:
                self._set_state("idle")
        elif kind == "devices":
            self._answered("devices")
            self.devices.emit(Devices.read(answer))
        elif kind == "learned":
            self.learned.emit(InputMapping.from_json(answer["mapping"]))
        elif kind == "captured":
            self.captured.emit(str(answer["path"]))
        elif kind == "error":
            self._on_error(str(answer["message"]))

    def _on_replay(self, answer: dict[str, Any]) -> None:
        del answer["is"]
        if self._state == "idle":
            self.replayed.emit(ReplayLook(**answer))

    def _on_error(self, message: str) -> None:
        if "start" in self._awaited:
            self._answered("start")
            if "start" not in self._awaited and self._state == "starting":
                self._set_state("idle")
                self.start_failed.emit()
        self.refused.emit(wording.window_words(message))

    def _answered(self, do: str) -> None:
        if do in self._awaited:
            self._awaited.remove(do)

    def _show_newest(self) -> None:
        line, self._newest = self._newest, None
        if line is None or self._state != "running":
            return
        try:
            look: Snapshot = read_snapshot(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            self.refused.emit(texts.SNAPSHOT_UNREADABLE.format(reason=error))
            self._frame.stop()  # said once; thirty times a second would bury everything else
            return
        self.snapshot.emit(look)

    def _set_state(self, state: BridgeState) -> None:
        if state != self._state:
            self._state = state
            if state == "running":
                self._heard_s = time.perf_counter()
            self.state_changed.emit(state)
