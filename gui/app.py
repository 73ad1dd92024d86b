"""Start of the window: application, settings, engine."""

import gc
import signal
import sys
from collections.abc import Callable
from types import TracebackType

from PyQt6.QtCore import QSettings, Qt, QTimer
from PyQt6.QtWidgets import QApplication

from gui import texts
from gui.controllers.controller import Controller
from gui.engine_process.bridge import EngineBridge
from gui.state.preferences import Preferences
from gui.window.icon import make_icon
from gui.window.main_window import MainWindow

__all__ = ["exclude_from_collection", "make_application", "make_window", "run"]

_SETTLED_MS = 1500
_TIDY_MS = 5000
_LARGE_SCREEN_PX = 1000
_LARGE_SCREEN_PT = 12.0
"""On a tall screen the first start takes larger text."""


_END_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Control-C, ``kill`` and a terminal that closes end the window, and with it the engine."""

_applications: list[QApplication] = []
"""Kept until the interpreter ends: widgets that outlive their application crash it."""


def make_application() -> QApplication:
    """Return the application, with a style that looks the same on every system."""
    app = QApplication(sys.argv[:1])
    _applications.append(app)
    app.setApplicationName(texts.APP)
    app.setOrganizationName(texts.APP)
    app.setDesktopFileName("stimmung")
    app.setStyle("Fusion")
    app.setWindowIcon(make_icon())
    app.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents)
    return app


def make_window(store: QSettings) -> MainWindow:
    """Return the window on its settings, engine not yet started."""
    screen = QApplication.primaryScreen()
    if (
        not store.contains("points")
        and screen is not None
        and screen.availableGeometry().height() >= _LARGE_SCREEN_PX
    ):
        store.setValue("points", f"{_LARGE_SCREEN_PT:g}")
    return MainWindow(Controller(Preferences(store), EngineBridge()))


def exclude_from_collection() -> None:
    """Exclude all present objects from later garbage collections.

    Walking through the window's fifty thousand lasting objects takes 25 ms, which delays a frame.
    Later objects are collected every few seconds.
    """
    gc.collect()
    gc.freeze()
    tidy = QTimer(QApplication.instance())
    tidy.setInterval(_TIDY_MS)
    tidy.timeout.connect(lambda: gc.collect())
    tidy.start()


def _say_errors(window: MainWindow) -> Callable[..., None]:
    """Return an excepthook that shows a notice; Qt would otherwise abort the window."""

    def say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        window.notice.say(texts.WINDOW_ERROR.format(error=error or kind.__name__), "bad")

    return say


def run(*, start: bool = False) -> int:
    """Show the window until it is closed; return the exit code.

    With ``start`` the music begins at once, with the settings of last time.
    """
    app = make_application()
    window = make_window(QSettings())
    window.show()
    QTimer.singleShot(_SETTLED_MS, exclude_from_collection)
    sys.excepthook = _say_errors(window)
    for number in _END_SIGNALS:
        # Python sees signals between Qt events; the window's own timers are events enough. Closed
        # as an event: what is closed before `exec` would leave that running for ever.
        signal.signal(number, lambda *_: QTimer.singleShot(0, window.close))
    if start:
        window.controller.start()
    else:
        window.controller.bridge.open()
        if not window.controller.preferences.welcomed:
            QTimer.singleShot(0, window.show_assistant)
    status = app.exec()
    sys.excepthook = sys.__excepthook__  # ours would keep the window beyond its time
    return status
