"""A second engine process with its model loaded, ready to take over at once."""

from typing import Any

from PyQt6.QtCore import QObject, QProcess, QTimer

from gui.engine_process.child import child_process, command_line

__all__ = ["SpareEngine"]

_LATER_MS = 3_000
"""By then the engine that plays has finished starting."""
_CLOSE_MS = 2_000


class SpareEngine(QObject):
    """Keeps one spare engine; without it a restart takes longer, and nothing else changes.

    Attributes
    ----------
    config : dict
        The start it is to be ready for (see `engine.live.remote`).
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self.config: dict[str, Any] = {}
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self._prepare)

    @property
    def process_id(self) -> int:
        """Process id of the spare, 0 while there is none."""
        return 0 if self._process is None else int(self._process.processId() or 0)

    def prepare(self) -> None:
        """Start a spare soon."""
        if self._process is None:
            self._later.start()

    def take(self) -> QProcess | None:
        """Return the spare if there is one that runs; its output has not been read yet."""
        self._later.stop()
        process, self._process = self._process, None
        if process is None:
            return None
        process.finished.disconnect(self._forget)
        process.errorOccurred.disconnect(self._forget)
        if process.state() == QProcess.ProcessState.Running:
            return process
        process.deleteLater()
        return None

    def close(self) -> None:
        """End it."""
        process = self.take()
        if process is not None:
            process.closeWriteChannel()
            if not process.waitForFinished(_CLOSE_MS):
                process.kill()
                process.waitForFinished(_CLOSE_MS)

    def _prepare(self) -> None:
        process = child_process(self, "engine.live.remote")
        process.finished.connect(self._forget)
        process.errorOccurred.connect(self._forget)
        self._process = process
        process.start()
        process.write(command_line("prepare", config=self.config))

    def _forget(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
