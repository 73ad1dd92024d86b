"""Messages about the engine: notices, the log on the page Health, the state of the machine."""

import time

from PyQt6.QtCore import QObject, QTimer

from engine.snapshot import LogEntry, Snapshot
from gui import texts
from gui.controllers.controller import Controller
from gui.engine_process.bridge import UNRESPONSIVE_S
from gui.state.health import Counts, HealthItem, device_news, judge
from gui.texts import wording
from gui.widgets.main_page import MainPage

__all__ = ["EngineMessages", "new_messages"]

_WATCH_MS = 500
_RECOVERED_S = 10.0
_REPEATING = ("set", "late")
"""Kinds of log entries that come in rows, such as while a target is dragged: one line each."""


class EngineMessages(QObject):
    """Watches the engine and shows the user what happens to it.

    Parameters
    ----------
    controller : Controller
        Whose engine is watched.
    page : MainPage
        Where notices and the log are shown.
    """

    def __init__(self, controller: Controller, page: MainPage, parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._page = controller, page
        self._counts = Counts()
        self._seen_messages: tuple[LogEntry, ...] = ()
        self._seen_health: tuple[HealthItem, ...] = ()
        self._silence_said = self._restart_said = False
        self._died_s: float | None = None
        controller.bridge.refused.connect(self._say_refused)
        controller.bridge.died.connect(self._say_died)
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._watch_engine)
        self._watch.start()

    def stop(self) -> None:
        """Stop watching."""
        self._watch.stop()

    def reset_counts(self) -> None:
        """Count troubles from now on."""
        if self._controller.look is not None:
            self._counts = Counts.of(self._controller.look)

    def judge(self, look: Snapshot | None) -> tuple[HealthItem, ...]:
        """Return how the machine is doing, and log what is new; None while not running."""
        items = judge(look, self._counts) if look is not None else ()
        log = self._page.health.add_message
        if look is not None and self._died_s is not None:
            seconds = wording.number(time.perf_counter() - self._died_s, 1)
            bar = max(0, int(look.beat) // look.beats_per_bar) + 1
            log(texts.ENGINE_BACK.format(seconds=seconds, bar=bar))
            self._died_s = None
        for message in device_news(self._seen_health, items):
            log(message)
        self._seen_health = items
        if look is None:
            self._counts, self._seen_messages = Counts(), ()
        elif look.messages != self._seen_messages:
            for entry in new_messages(self._seen_messages, look.messages):
                repeats = tuple(entry.fields) if entry.kind in _REPEATING else ()
                words = wording.window_words(entry.words)
                log(words, (entry.kind, repeats) if repeats else None)
            self._seen_messages = look.messages
        return items

    def _say_refused(self, message: str) -> None:
        """Show what the engine could not do."""
        self._page.health.add_message(message)
        if self._controller.wants_music:
            self._page.notice.say(message)
        else:  # it did not start: nearly always a matter of devices
            page = self._page
            page.notice.say(message, "caution", texts.CHOOSE_DEVICES, page.show_devices_tab)

    def _say_died(self, reason: str, again: bool) -> None:
        """Show that the engine died, why, and what happens now."""
        bridge = self._controller.bridge
        for message in filter(None, (reason, bridge.log)):
            self._page.health.add_message(message)
        words = texts.ENGINE_RESTARTING if again else texts.ENGINE_GIVEN_UP
        action, level = ("", "caution") if again else (texts.RESTART_ENGINE, "bad")
        self._page.notice.say(words.format(reason=reason), level, action, bridge.reopen)
        self._restart_said = again
        self._died_s = time.perf_counter()

    def _watch_engine(self) -> None:
        bridge, notice = self._controller.bridge, self._page.notice
        silent_s = bridge.silent_s
        if silent_s > UNRESPONSIVE_S:
            self._silence_said = True
            words = texts.ENGINE_SILENT.format(seconds=wording.number(silent_s))
            notice.say(words, "bad", texts.RESTART_ENGINE, bridge.reopen)
        elif self._silence_said:
            self._silence_said = False
            notice.clear()
        if self._restart_said and self._controller.time_s > _RECOVERED_S:
            self._restart_said = False  # it plays again; the log keeps what happened
            notice.clear()


def new_messages(old: tuple[LogEntry, ...], new: tuple[LogEntry, ...]) -> tuple[LogEntry, ...]:
    """Return what the engine's rolling list of messages gained since the last look."""
    for kept in range(min(len(old), len(new)), 0, -1):
        if old[-kept:] == new[:kept]:
            return new[kept:]
    return new
