"""The engine as a program of its own, driven over pipes: what the window starts.

``python -m engine.live.remote`` reads one JSON object per line on standard input and writes one
per line on standard output; no pickle, nothing shared, and when either side dies the other
sees the end of its pipe. Commands:

=================================================  ==========================================
``{"do": "start", "config": {...}}``               start or restart with these settings
``{"do": "prepare", "config": {...}}``             load what a start with these would need
``{"do": "stop"}``                                 end every note and close the devices
``{"do": "change", "values": {...}}``              settings of the performance, while playing
``{"do": "freeze", "frozen": true}``               hold the target
``{"do": "play", "playing": true}``                let the music move, or hold it
``{"do": "regenerate", "seed": 7}``                other choices, same emotion
``{"do": "preset", "performance": {...}}``         these settings, from the next bar on
``{"do": "panic"}``                                end every note now
``{"do": "test_notes"}``                           a rising chord: is anybody there to sound it?
``{"do": "act", "action": "next_preset"}``         what a pedal can do, see `engine.live.triggers`
``{"do": "set_list", "name": "tonight"}``          another set list, or the same one read again
``{"do": "learn", "what": "arousal"}``             map the next controller; empty: stop waiting
``{"do": "capture", "bars": 8}``                   keep the last bars as a MIDI file
``{"do": "devices"}``                              list inputs and outputs
``{"do": "replay", "folder": "...", "from_s": 0}`` play a session; ``config``: its output
``{"do": "replay_hold"}``                          stay where it is
``{"do": "replay_play", "from_s": 12.5}``          go on, from there or (without) from here
=================================================  ==========================================

Answers carry ``"is"``: ``ready`` (``{}``), ``started`` (``monitor``, ``oscquery``: addresses),
``stopped``, ``replay`` (`engine.snapshot.ReplayLook`, 30 a second), ``devices``
(``inputs``, ``audio_outputs``, ``midi_inputs``, ``outputs``, ``jack``, ``systems``,
``problem``), ``error`` (``message``) and ``snapshot``
(`engine.snapshot.Snapshot` as JSON, 30 a second while running), ``learned`` (``mapping``) and
``captured`` (``path``). ``config`` holds
settings of `engine.settings.run.LiveConfig` by name, as texts or JSON values; ``performance``
among them holds settings of `engine.settings.performance.Performance`.
"""

import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.choices import read_truth
from engine.errors import DeviceError, InputError, StimmungError
from engine.live.prepared import Prepared
from engine.live.runtime import Runtime
from engine.mapping.table import InputMapping
from engine.session.replay_thread import ReplayRun
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig

__all__ = ["main"]

SNAPSHOT_S = 1.0 / 30.0
_RARE_SNAPSHOT_S = 0.2
_RARE_FROM_LEVEL = 2
_LONGEST_LINE = 1 << 20
_MOST_WAITING = 4096
_SHOWN = 200


class _Server:
    """Answers commands in order; between them sends snapshots."""

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._replay: ReplayRun | None = None
        self._prepared: Prepared | None = None
        # When it is full, the pipe fills, and then whoever writes there has to wait.
        self._commands: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._speaking = threading.Lock()

    def serve(self) -> None:
        threading.Thread(target=self._read, name="commands", daemon=True).start()
        self._answer("ready")
        due_s = 0.0
        try:
            while True:
                # By the clock, not after so long a pause: a target being dragged sends
                # commands without pause, and is when the window needs snapshots most.
                shows = self._runtime is not None or self._replay is not None
                if shows and time.perf_counter() >= due_s:
                    due_s = time.perf_counter() + self._picture_s()
                    self._watch()
                timeout = max(0.0, due_s - time.perf_counter()) if shows else None
                try:
                    line = self._commands.get(timeout=timeout)
                except queue.Empty:
                    continue
                if line is None:  # the window is gone
                    return
                self._obey(line)
        except BrokenPipeError:
            return
        finally:
            self._stop(in_background=True)
            self._cool()

    def _picture_s(self) -> float:
        """Return when the next snapshot is due; under overload, drawing gives way [s]."""
        overloaded = self._runtime is not None and self._runtime.overload >= _RARE_FROM_LEVEL
        return _RARE_SNAPSHOT_S if overloaded else SNAPSHOT_S

    def _read(self) -> None:
        # Bytes, in pieces of bounded size: whatever comes, this thread must go on reading. Not
        # through sys.stdin, whose lock a reading thread would hold when the program ends.
        rest = b""
        while data := os.read(0, 65536):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._commands.put(line)
            if len(rest) > _LONGEST_LINE:
                self._commands.put(rest)  # refused as what it is: no JSON
                rest = b""
        self._commands.put(None)

    def _obey(self, line: bytes) -> None:
        try:
            command = json.loads(line)
            if not isinstance(command, dict) or command.get("do") not in tuple(_ACTIONS):
                shown = line.strip()[:_SHOWN].decode("utf-8", "replace")
                raise InputError(f"do must be one of {', '.join(_ACTIONS)}; got {shown!r}")
            _ACTIONS[command["do"]](self, command)
        except BrokenPipeError:
            raise
        except StimmungError as error:
            self._answer("error", message=f"{error}")
        except Exception as error:  # no order, however wrong, may end the music
            self._answer("error", message=f"not understood: {type(error).__name__}: {error}")

    def _watch(self) -> None:
        if self._replay is not None:
            self._answer("replay", **self._replay.look().to_json())
        if self._runtime is None:
            return
        if self._runtime.failure is not None:
            self._answer("error", message=f"the engine stopped: {self._runtime.failure!r}")
            self._stop()
            self._answer("stopped")
        else:
            self._answer("snapshot", **self._runtime.snapshot().to_json())

    def _start(self, command: Mapping[str, Any]) -> None:
        config = LiveConfig.from_mapping(command["config"])
        self._stop(in_background=True)  # the music to come is not to wait for a picture
        runtime = Runtime(config, self._prepared)
        try:
            runtime.start()
        finally:
            self._cool()
        self._runtime = runtime
        self._answer("started", monitor=runtime.monitor_url, oscquery=runtime.oscquery_url)

    def _prepare(self, command: Mapping[str, Any]) -> None:
        config = LiveConfig.from_mapping(command["config"])
        self._cool()
        self._prepared = Prepared(config)

    def _cool(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            prepared.drop()

    def _stop(self, *, in_background: bool = False) -> None:
        runtime, self._runtime = self._runtime, None
        if runtime is not None:
            runtime.stop(in_background=in_background)
        replay, self._replay = self._replay, None
        if replay is not None:
            replay.stop()

    def _replay_session(self, command: Mapping[str, Any]) -> None:
        self._stop(in_background=True)
        replay = ReplayRun(
            Path(str(command["folder"])), LiveConfig.from_mapping(command.get("config", {}))
        )
        replay.start(float(command.get("from_s", 0.0)))
        self._replay = replay

    def _replay_hold(self, _command: Mapping[str, Any]) -> None:
        if self._replay is not None:
            self._replay.hold()

    def _replay_play(self, command: Mapping[str, Any]) -> None:
        if self._replay is not None:
            from_s = command.get("from_s")
            self._replay.play(None if from_s is None else float(from_s))

    def _stop_and_say(self, _command: Mapping[str, Any]) -> None:
        self._stop()
        self._answer("stopped")

    def _change(self, command: Mapping[str, Any]) -> None:
        self._playing().orders.change(command["values"])

    def _freeze(self, command: Mapping[str, Any]) -> None:
        self._playing().orders.set_frozen(read_truth("frozen", command["frozen"]))

    def _play(self, command: Mapping[str, Any]) -> None:
        self._playing().orders.set_playing(read_truth("playing", command["playing"]))

    def _regenerate(self, command: Mapping[str, Any]) -> None:
        self._playing().orders.regenerate(int(command["seed"]))

    def _panic(self, _command: Mapping[str, Any]) -> None:
        if self._replay is not None:
            self._replay.hold()
        elif self._runtime is not None:
            self._runtime.orders.panic()

    def _test_notes(self, _command: Mapping[str, Any]) -> None:
        self._playing().orders.test_notes()

    def _preset(self, command: Mapping[str, Any]) -> None:
        performance = Performance.from_mapping(command["performance"])
        self._playing().orders.change_at_bar(performance)

    def _act(self, command: Mapping[str, Any]) -> None:
        self._playing().orders.act(str(command["action"]))

    def _set_list(self, command: Mapping[str, Any]) -> None:
        songs = self._playing().orders.songs
        songs.choose(LiveConfig.from_mapping({"set_list": command["name"]}).set_list)
        songs.prepare()

    def _learn(self, command: Mapping[str, Any]) -> None:
        def learned(mapping: InputMapping) -> None:
            self._answer("learned", mapping=mapping.to_json())

        self._playing().orders.learn(str(command["what"]), learned)

    def _capture(self, command: Mapping[str, Any]) -> None:
        path = self._playing().orders.capture(int(command["bars"]))
        self._answer("captured", path=str(path))

    def _devices(self, _command: Mapping[str, Any]) -> None:
        # Looking takes a second: on the side, so that snapshots keep coming.
        threading.Thread(target=self._list_devices, name="devices", daemon=True).start()

    def _list_devices(self) -> None:
        from engine.audio import DIRECTIONS, list_devices
        from engine.midi.ports.probe import probe

        audio: dict[str, list[str]] = {direction: [] for direction in DIRECTIONS}
        problem = ""
        try:
            for direction, devices in list_devices().items():
                audio[direction] = [device.label for device in devices]
        except DeviceError as error:
            problem = str(error)
        midi = probe()
        with contextlib.suppress(BrokenPipeError):
            self._answer(
                "devices",
                inputs=audio["input"],
                audio_outputs=audio["output"],
                midi_inputs=midi.inputs,
                outputs=midi.outputs,
                jack=midi.jack_client,
                systems=midi.systems,
                problem="; ".join(filter(None, (problem, midi.problem))),
            )

    def _playing(self) -> Runtime:
        if self._runtime is None:
            raise InputError("nothing is playing; start first")
        return self._runtime

    def _answer(self, kind: str, **values: Any) -> None:
        with self._speaking:
            sys.stdout.write(json.dumps({"is": kind, **values}) + "\n")
            sys.stdout.flush()


_ACTIONS = {
    "start": _Server._start,
    "prepare": _Server._prepare,
    "stop": _Server._stop_and_say,
    "change": _Server._change,
    "freeze": _Server._freeze,
    "play": _Server._play,
    "regenerate": _Server._regenerate,
    "panic": _Server._panic,
    "test_notes": _Server._test_notes,
    "preset": _Server._preset,
    "replay": _Server._replay_session,
    "replay_hold": _Server._replay_hold,
    "replay_play": _Server._replay_play,
    "act": _Server._act,
    "set_list": _Server._set_list,
    "learn": _Server._learn,
    "capture": _Server._capture,
    "devices": _Server._devices,
}


def main() -> int:
    """Serve until standard input ends; return the exit code."""
    import signal

    # Control-C reaches the whole process group; the window decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _Server().serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
