"""What the user wants, turned into commands to the engine.

What is wanted (devices, settings, playing or not) is kept apart from what is (the bridge's state),
so that an engine that had to be restarted continues with the same settings.
"""

import time
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from engine.choices import PLUGIN
from engine.errors import StimmungError
from engine.mapping.table import InputMapping
from engine.settings.curve import read_curve
from engine.settings.fields import settings_of
from engine.settings.performance import Performance
from engine.settings.resume import Resume
from engine.settings.run import LiveConfig
from engine.settings.set_lists import load_set_list
from engine.snapshot import Snapshot
from gui.engine_process.bridge import EngineBridge
from gui.state.history import History
from gui.state.performance_model import SETTLE_S, PerformanceModel, difference
from gui.state.preferences import MONITORS, OSCQUERIES, Preferences, RunChoices

__all__ = ["Controller"]

_MADE_FOR_THE_ENGINE = (
    "osc", "monitor", "record", "oscquery", "mqtt", "lights_to", "fixtures",
)  # fmt: skip
"""Choices of the run that the engine takes in another form; all others as they are."""


class Controller(QObject):
    """Everything the window can do, without any widget.

    Attributes
    ----------
    look : Snapshot or None
        The newest snapshot; None while the engine does not run.
    curve : Path or None
        The curve file that is open.
    wants_music, frozen, held : bool
        Whether the user has pressed Start and not Stop; whether the target is frozen; whether the
        music pauses while listening continues.

    Signals
    -------
    changed :
        Something has changed: read the properties again.
    """

    changed = pyqtSignal()

    def __init__(self, preferences: Preferences, bridge: EngineBridge) -> None:
        super().__init__()
        self.preferences = preferences
        self.bridge = bridge
        self.performance = PerformanceModel(preferences.performance, self, run=preferences.run)
        self.history = History()
        self.look: Snapshot | None = None
        self._last: Snapshot | None = None  # of this performance, whichever engine played it
        self.curve: Path | None = None
        self.wants_music = False
        self._sent = self.performance.performance
        self._sent_seed = self.seed
        self._sent_curve: Path | None = None
        self.frozen = False
        self._froze_s = 0.0
        self.held = False
        self._held_s = 0.0
        self._song = 0  # of the set list, from 1
        self._last_state: str = bridge.state
        self.performance.run_changed.connect(self._on_run)
        self.performance.posted.connect(self._post)
        self.performance.changed.connect(lambda _performance: self.changed.emit())
        bridge.snapshot.connect(self._on_snapshot)
        bridge.state_changed.connect(self._on_state)
        bridge.ready.connect(self._on_ready)
        bridge.start_failed.connect(self._on_start_failed)

    # ------------------------------------------------------------------ what is

    @property
    def run(self) -> RunChoices:
        """Devices, seed and recording, as chosen."""
        return self.performance.run

    @property
    def running(self) -> bool:
        """Whether the engine is playing (or holding, but listening)."""
        return self.bridge.state == "running"

    @property
    def time_s(self) -> float:
        """Seconds the engine has played; 0 while it does not."""
        return self.look.time_s if self.look is not None else 0.0

    @property
    def hears_device(self) -> bool:
        """Whether the chosen audio device is delivering."""
        return self.look is not None and self.look.audio.alive and self.input_is_device

    @property
    def input_is_device(self) -> bool:
        """Whether an audio device is chosen by name."""
        name = self.run.audio_input
        return name not in ("", "none", PLUGIN) and not Path(name).is_file()

    @property
    def seed(self) -> int:
        """Seed of the generator."""
        return self.run.seed

    @property
    def recording(self) -> bool:
        """Whether the session under way is being recorded."""
        return self.wants_music and self.run.record

    # ------------------------------------------------------------------ start and stop

    def start(self, *, held: bool = False) -> None:
        """Start as soon as the engine is ready, or restart it; ``held``: only listen yet."""
        self.wants_music = True
        self._last = None
        self.held = held
        if self.bridge.state == "absent":
            self.bridge.open()
        elif self.bridge.state != "booting":
            self._send_start()
        self.changed.emit()

    def stop(self) -> None:
        """End every note and close the devices."""
        self.wants_music = False
        self.bridge.stop()
        self.changed.emit()

    def toggle_start(self) -> None:
        """Start, or stop."""
        if self.wants_music:
            self.stop()
        else:
            self.start()

    def close(self) -> None:
        """End the engine and remember the settings."""
        recording = self.recording
        self.wants_music = False
        self.preferences.performance = self.performance.performance
        self.bridge.close(recording)

    # ------------------------------------------------------------------ while playing

    def set_held(self, held: bool) -> None:
        """Hold the music, or continue at the next bar."""
        self.held, self._held_s = held, time.perf_counter()
        self.bridge.command("play", playing=not held)
        self.changed.emit()

    def toggle_held(self) -> None:
        """Hold the music or continue, if the engine plays."""
        if self.running:
            self.set_held(not self.held)

    def set_frozen(self, frozen: bool) -> None:
        """Freeze the target, or release it."""
        self.frozen, self._froze_s = frozen, time.perf_counter()
        self.bridge.command("freeze", frozen=frozen)
        self.changed.emit()

    def set_seed(self, seed: int) -> None:
        """Choose the seed; while playing the generator starts again with it."""
        self.choose(seed=seed)

    def regenerate(self) -> None:
        """Use the next seed: other notes for the same emotion."""
        self.set_seed((self.seed + 1) % 2**31)

    def panic(self) -> None:
        """End every sounding note now."""
        self.bridge.command("panic")

    def drag_target(self, valence: float, arousal: float) -> None:
        """Play this emotion, in mode ``manual``."""
        self.performance.set(mode="manual", valence=valence, arousal=arousal)

    def drag_goal(self, valence: float, arousal: float) -> None:
        """Set the goal of mode ``guide``."""
        self.performance.set(valence=valence, arousal=arousal)

    # ------------------------------------------------------------------ devices and files

    def choose(self, **values: Any) -> None:
        """Change choices of the run; all but the seed restart the music.

        Notes to the plug-in are in its host's beat: the two are chosen together, and so is what
        the plug-in hears.
        """
        if values.get("midi_out") == PLUGIN:
            values = {"sync": PLUGIN, "audio_input": PLUGIN, **values}
        elif values.get("sync", PLUGIN) != PLUGIN and self.run.midi_out == PLUGIN:
            values = {"midi_out": "virtual", **values}
        self.performance.choose(**values)

    def take_preset(self, performance: Performance) -> None:
        """Use other settings from the next bar line on, or at once while nothing plays."""
        if self.running:
            self.performance.expect(performance)
            self.bridge.command("preset", performance=performance.to_json())
        else:
            self.performance.replace(performance)

    def keep_mapping(self, mapping: InputMapping) -> None:
        """Add a mapping; it replaces others of the same controller or the same setting."""
        inputs = self.performance.performance.inputs
        what, place = (mapping.sets, mapping.does), (mapping.on, mapping.number, mapping.channel)
        kept = tuple(
            item
            for item in inputs
            if (item.sets, item.does) != what and (item.on, item.number, item.channel) != place
        )
        self.performance.set(inputs=(*kept, mapping))

    def forget_mapping(self, what: str) -> None:
        """Remove every mapping of this setting or action."""
        inputs = self.performance.performance.inputs
        self.performance.set(
            inputs=tuple(item for item in inputs if what not in (item.sets, item.does))
        )

    def choose_curve(self, path: Path) -> None:
        """Play the emotions of a curve file.

        Raises
        ------
        InputError
            It is no such file; nothing changes then.
        """
        read_curve(path)
        self.curve = path
        self.performance.set(mode="curve")
        if self._sent_curve != path:
            self._restart_if_playing()
        self.changed.emit()

    def output(self) -> dict[str, Any]:
        """Return the settings of a run that say where notes go."""
        names = ("midi_out", "audio_out", "soundfont", "latency_ms")
        volume = self.performance.performance.volume
        values: dict[str, Any] = {name: getattr(self.run, name) for name in names}
        return {**values, "performance": {"volume": volume}}

    def config(self) -> dict[str, Any]:
        """Return what the engine needs to start (see `engine.live.remote`)."""
        run = self.run
        values: dict[str, Any] = {
            "performance": self.performance.performance.to_json(),
            "input": run.audio_input,
            "osc": run.osc.replace(",", " ").split(),
            "monitor": MONITORS[run.monitor],
            "oscquery": OSCQUERIES[run.oscquery],
            "mqtt": run.mqtt or None,
            "fixtures": [fixture.to_json() for fixture in run.fixtures],
            "lights_to": run.lights_to.split() if run.fixtures else [],
            "monitor_token": self.preferences.monitor_token if run.monitor_orders else "",
            **{name: getattr(run, name) for name in _shared_settings()},
        }
        if run.record:
            stamp = datetime.now().strftime("session-%Y-%m-%d-%H%M%S")
            values["record"] = str(run.record_folder / stamp)
        values |= self._set_list()
        if self.curve is not None:
            values["curve"] = str(self.curve)
        return values

    def send_set_list(self) -> None:
        """Have the engine that plays read the set list; the music plays on."""
        if self.running:
            self.bridge.command("set_list", name=self.run.set_list)

    def _set_list(self) -> dict[str, Any]:
        """Return the set list and where it stands; none where its file cannot be read."""
        try:
            songs = load_set_list(self.run.set_list).songs if self.run.set_list else ()
        except StimmungError:  # the page Presets names it
            return {"set_list": ""}
        return {"song": self._song if self._song <= len(songs) else 0}

    # ------------------------------------------------------------------ from the engine

    def _post(self, values: dict[str, Any]) -> None:
        if values.get("mode") == "curve" and self._sent_curve != self.curve:
            self._restart_if_playing()  # the engine takes a curve only at the start
            return
        self.bridge.command("change", values=values)
        expected = self.performance.expected
        if expected is not None:  # a change takes what waits for the bar off: put it back
            self.bridge.command("preset", performance=expected.to_json())

    def _on_run(self, values: dict[str, Any]) -> None:
        self.preferences.run = self.run
        if "set_list" in values:
            self._song = 0
        if not set(values) <= {"seed", "set_list"}:
            self._restart_if_playing()
        elif self.running and "seed" in values:
            self.bridge.command("regenerate", seed=self.seed)
        if "set_list" in values:
            self.send_set_list()
        self.changed.emit()

    def _restart_if_playing(self) -> None:
        if self.wants_music and self.bridge.state not in ("absent", "booting"):
            self._send_start()
        self.changed.emit()

    def _send_start(self, last: Snapshot | None = None) -> None:
        """Start; after a death, where the engine was in its last snapshot."""
        self.performance.forget_pending()
        self._sent = self.performance.performance
        self._sent_seed = self.seed
        self._sent_curve = self.curve
        config = self.config()
        if last is not None:
            config["resume"] = Resume.from_snapshot(last.to_json())
        self.bridge.start(config)

    def _on_ready(self) -> None:
        if self.wants_music:
            self._send_start(self._last)

    def _on_start_failed(self) -> None:
        self.wants_music = False  # said in words; the same again would fail again
        self.changed.emit()

    def _on_state(self, state: str) -> None:
        if state == "running":
            self._catch_up()
            if self.frozen:
                self.set_frozen(True)
            if self.held:
                self.bridge.command("play", playing=False)
        else:
            self.performance.expect_no_more()
            self.look = None
            if state == "idle" and self._last_state == "running":
                self.wants_music = False  # a worker of the engine failed; said in words
        self._last_state = state
        self.changed.emit()

    def _catch_up(self) -> None:
        """Send what was changed while the engine was starting."""
        values = difference(self._sent, self.performance.performance)
        if values:
            self.bridge.command("change", values=values)
        if self.seed != self._sent_seed:
            self.bridge.command("regenerate", seed=self.seed)

    def _on_snapshot(self, look: Snapshot) -> None:
        self.look = self._last = look
        self.history.add(look)
        self.performance.adopt(look.performance)
        if look.song is not None:
            self._song = look.song.number
        stands = not look.running
        own = look.sync.source == "internal"
        if own and stands != self.held and time.perf_counter() - self._held_s > SETTLE_S:
            self.held = stands  # a pedal held it, or an ending closed it
            self.changed.emit()
        if look.frozen != self.frozen and time.perf_counter() - self._froze_s > SETTLE_S:
            self.frozen = look.frozen
            self.changed.emit()


def _shared_settings() -> list[str]:
    """Return the choices of the run that are settings of the engine too."""
    known = settings_of(LiveConfig)
    names = (item.name for item in fields(RunChoices))
    return [name for name in names if name in known and name not in _MADE_FOR_THE_ENGINE]
