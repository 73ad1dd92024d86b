"""The desk behind the window: what the user wants, turned into commands to the engine.

It keeps what is wanted (devices, settings, playing or not) apart from what is (the bridge's
state), so that an engine that had to be restarted goes on with the same settings.
"""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from engine.emotion.curve import read_curve
from engine.mapping.table import InputMapping
from engine.resume import Resume
from engine.snapshot import Snapshot
from gui.bridge import EngineBridge
from gui.history import History
from gui.memory import Memory
from gui.view_models import SETTLE_S, PerformanceModel, difference

__all__ = ["Desk"]


class Desk(QObject):
    """Everything the window can do, without a single widget.

    Signals
    -------
    changed :
        Something wanted or known has changed: read the properties again.
    """

    changed = pyqtSignal()

    def __init__(self, memory: Memory, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.memory = memory
        self.bridge = bridge
        self.performance = PerformanceModel(memory.performance, self)
        self.history = History()
        self.look: Snapshot | None = None
        self._last: Snapshot | None = None  # of this performance, whichever engine played it
        self.curve: Path | None = None
        self._wants_music = False
        self._sent = self.performance.performance
        self._sent_seed = memory.seed
        self._sent_curve: Path | None = None
        self._frozen = False
        self._froze_s = 0.0
        self._held = False
        self._last_state: str = bridge.state
        self._seed = memory.seed
        self.performance.posted.connect(self._post)
        self.performance.changed.connect(lambda _performance: self.changed.emit())
        bridge.snapshot.connect(self._on_snapshot)
        bridge.state_changed.connect(self._on_state)
        bridge.ready.connect(self._on_ready)
        bridge.start_failed.connect(self._on_start_failed)

    # ------------------------------------------------------------------ what is

    @property
    def running(self) -> bool:
        """Whether the engine is playing (or holding, but listening)."""
        return self.bridge.state == "running"

    @property
    def time_s(self) -> float:
        """Seconds the engine has played; 0 while it does not."""
        return self.look.time_s if self.look is not None else 0.0

    @property
    def wants_music(self) -> bool:
        """Whether the user has pressed Start and not Stop."""
        return self._wants_music

    @property
    def frozen(self) -> bool:
        """Whether the target is held."""
        return self._frozen

    @property
    def held(self) -> bool:
        """Whether the music is held while listening goes on."""
        return self._held

    @property
    def seed(self) -> int:
        """Seed of the generator."""
        return self._seed

    @property
    def recording(self) -> bool:
        """Whether the session under way is being recorded."""
        return self._wants_music and self.memory.record

    # ------------------------------------------------------------------ start and stop

    def start(self) -> None:
        """Start the music as soon as the engine is ready, or restart it."""
        self._wants_music = True
        self._last = None
        self._held = False
        if self.bridge.state == "absent":
            self.bridge.open()
        elif self.bridge.state != "booting":
            self._send_start()
        self.changed.emit()

    def stop(self) -> None:
        """End every note and close the devices."""
        self._wants_music = False
        self.bridge.stop()
        self.changed.emit()

    def toggle_start(self) -> None:
        """Start, or stop."""
        if self._wants_music:
            self.stop()
        else:
            self.start()

    def close(self) -> None:
        """End the engine and remember the settings."""
        recording = self.recording
        self._wants_music = False
        self.memory.performance = self.performance.performance
        self.memory.seed = self._seed
        self.bridge.close(recording)

    # ------------------------------------------------------------------ while playing

    def set_held(self, held: bool) -> None:
        """Hold the music, or let it go on at the next bar."""
        self._held = held
        self.bridge.play(not held)
        self.changed.emit()

    def set_frozen(self, frozen: bool) -> None:
        """Hold the target where it is, or let it go."""
        self._frozen, self._froze_s = frozen, time.perf_counter()
        self.bridge.freeze(frozen)
        self.changed.emit()

    def set_seed(self, seed: int) -> None:
        """Choose the seed; while playing the generator begins anew with it."""
        if seed != self._seed:
            self._seed = seed
            self.bridge.regenerate(seed)
            self.changed.emit()

    def regenerate(self) -> None:
        """Take the next seed: other notes in the same emotion."""
        self.set_seed((self._seed + 1) % 2**31)

    def panic(self) -> None:
        """End every sounding note now."""
        self.bridge.panic()

    def drag_target(self, valence: float, arousal: float) -> None:
        """Play this emotion: taking hold of the target means playing by hand."""
        self.performance.set(mode="manual", valence=valence, arousal=arousal)

    def drag_goal(self, valence: float, arousal: float) -> None:
        """Lead the room to this emotion."""
        self.performance.set(valence=valence, arousal=arousal)

    # ------------------------------------------------------------------ devices and files

    def choose_input(self, name: str) -> None:
        """Listen to a device by name, to a file, or (empty) to the system's default."""
        if name != self.memory.audio_input:
            self.memory.audio_input = name
            self._restart_if_playing()

    def choose_output(self, name: str) -> None:
        """Send to ``virtual``, ``jack``, ``none`` or a port by name."""
        if name != self.memory.midi_out:
            self.memory.midi_out = name
            self._restart_if_playing()

    def choose_record(self, wanted: bool, folder: Path | None = None) -> None:
        """Record sessions or not, and where."""
        if folder is not None:
            self.memory.record_folder = folder
        self.memory.record = wanted
        self._restart_if_playing()

    def choose_latency(self, latency_ms: float) -> None:
        """Shift every MIDI deadline [ms]."""
        if latency_ms != self.memory.latency_ms:
            self.memory.latency_ms = latency_ms
            self._restart_if_playing()

    def choose_osc(self, destination: str) -> None:
        """Send OSC to ``host:port``, or nowhere (empty)."""
        if destination != self.memory.osc:
            self.memory.osc = destination
            self._restart_if_playing()

    def choose_sync(self, name: str) -> None:
        """Follow our own tempo, a MIDI clock or Ableton Link."""
        if name != self.memory.sync:
            self.memory.sync = name
            self._restart_if_playing()

    def choose_midi_in(self, name: str) -> None:
        """Take MIDI clock from a port by name, or from our own (empty)."""
        if name != self.memory.midi_in:
            self.memory.midi_in = name
            self._restart_if_playing()

    def choose_clock_out(self, wanted: bool) -> None:
        """Send MIDI clock, or not."""
        self.memory.clock_out = wanted
        self._restart_if_playing()

    def choose_keys(self, names: tuple[str, ...]) -> None:
        """Listen to MIDI keyboards by name."""
        if names != self.memory.keys_in:
            self.memory.keys_in = names
            self._restart_if_playing()

    def choose_thru(self, wanted: bool) -> None:
        """Pass what they play through, or not."""
        self.memory.thru = wanted
        self._restart_if_playing()

    def choose_video(self, name: str) -> None:
        """Watch a film or camera beside the sound, or none (empty)."""
        if name != self.memory.video:
            self.memory.video = name
            self._restart_if_playing()

    def keep_mapping(self, mapping: InputMapping) -> None:
        """Let a controller move what it was learned for, and nothing else."""
        inputs = self.performance.performance.inputs
        what, place = (mapping.sets, mapping.does), (mapping.on, mapping.number, mapping.channel)
        kept = tuple(
            item
            for item in inputs
            if (item.sets, item.does) != what and (item.on, item.number, item.channel) != place
        )
        self.performance.set(inputs=(*kept, mapping))

    def forget_mapping(self, what: str) -> None:
        """Let nothing move this setting or action any more."""
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

    def config(self) -> dict[str, Any]:
        """Return what the engine needs to start (see `engine.remote`)."""
        memory, performance = self.memory, self.performance.performance
        values: dict[str, Any] = {
            "performance": performance.to_json(),
            "input": memory.audio_input,
            "midi_out": memory.midi_out,
            "osc": [memory.osc] if memory.osc else [],
            "seed": self._seed,
            "latency_ms": memory.latency_ms,
            "sync": memory.sync,
            "midi_in": memory.midi_in,
            "clock_out": memory.clock_out,
            "keys_in": list(memory.keys_in),
            "thru": memory.thru,
            "video": memory.video,
        }
        if memory.record:
            stamp = datetime.now().strftime("session-%Y-%m-%d-%H%M%S")
            values["record"] = str(memory.record_folder / stamp)
        if self.curve is not None:
            values["curve"] = str(self.curve)
        return values

    # ------------------------------------------------------------------ from the engine

    def _post(self, values: dict[str, Any]) -> None:
        if values.get("mode") == "curve" and self._sent_curve != self.curve:
            self._restart_if_playing()  # the engine takes a curve only at the start
        else:
            self.bridge.change(values)

    def _restart_if_playing(self) -> None:
        if self._wants_music and self.bridge.state not in ("absent", "booting"):
            self._send_start()
        self.changed.emit()

    def _send_start(self, last: Snapshot | None = None) -> None:
        """Start; after a death, where the engine was in its last snapshot."""
        self.performance.forget_pending()
        self._sent = self.performance.performance
        self._sent_seed = self._seed
        self._sent_curve = self.curve
        config = self.config()
        if last is not None:
            config["resume"] = Resume.from_snapshot(last.to_json())
        self.bridge.start(config)

    def _on_ready(self) -> None:
        if self._wants_music:
            self._send_start(self._last)

    def _on_start_failed(self) -> None:
        self._wants_music = False  # said in words; the same again would fail again
        self.changed.emit()

    def _on_state(self, state: str) -> None:
        if state == "running":
            self._catch_up()
            if self._frozen:
                self.set_frozen(True)
            if self._held:
                self.bridge.play(False)
        else:
            self.look = None
            if state == "idle" and self._last_state == "running":
                self._wants_music = False  # a worker of the engine failed; said in words
        self._last_state = state
        self.changed.emit()

    def _catch_up(self) -> None:
        """Send what was changed while the engine was starting."""
        values = difference(self._sent, self.performance.performance)
        if values:
            self.bridge.change(values)
        if self._seed != self._sent_seed:
            self.bridge.regenerate(self._seed)

    def _on_snapshot(self, look: Snapshot) -> None:
        self.look = self._last = look
        self.history.add(look)
        self.performance.adopt(look.performance)
        if look.frozen != self._frozen and time.perf_counter() - self._froze_s > SETTLE_S:
            self._frozen = look.frozen
            self.changed.emit()
