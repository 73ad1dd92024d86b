"""The window: arranges the widgets and connects them to the desk."""

import time
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QApplication, QMainWindow, QStackedWidget

from engine.errors import StimmungError
from engine.mapping.table import InputMapping
from engine.music.tap_tempo import TapTempo
from engine.snapshot import LogEntry, Snapshot
from gui import texts
from gui.desks.desk import Desk
from gui.desks.film_desk import FilmDesk
from gui.desks.hotplug import DeviceWatch
from gui.desks.preset_desk import PresetDesk
from gui.desks.session_desk import SessionDesk
from gui.engine_process.bridge import UNRESPONSIVE_S
from gui.engine_process.decode import Devices
from gui.state.health import Counts, HealthItem, device_news, judge, worst
from gui.state.learning import Learning
from gui.state.preferences import NORMAL_PT
from gui.state.session_read import recorded_sessions
from gui.theme import THEMES, palette, stylesheet
from gui.widgets import dialogs
from gui.widgets.desk_page import DeskPage
from gui.widgets.menus import add_menus
from gui.widgets.session_view import SessionView
from gui.widgets.stage_view import StageView
from gui.window import wiring
from gui.window.addresses import local_addresses, reachable
from gui.window.assistant import Assistant

__all__ = ["MainWindow"]

_REPEATING = ("set", "late")
"""Kinds of log entries that come in rows, such as while a target is dragged: one line each."""
_WATCH_MS = 500
_RECOVERED_S = 10.0


class MainWindow(QMainWindow):
    """One window, two pages: the desk with everything on it, and the stage view."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        memory = desk.memory
        theme = THEMES[memory.theme]
        self.setWindowTitle(texts.TITLE)
        self.page, self.stage = DeskPage(theme), StageView(theme)
        self.session_view = SessionView(theme)
        self.sessions = SessionDesk(desk, self)
        self.notice = self.page.notice
        self._pages = QStackedWidget()
        self._pages.addWidget(self.page)
        self._pages.addWidget(self.stage)
        self._pages.addWidget(self.session_view)
        self.setCentralWidget(self._pages)
        self._tap = TapTempo()
        self._counts = Counts()
        self._seen_messages: tuple[LogEntry, ...] = ()
        self._seen_health: tuple[HealthItem, ...] = ()
        self._devices: Devices | None = None
        self._page_url = ""
        self.assistant: Assistant | None = None
        self._silence_said = False
        self._restart_said = False
        self._died_s: float | None = None
        self._was_maximized = False
        self.learning = Learning(self)
        self.actions_by_name = add_menus(self, self._what_to_do(), memory.theme, self.choose_theme)
        self.actions_by_name["record"].setCheckable(True)
        wiring.connect(self)
        self.film = FilmDesk(self.page.film, desk, self.notice.say, self)
        self._apply_style()
        self.presets = PresetDesk(self.page.presets, desk, self.notice.say, self)
        self._restore()
        self.show_wanted()
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._watch_engine)
        self._watch.start()
        self.device_watch = DeviceWatch(desk, self.page.shows_devices, self)

    # ------------------------------------------------------------------ connections

    def _what_to_do(self) -> dict[str, dialogs.Action]:
        desk, performance = self.desk, self.desk.performance
        modes = {
            mode: lambda mode=mode: performance.set(mode=mode)
            for mode in ("follow", "contrast", "guide", "manual")
        }
        return {
            "open_audio": self.open_audio,
            "open_curve": self.open_curve,
            "sessions": self.show_sessions,
            "record": lambda: desk.choose(record=not desk.memory.record),
            "quit": self._quit,
            "undo": performance.undo,
            "redo": performance.redo,
            "start": desk.toggle_start,
            "hold": lambda: desk.set_held(not desk.held) if desk.running else None,
            "panic": desk.panic,
            "freeze": lambda: desk.set_frozen(not desk.frozen),
            **modes,
            "tap": self.tap,
            "regenerate": desk.regenerate,
            "capture": lambda: desk.bridge.capture(self.page.keys.bars.value()),
            "stage": self.toggle_stage,
            "side": lambda: self.page.tabs.setVisible(not self.page.tabs.isVisible()),
            "larger": lambda: self.resize_text(desk.memory.points + 1.0),
            "smaller": lambda: self.resize_text(desk.memory.points - 1.0),
            "normal": lambda: self.resize_text(NORMAL_PT),
            "assistant": self.show_assistant,
            "shortcuts": lambda: dialogs.show_shortcuts(self),
            "about": lambda: dialogs.show_about(self),
        }

    def learn(self, what: str) -> None:
        """Wait for a controller for this setting or action; empty: wait no more."""
        if what and not (self.desk.running and self.desk.memory.keys_in):
            self.learning.disarm()
            self.notice.say(texts.LEARN_NEEDS_MUSIC, "caution")
            return
        self.desk.bridge.learn(what)

    def take_learned(self, mapping: InputMapping) -> None:
        """Keep what was learned."""
        self.learning.disarm()
        self.desk.keep_mapping(mapping)

    # ------------------------------------------------------------------ wishes

    def _quit(self) -> None:
        self.close()

    def tap(self) -> None:
        """Count one tap of the tempo."""
        tempo_bpm = self._tap.tap()
        if tempo_bpm is not None:
            self.desk.performance.set(tempo_bpm=tempo_bpm)

    def toggle_stage(self) -> None:
        """Go to the stage view in full screen, or come back."""
        to_stage = self._pages.currentWidget() is not self.stage
        self._pages.setUpdatesEnabled(False)  # drawn once, when it has its new size
        self._pages.setCurrentIndex(1 if to_stage else 0)
        bar = self.menuBar()
        assert bar is not None
        bar.setVisible(not to_stage)
        if to_stage:
            self._was_maximized = self.isMaximized()
            self.showFullScreen()
            self.stage.plane.setFocus()
        elif self._was_maximized:
            self.showMaximized()
        else:
            self.showNormal()
        QTimer.singleShot(0, self._draw_pages)

    def _draw_pages(self) -> None:
        self._pages.setUpdatesEnabled(True)

    def show_sessions(self) -> None:
        """Go to the recorded sessions."""
        self.session_view.show_list(recorded_sessions(self.desk.memory.record_folder))
        self._pages.setCurrentWidget(self.session_view)

    def open_session(self, folder: Path) -> None:
        """Open a session and show it."""
        if folder not in self.session_view.folders:
            self.session_view.show_list(recorded_sessions(folder.parent))
        self._pages.setCurrentWidget(self.session_view)
        self.session_view.show_reading()
        self.sessions.open(folder)

    def leave_sessions(self) -> None:
        """End the replay and come back to the desk."""
        self.sessions.end()
        self._pages.setCurrentWidget(self.page)

    def play_on(self) -> None:
        """Make music with the settings of the session that is open."""
        self._pages.setCurrentWidget(self.page)
        self.sessions.play_on()

    def ask_session(self) -> None:
        """Ask for the folder of a session."""
        folder = self.desk.memory.record_folder
        dialogs.ask_folder(
            self, texts.SESSION_OTHER_TITLE, folder, lambda path: self.open_session(Path(path))
        )

    def say_session_failed(self, reason: str) -> None:
        """Say why a session could not be opened."""
        self.session_view.show_problem(reason)

    def show_assistant(self) -> None:
        """Go through the first steps, to sound in a synthesizer."""
        self.assistant = Assistant(self.desk, self)
        self.assistant.show_devices(self._devices or Devices())
        self.assistant.open()

    def choose_theme(self, name: str) -> None:
        """Take other colours."""
        self.desk.memory.theme = name
        self._apply_style()

    def resize_text(self, points: float) -> None:
        """Make all text larger or smaller [pt]."""
        self.desk.memory.points = points
        self._apply_style()

    def open_audio(self) -> None:
        """Ask for an audio file and play it as the input."""
        dialogs.ask_audio_file(self, lambda path: self.desk.choose(audio_input=path))

    def open_curve(self) -> None:
        """Ask for a curve file and play its emotions."""

        def choose(path: str) -> None:
            try:
                self.desk.choose_curve(Path(path))
            except StimmungError as error:
                self.notice.say(str(error))

        dialogs.ask_curve_file(self, choose)

    def choose_folder(self) -> None:
        """Ask where sessions are recorded."""
        folder = self.desk.memory.record_folder
        dialogs.ask_folder(
            self,
            texts.RECORD_FOLDER_TITLE,
            folder,
            lambda path: self.desk.choose(record=True, record_folder=Path(path)),
        )

    def reset_counts(self) -> None:
        """Count troubles from now on."""
        if self.desk.look is not None:
            self._counts = Counts.of(self.desk.look)
            self.show_snapshot(self.desk.look)

    # ------------------------------------------------------------------ showing

    def show_wanted(self) -> None:
        """Show what is wanted: every setting in its place."""
        desk = self.desk
        performance, memory = desk.performance.performance, desk.memory
        curve_name = desk.curve.name if desk.curve is not None else ""
        self.page.plane.show_performance(performance)
        self.stage.show_performance(performance)
        self.page.transport.show_performance(performance)
        self.page.transport.show_run(desk.bridge.state, desk.wants_music, desk.held)
        self.page.target.show_performance(performance, curve_name, desk.frozen)
        self.page.music.show_performance(performance, desk.seed)
        self.page.keys.show_performance(performance, memory.thru, desk.running)
        self.learning.show_performance(performance)
        devices = self.page.devices
        devices.show_settings(memory.record, memory.record_folder, memory.latency_ms)
        devices.reach.show_settings(
            memory.osc, memory.osc_in, memory.monitor, memory.monitor_orders
        )
        self._show_page_address()
        present, listed = self._devices or Devices(), self._devices is not None
        inputs = present.audio_inputs
        if desk.hears_device and memory.audio_input not in inputs:
            inputs = (*inputs, memory.audio_input)  # some systems list no device that is in use
        devices.show_devices(
            inputs,
            present.midi_outputs,
            memory.audio_input,
            memory.midi_out,
            listed=listed,
        )
        self.page.keys.show_devices(present.midi_inputs, memory.keys_in, listed=listed)
        devices.sync.show_settings(
            memory.sync, memory.midi_in, memory.clock_out, present.midi_inputs, listed=listed
        )
        self.actions_by_name["record"].setChecked(memory.record)
        self.setWindowTitle(texts.TITLE_RECORDING if desk.recording else texts.TITLE)
        self.actions_by_name["undo"].setEnabled(desk.performance.can_undo)
        self.actions_by_name["redo"].setEnabled(desk.performance.can_redo)

    def _show_page_address(self) -> None:
        url = self._page_url if self.desk.running else ""
        shown = reachable(url, local_addresses()) if url else ""
        self.page.devices.reach.show_address(shown, bool(self.desk.memory.monitor))

    def take_page_address(self, url: str) -> None:
        """Take note of where the stage-side page is served."""
        self._page_url = url
        self._show_page_address()

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show one look at the engine; None while it is not running."""
        items = judge(look, self._counts) if look is not None else ()
        trouble = worst(items)
        performance = self.desk.performance.performance
        if self._pages.currentWidget() is self.stage:
            words = f"{trouble.title}: {trouble.value}" if trouble is not None else ""
            self.stage.show_snapshot(look, performance, words or self.notice.label.text())
        else:
            self.page.show_snapshot(look, performance, self.desk.history, items)
            self.film.show_snapshot(look)
        if look is not None and self._died_s is not None:
            seconds, bar = time.perf_counter() - self._died_s, int(look.beat) // look.beats_per_bar
            back = texts.ENGINE_BACK.format(seconds=seconds, bar=max(0, bar) + 1)
            self.page.health.add_message(back)
            self._died_s = None
        for message in device_news(self._seen_health, items):
            self.page.health.add_message(message)
        self._seen_health = items
        if look is None:
            self._counts, self._seen_messages = Counts(), ()
        else:
            self._log_new(look.messages)

    def _log_new(self, messages: tuple[LogEntry, ...]) -> None:
        if messages == self._seen_messages:
            return
        for entry in new_messages(self._seen_messages, messages):
            repeats = tuple(entry.fields) if entry.kind in _REPEATING else ()
            self.page.health.add_message(entry.words, (entry.kind, repeats) if repeats else None)
        self._seen_messages = messages

    def show_devices(self, devices: Devices) -> None:
        """Take note of the devices that are present."""
        self._devices = devices
        if self.assistant is not None:
            self.assistant.show_devices(devices)
        self.page.devices.show_problem(devices.problem)
        self.show_wanted()

    def say_refused(self, message: str) -> None:
        """Say what the engine could not do."""
        self.page.health.add_message(message)
        if self.desk.wants_music:
            self.notice.say(message)
        else:  # it did not start: nearly always a matter of devices
            self.notice.say(message, "caution", texts.CHOOSE_DEVICES, self.page.show_devices_tab)

    def say_died(self, reason: str, again: bool) -> None:
        """Say that the engine died, why, and what happens now."""
        self.page.health.add_message(reason)
        log = self.desk.bridge.log
        if log:
            self.page.health.add_message(log)
        words = texts.ENGINE_RESTARTING if again else texts.ENGINE_GIVEN_UP
        action = "" if again else texts.RESTART_ENGINE
        level = "caution" if again else "bad"
        self.notice.say(words.format(reason=reason), level, action, self.desk.bridge.reopen)
        self._restart_said = again
        self._died_s = time.perf_counter()

    def _watch_engine(self) -> None:
        silent_s = self.desk.bridge.silent_s
        if silent_s > UNRESPONSIVE_S:
            self._silence_said = True
            words = texts.ENGINE_SILENT.format(seconds=silent_s)
            self.notice.say(words, "bad", texts.RESTART_ENGINE, self.desk.bridge.reopen)
        elif self._silence_said:
            self._silence_said = False
            self.notice.clear()
        if self._restart_said and self.desk.time_s > _RECOVERED_S:
            self._restart_said = False  # it plays again; the log keeps what happened
            self.notice.clear()

    # ------------------------------------------------------------------ looks and end

    def _apply_style(self) -> None:
        theme = THEMES[self.desk.memory.theme]
        QApplication.setPalette(palette(theme))
        self.setStyleSheet(stylesheet(theme, self.desk.memory.points))
        self.page.set_theme(theme)
        self.stage.set_theme(theme)
        self.session_view.set_theme(theme)

    def _restore(self) -> None:
        memory = self.desk.memory
        if not self.restoreGeometry(memory.bytes("geometry")):
            screen = QApplication.primaryScreen()
            room = screen.availableGeometry() if screen is not None else self.geometry()
            self.resize(min(1280, room.width()), min(800, room.height()))
        self.page.columns.restoreState(memory.bytes("columns"))
        self.page.rows.restoreState(memory.bytes("rows"))

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        memory = self.desk.memory
        if self._pages.currentWidget() is self.stage:
            self.toggle_stage()
        memory.keep_bytes("geometry", self.saveGeometry())
        memory.keep_bytes("columns", self.page.columns.saveState())
        memory.keep_bytes("rows", self.page.rows.saveState())
        self.hide()  # gone for the user at once, while the engine ends its notes
        self._watch.stop()
        self.device_watch.stop()
        self.film.close()
        self.sessions.close()
        self.desk.close()
        super().closeEvent(event)


def new_messages(old: tuple[LogEntry, ...], new: tuple[LogEntry, ...]) -> tuple[LogEntry, ...]:
    """Return what the engine's rolling list of messages gained since the last look."""
    for kept in range(min(len(old), len(new)), 0, -1):
        if old[-kept:] == new[:kept]:
            return new[kept:]
    return new
