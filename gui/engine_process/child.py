"""Child processes of the window; see `engine.process.child`."""

import json
from typing import Any

from PyQt6.QtCore import QObject, QProcess, QProcessEnvironment, pyqtSignal

from engine.mapping.table import InputMapping, OutputMapping
from engine.process.child import child_command, child_environment

__all__ = ["Task", "child_process", "command_line"]

_STOP_MS = 2000


def child_process(parent: QObject, module: str, *arguments: str) -> QProcess:
    """Return a process, not yet started, that runs one of our modules as a program."""
    process = QProcess(parent)
    program, *rest = child_command(module, *arguments)
    process.setProgram(program)
    process.setArguments(rest)
    environment = QProcessEnvironment()
    for name, value in child_environment().items():
        environment.insert(name, value)
    process.setProcessEnvironment(environment)
    return process


class Task(QObject):
    """One of our modules run as a program to its end; the window never waits for it.

    Signals
    -------
    done : int, bytes, str
        Its exit code, what it printed, and the last line of its errors.
    """

    done = pyqtSignal(int, bytes, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None

    def run(self, module: str, *arguments: str) -> None:
        """Start it; if it runs already it is stopped first."""
        self.stop()
        process = child_process(self, module, *arguments)
        process.finished.connect(lambda code, _status: self._on_finished(process, code))
        self._process = process
        process.start()

    def stop(self) -> None:
        """Stop it; `done` is not emitted."""
        process, self._process = self._process, None
        if process is not None and process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(_STOP_MS)

    def _on_finished(self, process: QProcess, code: int) -> None:
        if process is self._process:
            self._process = None
            errors = process.readAllStandardError().data().decode(errors="replace")
            last = next((line for line in reversed(errors.splitlines()) if line.strip()), "")
            self.done.emit(code, process.readAllStandardOutput().data(), last.strip())


def command_line(do: str, **values: Any) -> bytes:
    """Return a command of `engine.live.remote` as the line that is written."""
    return json.dumps({"do": do, **values}, default=_plain).encode() + b"\n"


def _plain(value: OutputMapping | InputMapping) -> dict[str, Any]:
    """Return a mapping as JSON; everything else that is sent is plain."""
    return value.to_json()
