"""Scoring a film from the window: `stimmung score` as a process, its results as files."""

import tempfile
from pathlib import Path

from PyQt6.QtCore import QObject, QProcess, pyqtSignal

from gui.engine_process.qprocess import child_process

__all__ = ["FilmProcess"]


class FilmProcess(QObject):
    """Scores one film at a time; the window never waits.

    Signals
    -------
    stripped : str
        Pictures of the film, as a PNG file.
    scored : str, str
        The MIDI file and the table of features.
    failed : str
        Why it did not work, in the command's own words.
    """

    stripped = pyqtSignal(str)
    scored = pyqtSignal(str, str)
    failed = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # made for the first film
        self._strip: QProcess | None = None
        self._score: QProcess | None = None
        self._count = 0

    @property
    def busy(self) -> bool:
        """Whether a film is being scored."""
        return self._score is not None

    def look(self, video: Path) -> None:
        """Draw a strip of pictures."""
        self._end(self._strip)
        strip = self._file("png")
        self._strip = self._run("gui.controllers.filmstrip", str(video), str(strip))
        process = self._strip
        process.finished.connect(lambda code, _status: self._on_stripped(process, code, str(strip)))

    def score(self, video: Path, engine: str, tempo: str, seed: int, render: str = "") -> None:
        """Score a film; ``tempo`` is a number or ``auto``, ``render`` a file to write or empty."""
        if self.busy:
            return
        midi, features = self._file("mid"), self._file("csv")
        command = ["score", str(video), "-o", str(midi)]
        command += ["--engine", engine, "--tempo", tempo, "--seed", str(seed)]
        command += ["--features", str(features)]
        if render:
            command += ["--render", render]
        self._score = self._run("engine.cli", *command)
        process = self._score
        process.finished.connect(
            lambda code, _status: self._on_scored(process, code, str(midi), str(features))
        )

    def stop(self) -> None:
        """Give up what is under way."""
        self._end(self._strip)
        self._end(self._score)
        self._strip = self._score = None

    def close(self) -> None:
        """Stop, and throw the files away."""
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def _run(self, module: str, *arguments: str) -> QProcess:
        process = child_process(self, module, *arguments)
        process.start()
        return process

    def _on_stripped(self, process: QProcess, code: int, strip: str) -> None:
        if process is self._strip and code == 0:
            self.stripped.emit(strip)

    def _on_scored(self, process: QProcess, code: int, midi: str, features: str) -> None:
        if process is not self._score:
            return
        self._score = None
        words = process.readAllStandardError().data().decode(errors="replace").strip()
        if code == 0:
            self.scored.emit(midi, features)
        else:
            lines = [line for line in words.splitlines() if line.strip()]
            self.failed.emit(lines[-1] if lines else f"exit code {code}")

    def _file(self, suffix: str) -> Path:
        self._count += 1
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="stimmung-film-")
        return Path(self._folder.name) / f"film {self._count}.{suffix}"

    @staticmethod
    def _end(process: QProcess | None) -> None:
        if process is not None and process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(2000)
