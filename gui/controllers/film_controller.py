"""What the film page can do: opening, scoring, keeping and watching live."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from engine.errors import StimmungError
from engine.snapshot import Snapshot
from engine.video.table import read_features
from gui import texts
from gui.controllers.controller import Controller
from gui.controllers.film_process import FilmProcess
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
        Tells the user what went wrong.
    """

    def __init__(
        self, panel: FilmPanel, controller: Controller, say: Callable[[str], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.film: Path | None = None
        self.work = FilmProcess(self)
        self._panel, self._controller, self._say, self._window = panel, controller, say, parent
        self._render = ""
        panel.file_wanted.connect(self._ask_film)
        panel.score_wanted.connect(lambda engine, tempo: self._score(engine, tempo, ""))
        panel.render_wanted.connect(self._ask_render)
        self.work.stripped.connect(panel.show_strip)
        self.work.scored.connect(self._on_scored)
        self.work.failed.connect(self._on_failed)
        controller.changed.connect(lambda: panel.show_settings(controller.run.video))
        panel.show_settings(controller.run.video)

    def open(self, path: Path) -> None:
        """Open a film."""
        self.film = path
        self._panel.show_film(path)
        self.work.look(path)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Say what the live picture suggests."""
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
        """End what is under way."""
        self.work.close()

    def _ask_film(self) -> None:
        dialogs.ask_film(self._window, lambda path: self.open(Path(path)))

    def _ask_render(self) -> None:
        if self.film is not None:
            proposal = self.film.with_name(f"{self.film.stem} scored.mp4")
            dialogs.ask_render(
                self._window, proposal, lambda path: self._score(*self._panel.choice(), path)
            )

    def _score(self, engine: str, tempo: str, render: str) -> None:
        if self.film is not None and not self.work.busy:
            self._render = render
            self._panel.show_busy(True)
            self.work.score(self.film, engine, tempo, self._controller.seed, render)

    def _on_scored(self, midi: str, features: str) -> None:
        self._panel.show_busy(False)
        self._panel.tile.show_path(Path(midi))
        try:
            self._panel.show_features(read_features(Path(features)))
        except StimmungError as error:
            self._say(wording.window_words(str(error)))
        if self._render:
            self._say(texts.FILM_RENDERED.format(name=Path(self._render).name))

    def _on_failed(self, reason: str) -> None:
        self._panel.show_busy(False)
        self._say(wording.window_words(reason))
