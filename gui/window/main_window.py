"""The window: arranges the widgets and connects them with what they do."""

from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QApplication, QMainWindow, QStackedWidget

from engine.choices import ACTIONS
from engine.errors import StimmungError
from engine.music.tap_tempo import TapTempo
from engine.snapshot import Snapshot
from gui import texts
from gui.controllers.controller import Controller
from gui.controllers.device_watch import DeviceWatch
from gui.controllers.film_controller import FilmController
from gui.controllers.learning_controller import LearningController
from gui.controllers.preset_controller import PresetController
from gui.controllers.session_controller import SessionController
from gui.controllers.set_list_controller import SetListController
from gui.engine_process.decode import Devices
from gui.state.health import worst
from gui.state.preferences import NORMAL_PT
from gui.state.session_reader import recorded_sessions
from gui.texts import wording
from gui.theme import THEMES, palette, stylesheet
from gui.widgets import dialogs
from gui.widgets.main_page import MainPage
from gui.widgets.menus import add_menus
from gui.widgets.session_view import SessionView
from gui.widgets.stage_view import StageView
from gui.window.addresses import local_addresses, reachable
from gui.window.assistant import Assistant
from gui.window.engine_messages import EngineMessages

__all__ = ["MainWindow"]


class MainWindow(QMainWindow):
    """One window, three pages: the main page, the stage view and the recorded sessions.

    Attributes
    ----------
    commands : dict of str to callable
        Everything a menu, a key or a button can ask for, by name.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.controller = controller
        preferences = controller.preferences
        theme = THEMES[preferences.theme]
        self.setWindowTitle(texts.TITLE)
        self.page, self.stage = MainPage(theme), StageView(theme)
        self.session_view = SessionView(theme)
        self.notice = self.page.notice
        self._pages = QStackedWidget()
        for page in (self.page, self.stage, self.session_view):
            self._pages.addWidget(page)
        self.setCentralWidget(self._pages)
        self.sessions = SessionController(controller, self)
        self.film = FilmController(self.page.film, controller, self.notice.say, self)
        self.presets = PresetController(self.page.presets, controller, self.notice.say, self)
        self.songs = SetListController(
            self.page.songs, controller, self.page.presets.current, self.notice.say, self
        )
        self.learning = LearningController(self.page, controller, self)
        self.assistant: Assistant | None = None
        self._tap = TapTempo()
        self.messages = EngineMessages(controller, self.page, self)
        self._devices: Devices | None = None
        self._page_url = self._query_url = ""
        self._was_maximized = False
        self.commands = self._make_commands()
        self.actions_by_name = add_menus(self, self.commands, preferences.theme, self.choose_theme)
        self.actions_by_name["record"].setCheckable(True)
        self._connect()
        self._apply_style()
        self._restore()
        self.show_wanted()
        self.device_watch = DeviceWatch(controller, self.page.shows_devices, self)

    # ------------------------------------------------------------------ connections

    def _make_commands(self) -> dict[str, dialogs.Action]:
        controller, performance = self.controller, self.controller.performance
        bridge = controller.bridge
        return {
            **{name: partial(bridge.command, "act", action=name) for name in ACTIONS},
            "open_audio": lambda: self._choose_file(
                "audio_input", texts.AUDIO_OPEN_TITLE, texts.AUDIO_FILTER
            ),
            "open_curve": self.open_curve,
            "open_soundfont": lambda: self._choose_file(
                "soundfont", texts.SOUNDFONT_OPEN_TITLE, texts.SOUNDFONT_FILTER
            ),
            "sessions": self.show_sessions,
            "record": lambda: controller.choose(record=not controller.run.record),
            "choose_folder": self.choose_folder,
            "quit": self.close,
            "undo": performance.undo,
            "redo": performance.redo,
            "start": controller.toggle_start,
            "hold": controller.toggle_held,
            "panic": controller.panic,
            "freeze": lambda: controller.set_frozen(not controller.frozen),
            "follow": lambda: performance.set(mode="follow"),
            "contrast": lambda: performance.set(mode="contrast"),
            "guide": lambda: performance.set(mode="guide"),
            "manual": lambda: performance.set(mode="manual"),
            "tap": self.tap,
            "regenerate": controller.regenerate,
            "cue": lambda: bridge.command("act", action="listen"),
            "capture": lambda: bridge.command("capture", bars=self.page.keys.bars.value()),
            "list_devices": bridge.list_devices,
            "reset_counts": self.reset_counts,
            "restart_engine": bridge.reopen,
            "stage": self.toggle_stage,
            "side": self.page.toggle_side,
            "read_status": self.read_status,
            "larger": lambda: self.resize_text(controller.preferences.points + 1.0),
            "smaller": lambda: self.resize_text(controller.preferences.points - 1.0),
            "normal": lambda: self.resize_text(NORMAL_PT),
            "assistant": self.show_assistant,
            "shortcuts": lambda: dialogs.show_shortcuts(self),
            "about": lambda: dialogs.show_about(self),
            "ask_session": self.ask_session,
            "leave_sessions": self.leave_sessions,
            "hold_replay": self.sessions.hold,
            "play_session_on": self.play_on,
        }

    def _connect(self) -> None:
        controller, bridge, page = self.controller, self.controller.bridge, self.page
        controller.changed.connect(self.show_wanted)
        bridge.snapshot.connect(self.show_snapshot)
        bridge.state_changed.connect(lambda _state: self.show_snapshot(controller.look))
        bridge.devices.connect(self.show_devices)
        bridge.served.connect(self.take_addresses)
        bridge.captured.connect(lambda path: page.keys.tile.show_path(Path(path)))
        for panel in (*page.panels, self.stage, self.session_view):
            panel.chosen.connect(self._set)
            panel.run_chosen.connect(lambda values: controller.choose(**values))
            panel.asked.connect(lambda name: self.commands[name]())
        page.roll.bar_wanted.connect(
            lambda edit, bar: bridge.command("act", action=f"{edit} {bar}")
        )
        for plane in (page.plane, self.stage.plane):
            plane.target_moved.connect(controller.drag_target)
            plane.goal_moved.connect(controller.drag_goal)
        view, sessions = self.session_view, self.sessions
        view.session_chosen.connect(self.open_session)
        view.replayed.connect(sessions.replay)
        sessions.opened.connect(view.show_session)
        sessions.moved.connect(view.show_replay)
        sessions.failed.connect(view.show_problem)

    def _set(self, values: dict[str, Any]) -> None:
        """Change settings of the performance; a value that does not fit the others is refused."""
        try:
            self.controller.performance.set(**values)
        except StimmungError as error:
            self.notice.say(wording.window_words(str(error)))
            self.show_wanted()

    # ------------------------------------------------------------------ commands

    def tap(self) -> None:
        """Count one tap of the tempo, or of the beat that is heard."""
        look = self.controller.look
        if look is not None and look.sync.source == "audio":
            self.controller.bridge.command("act", action="tap")
            return
        tempo_bpm = self._tap.tap()
        if tempo_bpm is not None:
            self.controller.performance.set(tempo_bpm=tempo_bpm)

    def read_status(self) -> None:
        """Move the focus to the line that says how it goes, for screen readers."""
        self.page.strip.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def toggle_stage(self) -> None:
        """Show the stage view in full screen, or return from it."""
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
        self.session_view.show_list(recorded_sessions(self.controller.run.record_folder))
        self._pages.setCurrentWidget(self.session_view)

    def open_session(self, folder: Path) -> None:
        """Open a session and show it."""
        if folder not in self.session_view.folders:
            self.session_view.show_list(recorded_sessions(folder.parent))
        self._pages.setCurrentWidget(self.session_view)
        self.session_view.show_reading()
        self.sessions.open(folder)

    def leave_sessions(self) -> None:
        """End the replay and return to the main page."""
        self.sessions.end()
        self._pages.setCurrentWidget(self.page)

    def play_on(self) -> None:
        """Start the music with the settings of the session that is open."""
        self._pages.setCurrentWidget(self.page)
        self.sessions.play_on()

    def ask_session(self) -> None:
        """Ask for the folder of a session."""
        folder = self.controller.run.record_folder
        dialogs.ask_folder(
            self, texts.SESSION_OTHER_TITLE, folder, lambda path: self.open_session(Path(path))
        )

    def show_assistant(self) -> None:
        """Open the assistant for the first start."""
        self.assistant = Assistant(self.controller, self)
        self.assistant.show_devices(self._devices or Devices())
        self.assistant.open()

    def choose_theme(self, name: str) -> None:
        """Use other colours."""
        self.controller.preferences.theme = name
        self._apply_style()

    def resize_text(self, points: float) -> None:
        """Make all text larger or smaller [pt]."""
        self.controller.preferences.points = points
        self._apply_style()

    def _choose_file(self, choice: str, title: str, kinds: str) -> None:
        """Ask for a file that is to be a choice of the run."""
        dialogs.ask_file(self, title, kinds, lambda path: self.controller.choose(**{choice: path}))

    def open_curve(self) -> None:
        """Ask for a curve file and play its emotions."""

        def choose(path: str) -> None:
            try:
                self.controller.choose_curve(Path(path))
            except StimmungError as error:
                self.notice.say(wording.window_words(str(error)))

        dialogs.ask_file(self, texts.CURVE_OPEN_TITLE, texts.CURVE_FILTER, choose)

    def choose_folder(self) -> None:
        """Ask where sessions are recorded."""
        folder = self.controller.run.record_folder
        dialogs.ask_folder(
            self,
            texts.RECORD_FOLDER_TITLE,
            folder,
            lambda path: self.controller.choose(record=True, record_folder=Path(path)),
        )

    def reset_counts(self) -> None:
        """Count troubles from now on."""
        self.messages.reset_counts()
        self.show_snapshot(self.controller.look)

    # ------------------------------------------------------------------ showing

    def show_wanted(self) -> None:
        """Show every setting where it belongs."""
        controller, page = self.controller, self.page
        performance, run = controller.performance.performance, controller.run
        curve_name = controller.curve.name if controller.curve is not None else ""
        page.plane.show_performance(performance)
        self.stage.show_performance(performance)
        page.transport.show_performance(performance)
        page.transport.show_run(controller.bridge.state, controller.wants_music, controller.held)
        page.target.show_performance(performance, curve_name, controller.frozen)
        page.music.show_performance(performance, controller.seed)
        page.devices.instrument.show_performance(performance)
        page.devices.lights.show_performance(performance)
        page.keys.show_performance(performance, run.thru, controller.running, run.player)
        self.learning.show_performance(performance)
        present = self._devices
        if present is not None and controller.hears_device:
            present = present.with_input(run.audio_input)  # some systems hide one that is in use
        page.devices.show_devices(present, run)
        inputs = present.midi_inputs if present is not None else ()
        page.keys.show_devices(inputs, run.keys_in, listed=present is not None)
        self._show_page_address()
        self.actions_by_name["record"].setChecked(run.record)
        self.setWindowTitle(texts.TITLE_RECORDING if controller.recording else texts.TITLE)
        self.actions_by_name["undo"].setEnabled(controller.performance.can_undo)
        self.actions_by_name["redo"].setEnabled(controller.performance.can_redo)

    def _show_page_address(self) -> None:
        url = self._page_url if self.controller.running else ""
        shown = reachable(url, local_addresses()) if url else ""
        self.page.devices.reach.show_address(shown, bool(self.controller.run.monitor))
        self.page.devices.reach.show_query(self._query_url if self.controller.running else "")

    def take_addresses(self, page: str, query: str) -> None:
        """Note where the phone page and OSCQuery are served."""
        self._page_url, self._query_url = page, query
        self._show_page_address()

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show one look at the engine; None while it is not running."""
        items = self.messages.judge(look)
        performance = self.controller.performance.performance
        if self._pages.currentWidget() is self.stage:
            trouble = worst(items)
            words = f"{trouble.title}: {trouble.value}" if trouble is not None else ""
            self.stage.show_snapshot(look, performance, words or self.notice.label.text())
        else:
            self.page.show_snapshot(look, performance, self.controller.history, items)
            self.film.show_snapshot(look)
            self.songs.show_snapshot(look)

    def show_devices(self, devices: Devices) -> None:
        """Note the devices that are present."""
        self._devices = devices
        if self.assistant is not None:
            self.assistant.show_devices(devices)
        self.show_wanted()

    # ------------------------------------------------------------------ looks and end

    def _apply_style(self) -> None:
        theme = THEMES[self.controller.preferences.theme]
        QApplication.setPalette(palette(theme))
        points = self.controller.preferences.points
        self.setStyleSheet(stylesheet(theme, points))
        self.page.set_theme(theme, points)
        self.stage.set_theme(theme)
        self.session_view.set_theme(theme)

    def _restore(self) -> None:
        preferences = self.controller.preferences
        if not self.restoreGeometry(preferences.bytes("geometry")):
            screen = QApplication.primaryScreen()
            room = screen.availableGeometry() if screen is not None else self.geometry()
            self.resize(min(1280, room.width()), min(800, room.height()))
        self.page.columns.restoreState(preferences.bytes("columns"))
        self.page.rows.restoreState(preferences.bytes("rows"))

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802, D102 (Qt's name)
        preferences = self.controller.preferences
        if self._pages.currentWidget() is self.stage:
            self.toggle_stage()
        preferences.keep_bytes("geometry", self.saveGeometry())
        preferences.keep_bytes("columns", self.page.columns.saveState())
        preferences.keep_bytes("rows", self.page.rows.saveState())
        self.hide()  # gone for the user at once, while the engine ends its notes
        self.messages.stop()
        self.device_watch.stop()
        self.film.close()
        self.sessions.close()
        self.controller.close()
        super().closeEvent(event)
