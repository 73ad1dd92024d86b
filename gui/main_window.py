"""The window: arranges the widgets and connects them to the desk."""

from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QApplication, QMainWindow, QStackedWidget

from engine.errors import StimmungError
from engine.mapping.table import InputMapping
from engine.snapshot import Snapshot
from gui import dialogs, texts
from gui.actions import add_menus
from gui.addresses import local_addresses, reachable
from gui.bridge import UNRESPONSIVE_S
from gui.desk import Desk
from gui.film_desk import FilmDesk
from gui.health import Counts, judge, worst
from gui.hotplug import DeviceWatch
from gui.learning import Learning
from gui.memory import NORMAL_PT
from gui.preset_desk import PresetDesk
from gui.snapshots import Devices
from gui.theme import THEMES, palette, stylesheet
from gui.view_models import TapTempo
from gui.widgets.desk_page import DeskPage
from gui.widgets.stage_view import StageView

__all__ = ["MainWindow"]

LEARNED_SLIDERS = (
    "bias_valence",
    "bias_arousal",
    "recentre",
    "smoothing_s",
    "hysteresis",
    "valence",
    "arousal",
    "guide_seconds",
)
"""Sliders of the target that MIDI can move, by their settings' names."""

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
        self.notice = self.page.notice
        self._pages = QStackedWidget()
        self._pages.addWidget(self.page)
        self._pages.addWidget(self.stage)
        self.setCentralWidget(self._pages)
        self._tap = TapTempo()
        self._counts = Counts()
        self._seen_messages: tuple[str, ...] = ()
        self._devices: Devices | None = None
        self._page_url = ""
        self._silence_said = False
        self._restart_said = False
        self._was_maximized = False
        self.learning = Learning(self)
        self.actions_by_name = add_menus(self, self._what_to_do(), memory.theme, self.choose_theme)
        self._connect()
        self.film = FilmDesk(self.page.film, desk, self.notice.say, self)
        self._apply_style()
        self.presets = PresetDesk(self.page.presets, desk, self.notice.say, self)
        self._restore()
        self._show_wanted()
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
            "shortcuts": lambda: dialogs.show_shortcuts(self),
            "about": lambda: dialogs.show_about(self),
        }

    def _connect(self) -> None:
        desk, bridge, choose = self.desk, self.desk.bridge, self.desk.performance
        desk.changed.connect(self._show_wanted)
        bridge.snapshot.connect(self._show_snapshot)
        bridge.state_changed.connect(lambda _state: self._show_snapshot(desk.look))
        bridge.devices.connect(self._show_devices)
        bridge.monitored.connect(self._take_page_address)
        bridge.refused.connect(self._say_refused)
        bridge.died.connect(self._say_died)
        for plane in (self.page.plane, self.stage.plane):
            plane.target_moved.connect(desk.drag_target)
            plane.goal_moved.connect(desk.drag_goal)
        self.page.transport.start_toggled.connect(desk.toggle_start)
        self.page.transport.held.connect(desk.set_held)
        self.page.transport.panicked.connect(desk.panic)
        self.page.transport.tapped.connect(self.tap)
        self.page.transport.tempo_chosen.connect(lambda bpm: choose.set(tempo_bpm=bpm))
        self.page.target.chosen.connect(lambda values: choose.set(**values))
        self.page.target.freeze_chosen.connect(desk.set_frozen)
        self.page.target.curve_wanted.connect(self.open_curve)
        self.page.music.chosen.connect(lambda values: choose.set(**values))
        self.page.music.seed_chosen.connect(desk.set_seed)
        self.page.music.regenerated.connect(desk.regenerate)
        devices = self.page.devices
        for signal, name in (
            (devices.input_chosen, "audio_input"),
            (devices.output_chosen, "midi_out"),
            (devices.latency_chosen, "latency_ms"),
            (devices.record_chosen, "record"),
            (devices.sync.sync_chosen, "sync"),
            (devices.sync.midi_in_chosen, "midi_in"),
            (devices.sync.clock_out_chosen, "clock_out"),
            (devices.reach.osc_chosen, "osc"),
            (devices.reach.osc_in_chosen, "osc_in"),
            (devices.reach.monitor_chosen, "monitor"),
            (devices.reach.orders_chosen, "monitor_orders"),
            (self.page.keys.keys_chosen, "keys_in"),
            (self.page.keys.thru_chosen, "thru"),
        ):
            signal.connect(lambda value, name=name: desk.choose(**{name: value}))
        devices.refreshed.connect(bridge.list_devices)
        devices.file_wanted.connect(self.open_audio)
        devices.folder_wanted.connect(self.choose_folder)
        keys = self.page.keys
        keys.chosen.connect(lambda values: choose.set(**values))
        keys.acted.connect(bridge.act)
        keys.capture_wanted.connect(bridge.capture)
        bridge.captured.connect(lambda path: keys.tile.show_path(Path(path)))
        self._connect_learning()
        self.page.health.counts_reset.connect(self.reset_counts)
        self.page.health.engine_restart_wanted.connect(bridge.reopen)
        self.stage.panicked.connect(desk.panic)

    def _connect_learning(self) -> None:
        desk, learning, page = self.desk, self.learning, self.page
        target, music = page.target, page.music
        for name in LEARNED_SLIDERS:
            learning.attach(getattr(target, name), name)
        for name, slider in music.settings.sliders.items():
            learning.attach(slider, f"settings.{name}")
        learning.attach(page.keys.transfer, "transfer")
        for widget, action in (
            (target.freeze, "freeze"),
            (page.transport.panic, "panic"),
            (page.transport.hold, "play"),
            (music.regenerate, "regenerate"),
            (page.keys.cue, "listen"),
            (page.keys.capture, "capture"),
            (page.presets.apply, "next_preset"),
        ):
            learning.attach(widget, action)
        learning.wanted.connect(self._learn)
        learning.forgotten.connect(desk.forget_mapping)
        desk.bridge.learned.connect(self._learned)

    def _learn(self, what: str) -> None:
        if what and not (self.desk.running and self.desk.memory.keys_in):
            self.learning.disarm()
            self.notice.say(texts.LEARN_NEEDS_MUSIC, "caution")
            return
        self.desk.bridge.learn(what)

    def _learned(self, mapping: InputMapping) -> None:
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
            folder,
            lambda path: self.desk.choose(record=True, record_folder=Path(path)),
        )

    def reset_counts(self) -> None:
        """Count troubles from now on."""
        if self.desk.look is not None:
            self._counts = Counts.of(self.desk.look)
            self._show_snapshot(self.desk.look)

    # ------------------------------------------------------------------ showing

    def _show_wanted(self) -> None:
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
        self.actions_by_name["undo"].setEnabled(desk.performance.can_undo)
        self.actions_by_name["redo"].setEnabled(desk.performance.can_redo)

    def _show_page_address(self) -> None:
        url = self._page_url if self.desk.running else ""
        shown = reachable(url, local_addresses()) if url else ""
        self.page.devices.reach.show_address(shown, bool(self.desk.memory.monitor))

    def _take_page_address(self, url: str) -> None:
        self._page_url = url
        self._show_page_address()

    def _show_snapshot(self, look: Snapshot | None) -> None:
        items = judge(look, self._counts) if look is not None else ()
        trouble = worst(items)
        performance = self.desk.performance.performance
        if self._pages.currentWidget() is self.stage:
            words = f"{trouble.title}: {trouble.value}" if trouble is not None else ""
            self.stage.show_snapshot(look, performance, words or self.notice.label.text())
        else:
            self.page.show_snapshot(look, performance, self.desk.history, items)
            self.film.show_snapshot(look)
        if look is None:
            self._counts, self._seen_messages = Counts(), ()
        else:
            self._log_new(look.messages)

    def _log_new(self, messages: tuple[str, ...]) -> None:
        if messages == self._seen_messages:
            return
        for message in new_messages(self._seen_messages, messages):
            self.page.health.add_message(message)
        self._seen_messages = messages

    def _show_devices(self, devices: Devices) -> None:
        self._devices = devices
        self.page.devices.show_problem(devices.problem)
        self._show_wanted()

    def _say_refused(self, message: str) -> None:
        self.page.health.add_message(message)
        if self.desk.wants_music:
            self.notice.say(message)
        else:  # it did not start: nearly always a matter of devices
            self.notice.say(message, "caution", texts.CHOOSE_DEVICES, self.page.show_devices_tab)

    def _say_died(self, reason: str, again: bool) -> None:
        self.page.health.add_message(reason)
        log = self.desk.bridge.log
        if log:
            self.page.health.add_message(log)
        words = texts.ENGINE_RESTARTING if again else texts.ENGINE_GIVEN_UP
        action = "" if again else texts.RESTART_ENGINE
        level = "caution" if again else "bad"
        self.notice.say(words.format(reason=reason), level, action, self.desk.bridge.reopen)
        self._restart_said = again

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
        self.desk.close()
        super().closeEvent(event)


def new_messages(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the engine's rolling list of messages gained since the last look."""
    for kept in range(min(len(old), len(new)), 0, -1):
        if old[-kept:] == new[:kept]:
            return new[kept:]
    return new
