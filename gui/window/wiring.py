"""What is connected with what: every widget's wish with the desk that fulfils it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gui.window.main_window import MainWindow

__all__ = ["LEARNED_SLIDERS", "connect"]

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


def connect(window: "MainWindow") -> None:
    """Connect everything with what it does."""
    desk, bridge, choose = window.desk, window.desk.bridge, window.desk.performance
    desk.changed.connect(window.show_wanted)
    bridge.snapshot.connect(window.show_snapshot)
    bridge.state_changed.connect(lambda _state: window.show_snapshot(desk.look))
    bridge.devices.connect(window.show_devices)
    bridge.monitored.connect(window.take_page_address)
    bridge.refused.connect(window.say_refused)
    bridge.died.connect(window.say_died)
    for plane in (window.page.plane, window.stage.plane):
        plane.target_moved.connect(desk.drag_target)
        plane.goal_moved.connect(desk.drag_goal)
    window.page.transport.start_toggled.connect(desk.toggle_start)
    window.page.transport.held.connect(desk.set_held)
    window.page.transport.panicked.connect(desk.panic)
    window.page.transport.tapped.connect(window.tap)
    window.page.transport.tempo_chosen.connect(lambda bpm: choose.set(tempo_bpm=bpm))
    window.page.target.chosen.connect(lambda values: choose.set(**values))
    window.page.target.freeze_chosen.connect(desk.set_frozen)
    window.page.target.curve_wanted.connect(window.open_curve)
    window.page.music.chosen.connect(lambda values: choose.set(**values))
    window.page.music.seed_chosen.connect(desk.set_seed)
    window.page.music.regenerated.connect(desk.regenerate)
    devices = window.page.devices
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
        (window.page.keys.keys_chosen, "keys_in"),
        (window.page.keys.thru_chosen, "thru"),
    ):
        signal.connect(lambda value, name=name: desk.choose(**{name: value}))
    devices.refreshed.connect(bridge.list_devices)
    devices.file_wanted.connect(window.open_audio)
    devices.folder_wanted.connect(window.choose_folder)
    keys = window.page.keys
    keys.chosen.connect(lambda values: choose.set(**values))
    keys.acted.connect(bridge.act)
    keys.capture_wanted.connect(bridge.capture)
    bridge.captured.connect(lambda path: keys.tile.show_path(Path(path)))
    _connect_learning(window)
    _connect_sessions(window)
    window.page.health.counts_reset.connect(window.reset_counts)
    window.page.health.engine_restart_wanted.connect(bridge.reopen)
    window.stage.panicked.connect(desk.panic)


def _connect_learning(window: "MainWindow") -> None:
    desk, learning, page = window.desk, window.learning, window.page
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
    learning.wanted.connect(window.learn)
    learning.forgotten.connect(desk.forget_mapping)
    desk.bridge.learned.connect(window.take_learned)


def _connect_sessions(window: "MainWindow") -> None:
    sessions, view = window.sessions, window.session_view
    view.chosen.connect(window.open_session)
    view.other_wanted.connect(window.ask_session)
    view.closed.connect(window.leave_sessions)
    view.go_on_wanted.connect(window.play_on)
    view.held.connect(sessions.hold)
    view.replayed.connect(sessions.replay)
    sessions.opened.connect(view.show_session)
    sessions.moved.connect(view.show_replay)
    sessions.failed.connect(window.say_session_failed)
