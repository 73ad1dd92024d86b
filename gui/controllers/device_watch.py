"""Looks for devices that come and go, as rarely as possible.

Each look opens the sound and MIDI systems for a moment, in processes of their own. On a busy stage
even that is left out unless somebody looks at a list of devices, one of them is lost, or the
system itself says that something was plugged in (Linux).
"""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QFileSystemWatcher, QObject, QTimer

from gui.controllers.controller import Controller

__all__ = ["DeviceWatch"]

LOOK_MS = 4_000
SETTLE_MS = 700
"""A device that was just plugged in takes so long until it can be listed."""

_RARELY = 5
_NODES = Path("/dev/snd")


class DeviceWatch(QObject):
    """Asks the engine for a new list when there may be one.

    Parameters
    ----------
    controller : Controller
        Whose engine is asked.
    shown : callable
        Whether a list of devices can be seen now.
    """

    def __init__(self, controller: Controller, shown: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._shown = controller, shown
        self._turn = 0
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(controller.bridge.list_devices)
        self._nodes = QFileSystemWatcher(self)
        if _NODES.is_dir():
            self._nodes.addPath(str(_NODES))
        self._nodes.directoryChanged.connect(lambda _path: self._settling.start())

    def stop(self) -> None:
        """Stop looking."""
        self._timer.stop()
        self._settling.stop()

    def _look(self) -> None:
        self._turn += 1
        idle = not self._controller.wants_music and self._turn % _RARELY == 0
        if self._shown() or idle or self._lost():
            self._controller.bridge.list_devices()

    def _lost(self) -> bool:
        look = self._controller.look
        return look is not None and (bool(look.audio.error) or not look.midi.alive)
