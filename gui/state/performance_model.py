"""The settings that the widgets show and change, with undo.

Two kinds of setting share one undo history: those of the performance, which the engine takes while
it plays, and the choices of the run (devices, seed, recording).
"""

import time
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from engine.settings.performance import Performance
from gui.state.preferences import RunChoices

__all__ = ["SETTLE_S", "PerformanceModel", "difference"]

POST_INTERVAL_MS = 40
"""Shortest time between two posts to the engine while something is dragged: 25 a second."""

UNDO_JOIN_S = 1.0
"""Changes of the same settings within so long of each other are undone together."""

SETTLE_S = 0.7
"""For so long after a change by the user, settings reported by the engine are ignored."""

_MOST_UNDO = 200

Clock = Callable[[], float]
State = tuple[Performance, RunChoices]


class PerformanceModel(QObject):
    """The performance as the user wants it; every widget reads it and writes to it.

    Attributes
    ----------
    performance, run : Performance, RunChoices
        The settings now.
    expected : Performance or None
        What the engine will play from the next bar on.

    Signals
    -------
    changed : engine.settings.performance.Performance
        At once, for the widgets.
    posted : dict
        What differs since the last post, at most 25 times a second, for the engine.
    run_changed : dict
        Which choices of the run have changed, at once.
    """

    changed = pyqtSignal(object)
    posted = pyqtSignal(dict)
    run_changed = pyqtSignal(dict)

    def __init__(
        self,
        performance: Performance,
        parent: QObject | None = None,
        clock: Clock = time.perf_counter,
        run: RunChoices | None = None,
    ) -> None:
        super().__init__(parent)
        self.performance = performance
        self.run = run or RunChoices()
        self.expected: Performance | None = None
        self._clock = clock
        self._pending: dict[str, Any] = {}
        self._undo: list[State] = []
        self._redo: list[State] = []
        self._last_names: frozenset[str] = frozenset()
        self._last_s = float("-inf")
        self._timer = QTimer(self)
        self._timer.setInterval(POST_INTERVAL_MS)
        self._timer.timeout.connect(self._post)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change to do again."""
        return bool(self._redo)

    def set(self, **values: Any) -> None:
        """Change some settings.

        Raises
        ------
        InputError
            A name is unknown or a value out of range; nothing changes then.
        """
        changed = self.performance.changed(values)
        if self.expected is not None:
            self.expected = self.expected.changed(values)
        self._remember_and_take(changed, frozenset(values))

    def choose(self, **values: Any) -> None:
        """Change choices of the run."""
        changed = replace(self.run, **values)
        if changed != self.run:
            self._remember(frozenset(values))
            self._go_to((self.performance, changed))

    def expect(self, performance: Performance) -> None:
        """Note that the engine will play this from the next bar on; `adopt` sees when it does."""
        if self.expected is None:
            self._undo.append((self.performance, self.run))
            self._redo.clear()
        self.expected = performance
        self._forget_join()
        self.changed.emit(self.performance)

    def expect_no_more(self) -> None:
        """Take over at once what was expected, because the engine has stopped."""
        expected, self.expected = self.expected, None
        if expected is not None:
            self._take(expected)

    def replace(self, performance: Performance) -> None:
        """Change all settings at once, as a preset does."""
        self._remember_and_take(performance, frozenset(performance.__dataclass_fields__))

    def adopt(self, performance: Performance) -> None:
        """Take over the settings that the engine reports: OSC or a controller may have set them.

        Not while the user's own change may still be on its way.
        """
        settled = self._clock() - self._last_s > SETTLE_S and not self._pending
        came = performance == self.expected
        if came or (settled and performance != self.performance):
            self.expected = None
            self.performance = performance
            self.changed.emit(performance)

    def undo(self) -> None:
        """Go back to the settings before the last change."""
        if self.expected is not None:  # any change keeps what waits for the bar from coming
            self.expected = None
            self._undo.pop()
            self.posted.emit({"mode": self.performance.mode})
            self.changed.emit(self.performance)
        elif self._undo:
            self._redo.append((self.performance, self.run))
            self._forget_join()
            self._go_to(self._undo.pop())

    def redo(self) -> None:
        """Do again what was undone."""
        if self._redo:
            self._undo.append((self.performance, self.run))
            self._forget_join()
            self._go_to(self._redo.pop())

    def forget_pending(self) -> None:
        """Clear what waits to be sent: the engine has just received everything."""
        self._pending.clear()

    def _remember_and_take(self, performance: Performance, names: frozenset[str]) -> None:
        if performance != self.performance:
            self._remember(names)
            self._take(performance)

    def _remember(self, names: frozenset[str]) -> None:
        """Make this moment one to undo to, unless the same settings just continue to change."""
        now = self._clock()
        if names != self._last_names or now - self._last_s > UNDO_JOIN_S:
            self._undo.append((self.performance, self.run))
            del self._undo[:-_MOST_UNDO]
            self._last_names = names
        self._last_s = now
        self._redo.clear()

    def _go_to(self, state: State) -> None:
        performance, run = state
        values = difference(self.run, run)
        self.run = run
        if performance != self.performance:
            self._take(performance)
        if values:
            self.run_changed.emit(values)

    def _forget_join(self) -> None:
        self._last_names, self._last_s = frozenset(), self._clock()

    def _take(self, performance: Performance) -> None:
        self._pending.update(difference(self.performance, performance))
        self.performance = performance
        self.changed.emit(performance)
        if not self._timer.isActive():
            self._post()
            self._timer.start()

    def _post(self) -> None:
        if self._pending:
            values, self._pending = self._pending, {}
            self.posted.emit(values)
        else:
            self._timer.stop()


def difference(old: Any, new: Any) -> dict[str, Any]:
    """Return the fields of a dataclass ``new`` that differ from ``old`` of the same class."""
    names = [item.name for item in fields(old)]
    return {name: getattr(new, name) for name in names if getattr(old, name) != getattr(new, name)}
