"""Measures the latency of the chosen output: stops the music, clicks, listens, and goes on."""

from PyQt6.QtCore import QObject, pyqtSignal

from gui import texts
from gui.controllers.controller import Controller
from gui.engine_process.child import Task
from gui.texts import wording

__all__ = ["LatencyController"]


class LatencyController(QObject):
    """Runs ``stimmung calibrate --latency`` while the engine holds no device.

    Signals
    -------
    done : str
        What was measured, or why not, in words.
    """

    done = pyqtSignal(str)

    def __init__(self, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller
        self._waits = False
        self._played = self._held = False
        self._task = Task(self)
        self._task.done.connect(self._on_done)
        controller.bridge.state_changed.connect(self._on_state)

    @property
    def running(self) -> bool:
        """Whether it measures; nothing else may open the devices then."""
        return self._waits or self._task.running

    def run(self) -> None:
        """Begin as soon as the engine has let go of its devices."""
        if self.running:
            return
        controller = self._controller
        self._played, self._held = controller.wants_music, controller.held
        self._waits = True
        controller.stop()
        self._on_state(controller.bridge.state)

    def stop(self) -> None:
        """Give up."""
        self._waits = False
        self._task.stop()

    def _on_state(self, state: str) -> None:
        if not self._waits or state not in ("idle", "absent"):
            return
        self._waits = False
        run = self._controller.run
        command = ["calibrate", "--latency", "--midi-out", run.midi_out]
        if run.audio_out:
            command += ["--audio-out", run.audio_out]
        if self._controller.input_is_device:
            command += ["--input", run.audio_input]
        self._task.run("engine.cli", *command)

    def _on_done(self, code: int, output: bytes, error: str) -> None:
        if code == 0:
            self._controller.choose(latency_ms=None)  # what was measured counts
            found = output.decode(errors="replace").splitlines()[1]
            self.done.emit(texts.LATENCY_FOUND.format(found=found))
        else:
            reason = wording.window_words(error.removeprefix("stimmung: "))
            self.done.emit(texts.LATENCY_FAILED.format(reason=reason))
        if self._played:
            self._controller.start(held=self._held)
