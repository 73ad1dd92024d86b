"""``python -m gui.soak AUDIO``: the real window at work for some time, measured from inside.

A timer fires 100 times a second in the window's event loop, where mouse and keys are handled too:
the longest gap between two of its beats is the longest time the window did not respond. Meanwhile
the target is dragged, pages are turned, and the stage view comes and goes. Prints one JSON object.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QEventLoop, QSettings, Qt, QTimer

from engine.bench.core import quantile_ms
from engine.bench.soak.processes import taken_by
from engine.bench.soak.watch import trend
from engine.snapshot import Snapshot
from gui.app import exclude_from_collection, make_application, make_window
from gui.window.main_window import MainWindow

__all__ = ["Heartbeat", "main", "measure"]

BEAT_MS = 10
DEAF_S = 0.1
_SETTLING_S = 15.0
_MEMORY_EVERY_S = 5.0
_MEMORY_SHOWN = 6  # parts of the time
_HAND_MS = 50
_LATENESS_NOTES = 2048
"""The sender's percentiles describe so many notes."""
_START_S = 60.0


class Heartbeat:
    """Measures the gaps between beats of the window's own event loop."""

    def __init__(self) -> None:
        self.gaps_s: list[float] = []
        self.work_s: list[float] = []
        """Time of each gap that the window itself was busy; the rest it waited for a processor."""
        self._last_s = self._worked_s = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Start the timer."""
        self._last_s, self._worked_s = time.perf_counter(), time.thread_time()
        self._timer.start()

    def stop(self) -> None:
        """Stop the timer."""
        self._timer.stop()

    def _beat(self) -> None:
        now_s, worked_s = time.perf_counter(), time.thread_time()
        self.gaps_s.append(now_s - self._last_s)
        self.work_s.append(worked_s - self._worked_s)
        self._last_s, self._worked_s = now_s, worked_s


def _hand(window: MainWindow) -> Iterator[None]:
    """Do what a performer does, one small step at a time."""
    page, controller = window.page, window.controller
    while True:
        for tab in range(page.tabs.count()):
            page.tabs.setCurrentIndex(tab)
            for step in range(100):  # drag in a circle for five seconds
                angle = 2.0 * math.pi * step / 100.0
                controller.drag_target(0.7 * math.cos(angle), 0.7 * math.sin(angle))
                yield
            controller.performance.undo()
            for _ in range(100):
                yield
        window.toggle_stage()
        for _ in range(400):
            yield
        window.toggle_stage()


def measure(
    audio: Path,
    minutes: float,
    midi_out: str,
    preset: dict[str, Any],
    began_s: float,
    report: Callable[[dict[str, Any]], None],
) -> None:
    """Run the window, report what was measured, then close it.

    Parameters
    ----------
    audio : Path
        Audio input; at least as long.
    minutes : float
        How long to measure, after a quarter of a minute of settling.
    midi_out : str
        As `engine.settings.run.LiveConfig` names it.
    preset : dict
        Settings of the performance.
    began_s : float
        When this process was started, on `time.perf_counter`.
    report : callable
        Takes ``visible_s`` and ``engine_s`` (from the start of the process until the window is on
        the screen, and until the engine's first snapshot), ``heartbeat_p99_ms``, ``_max_ms``,
        ``deaf_over_100_ms``, ``own_work_p99_ms``, ``own_work_max_ms``,
        ``looks_per_s``, ``memory_mb`` (at equal distances), ``memory_slope_mb_per_h``, ``lateness``
        (notes, p99 [ms]), and more.

    Raises
    ------
    RuntimeError
        The engine did not start.
    """
    _app = make_application()  # lives as long as the name
    with tempfile.TemporaryDirectory(prefix="stimmung-window-") as folder:
        window = make_window(_settings(Path(folder), audio, midi_out, preset))
        started = _start(window, began_s)
        found = _perform(window, minutes)
        # Before the window is taken apart, so that a failure there does not lose half an hour.
        report({**started, **found})
        window.close()


def _settings(folder: Path, audio: Path, midi_out: str, preset: dict[str, Any]) -> QSettings:
    """Return the stored settings of a window that was set up like this."""
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    for name, value in (
        ("audio_input", str(audio)),
        ("midi_out", midi_out),
        ("performance", json.dumps(preset)),
        ("welcomed", "yes"),
    ):
        store.setValue(name, value)
    return store


def _start(window: MainWindow, began_s: float) -> dict[str, float]:
    """Show the window and start the engine; return when each of them was there."""
    window.show()
    handle = window.windowHandle()
    assert handle is not None
    _play(_START_S, handle.isExposed)
    visible_s = time.perf_counter() - began_s
    window.controller.start()
    _play(_START_S, lambda: window.controller.look is not None)
    if window.controller.look is None:
        window.close()
        raise RuntimeError(f"the engine did not start: {window.notice.label.text()}")
    return {
        "visible_s": round(visible_s, 2),
        "engine_s": round(time.perf_counter() - began_s, 2),
    }


def _perform(window: MainWindow, minutes: float) -> dict[str, Any]:
    """Move the controls for so long, and return what was measured."""
    snapshots: list[Snapshot] = []
    shown = 0

    def take(snapshot: Snapshot) -> None:
        nonlocal shown
        shown += 1
        snapshots[:] = [snapshot]

    window.controller.bridge.snapshot.connect(take)
    hand = _hand(window)
    mover = _every(_HAND_MS, lambda: next(hand))
    _play(_SETTLING_S)
    exclude_from_collection()
    heart = Heartbeat()
    memory: list[tuple[float, float]] = []
    lateness: list[tuple[int, float]] = []
    shown = 0
    began_s, cpu_s = time.perf_counter(), time.process_time()

    def watch() -> None:
        taken = taken_by(os.getpid())
        if taken is not None:
            memory.append((time.perf_counter() - began_s, taken.memory_mb))
        midi = snapshots[0].midi
        if midi.sent - (lateness[-1][0] if lateness else 0) >= _LATENESS_NOTES:
            lateness.append((midi.sent, midi.lateness_p99_ms))

    watching = _every(round(_MEMORY_EVERY_S * 1000), watch)
    heart.start()
    _play(minutes * 60.0)
    heart.stop()
    took_s = time.perf_counter() - began_s
    cpu = (time.process_time() - cpu_s) / took_s
    for timer in (mover, watching):
        timer.stop()
    midi = snapshots[0].midi
    lateness.append((midi.sent, midi.lateness_p99_ms))
    gaps, work = heart.gaps_s, heart.work_s
    late = [point for point in memory if point[0] > 0.1 * took_s] or memory
    return {
        "minutes": round(took_s / 60.0, 2),
        "beats": len(gaps),
        "heartbeat_p99_ms": quantile_ms(gaps, 0.99),
        "heartbeat_p999_ms": quantile_ms(gaps, 0.999),
        "heartbeat_max_ms": quantile_ms(gaps, 1.0),
        "deaf_over_100_ms": sum(gap > DEAF_S for gap in gaps),
        "own_work_p99_ms": quantile_ms(work, 0.99),
        "own_work_max_ms": quantile_ms(work, 1.0),
        "looks_per_s": round(shown / took_s, 2),
        "window_cpu_share": round(cpu, 3),
        "memory_mb": [round(memory[at][1], 1) for at in _evenly(len(memory))],
        "memory_slope_mb_per_h": round(3600.0 * trend(late), 2),
        "lateness": [[sent, round(p99, 4)] for sent, p99 in lateness],
        "missed_beats": snapshots[0].missed_beats,
        "said": window.notice.label.text() if window.notice.isVisible() else "",
    }


def _every(milliseconds: int, act: Callable[[], object]) -> QTimer:
    timer = QTimer()
    timer.setInterval(milliseconds)
    timer.timeout.connect(act)
    timer.start()
    return timer


def _play(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Run Qt's event loop for so long, or until a condition holds."""
    loop = QEventLoop()  # the application's own would close the window when it ends
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    look = QTimer()
    look.timeout.connect(lambda: loop.quit() if until() else None)
    look.start(BEAT_MS)
    loop.exec()
    look.stop()


def _evenly(count: int) -> list[int]:
    """Return the indices of a few samples, from the first to the last."""
    return sorted({round(part * (count - 1) / _MEMORY_SHOWN) for part in range(_MEMORY_SHOWN + 1)})


def main() -> int:
    """Measure, and print it as JSON; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("audio", type=Path)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--midi-out", default="none")
    parser.add_argument("--performance", type=json.loads, default={})
    parser.add_argument("--began", type=float, default=time.perf_counter(), metavar="SECONDS")
    parsed = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    measure(
        parsed.audio,
        parsed.minutes,
        parsed.midi_out,
        parsed.performance,
        parsed.began,
        lambda found: print(json.dumps(found), flush=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
