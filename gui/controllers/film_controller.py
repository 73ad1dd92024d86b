"""The page Film: opening a film, scoring it, watching one live.

Separate processes draw the pictures and write the music, into temporary files.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from engine.errors import StimmungError
from engine.snapshot import Snapshot
from engine.video.table import read_features
from gui import texts
from gui.controllers.controller import Controller
from gui.engine_process.child import Task
from gui.texts import wording
from gui.widgets import dialogs
from gui.widgets.film_panel import FilmPanel

__all__ = ["FilmController"]


class FilmController(QObject):
    """Connects the film page with the process that scores.

    Parameters
    ----------
    panel : FilmPanel
        The page.
    controller : Controller
        Keeps what is watched live, and the seed.
    say : callable
        Shows a message to the user.
    """

    def __init__(
        self, panel: FilmPanel, controller: Controller, say: Callable[[str], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.film: Path | None = None
        self._panel, self._controller, self._say, self._window = panel, controller, say, parent
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # made for the first film
        self._count = 0
        self._strip = self._midi = self._features = self._render = Path()
        self.drawing, self.scoring = Task(self), Task(self)
        panel.file_wanted.connect(self._ask_film)
        panel.score_wanted.connect(lambda engine, tempo: self.score(engine, tempo))
        panel.render_wanted.connect(self._ask_render)
        self.drawing.done.connect(self._on_drawn)
        self.scoring.done.connect(self._on_scored)
        controller.changed.connect(lambda: panel.show_settings(controller.run.video))
        panel.show_settings(controller.run.video)

    def open(self, path: Path) -> None:
        """Open a film."""
        self.film = path
        self._panel.show_film(path)
        self._strip = self._file("png")
        self.drawing.run("gui.controllers.filmstrip", str(path), str(self._strip))

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show what the live picture suggests."""
        seen = look.video if look is not None else None
        if seen is None:
            self._panel.show_seen("")
        elif seen.error or not seen.alive:
            self._panel.show_seen(seen.error or texts.FILM_LIVE_AWAY)
        else:
            self._panel.show_seen(
                texts.FILM_SEEN.format(
                    valence=wording.number(seen.valence, 2, sign=True),
                    arousal=wording.number(seen.arousal, 2, sign=True),
                    motion=wording.percent(seen.motion),
                )
            )

    def close(self) -> None:
        """Stop all processes and delete the temporary files."""
        self.drawing.stop()
        self.scoring.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def score(self, engine: str, tempo: str, render: str = "") -> None:
        """Score the open film; ``tempo`` is a number or ``auto``, ``render`` a film to write."""
        if self.film is None or self.scoring.running:
            return
        self._render = Path(render)
        self._midi, self._features = self._file("mid"), self._file("csv")
        command = ["score", str(self.film), "-o", str(self._midi), "--engine", engine]
        command += ["--tempo", tempo, "--seed", str(self._controller.seed)]
        command += ["--features", str(self._features)]
        self._panel.show_busy(True)
        self.scoring.run("engine.cli", *command, *(["--render", render] if render else []))

    def _ask_film(self) -> None:
        dialogs.ask_file(
            self._window,
            texts.FILM_OPEN_TITLE,
            texts.FILM_FILTER,
            lambda path: self.open(Path(path)),
        )

    def _ask_render(self) -> None:
        if self.film is not None:
            proposal = self.film.with_name(f"{self.film.stem} scored.mp4")
            dialogs.ask_write(
                self._window,
                texts.FILM_RENDER_TITLE,
                proposal,
                lambda path: self.score(*self._panel.choice(), path),
            )

    def _on_drawn(self, code: int, _output: bytes, _error: str) -> None:
        if code == 0:
            self._panel.show_strip(str(self._strip))

    def _on_scored(self, code: int, _output: bytes, error: str) -> None:
        self._panel.show_busy(False)
        if code != 0:
            self._say(wording.window_words(error or texts.FILM_FAILED.format(code=code)))
            return
        self._panel.tile.show_path(self._midi)
        try:
            self._panel.show_features(read_features(self._features))
        except StimmungError as problem:
            self._say(wording.window_words(str(problem)))
        if self._render.name:
            self._say(texts.FILM_RENDERED.format(name=self._render.name))

    def _file(self, suffix: str) -> Path:
        self._count += 1
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="stimmung-film-")
        return Path(self._folder.name) / f"film {self._count}.{suffix}"
