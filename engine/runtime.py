"""The live engine: a tracker thread and a player thread around the pipeline.

::

    source process ─ Ring ─ [tracker thread] Pipeline.listen ─ OSC, recorder
                                   │ latest emotion
                            [player thread]  Pipeline.advance ─ sender process
                                   ▲ commands

Nothing here sends MIDI or touches a sound card: both live in processes of their own, so a
busy engine delays neither. Constructors start nothing.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from engine.audio import AudioSource, Ring, open_source
from engine.config import LiveConfig, Performance
from engine.emotion.target import TargetState
from engine.emotion.tracker import Tracker
from engine.errors import InputError
from engine.events import NoteEvent
from engine.midi.client import SenderClient
from engine.osc import OscOutput
from engine.osc_input import OscInput
from engine.pipeline import Pipeline, Step
from engine.player import Player
from engine.session.info import describe_run
from engine.session.recorder import SessionRecorder
from engine.snapshot import AudioHealth, MidiHealth, Snapshot
from engine.sync.leader import ClockLeader
from engine.sync.source import open_sync
from engine.worker import generator_thread

__all__ = ["Runtime"]

TICK_S = 0.005
"""Period of the player thread; far below its 50 ms hand-over lead."""

RING_S = 4.0
BACKLOG_S = 1.0
"""Sound older than this is skipped: a late emotion is worse than a gap."""

SHOWN_BEATS = 8.0
_LATE_LOG_MS = 5.0

Command = Callable[[], None]


class Runtime:
    """Runs one `LiveConfig` until stopped.

    ``start`` opens everything or raises and leaves nothing open; ``stop`` ends every note.
    All public methods may be called from any thread.
    """

    def __init__(self, config: LiveConfig) -> None:
        self.config = config
        self._pipeline: Pipeline | None = None
        self._player: Player | None = None
        self._sync = open_sync(config)
        self._clock = self._sync.clock
        self._source: AudioSource | None = None
        self._sender = SenderClient(config.midi_out, latency_s=config.latency_ms / 1000.0)
        self._osc = OscOutput(config.osc)
        self._osc_input: OscInput | None = None
        self._recorder: SessionRecorder | None = None
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._started_s = 0.0
        self._target = TargetState(0.0, 0.0, config.performance.mode, False, 0.0)
        self._notes: deque[NoteEvent] = deque(maxlen=2000)
        self._messages: deque[str] = deque(maxlen=50)
        self._troubles: dict[str, str | None] = {"audio": None, "recording": None}
        self._missed_beats = 0
        self._tracker_load = 0.0
        self._last_beat = -1
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()

    @property
    def input_ended(self) -> bool:
        """Whether the input file has been played to its end."""
        return self._source is not None and self._source.ended

    @property
    def failure(self) -> BaseException | None:
        """What ended a worker thread, or None; the sender has ended all notes then."""
        return self._failure

    @property
    def session_folder(self) -> Path | None:
        """The folder that is recorded into, or None."""
        return self._recorder.folder if self._recorder is not None else None

    def start(self) -> None:
        """Open input, model, port and session folder, and begin to play.

        Raises
        ------
        StimmungError
            Whatever cannot be opened; nothing is left open or half-written.
        """
        config = self.config
        try:
            self._started_s = time.perf_counter()
            tracker = Tracker()
            ring = Ring(int(RING_S * tracker.sample_rate), tracker.sample_rate)
            self._pipeline = Pipeline(
                config.performance,
                self._clock,
                config.seed,
                tracker,
                config.curve,
                worker=generator_thread(),
            )
            leader = ClockLeader(self._sender) if config.clock_out else None
            self._player = Player(self._pipeline, self._sync, self._sender, leader, self._note_cut)
            self._sync.open()
            self._source = open_source(config.input or None)
            self._sender.start()
            if config.osc_in is not None:
                self._osc_input = OscInput(config.osc_in, self)
                self._osc_input.start()
            self._source.start(ring)
            if config.record is not None:  # last: what cannot start leaves no folder behind
                self._recorder = self._start_recorder(config.record, self._source.name)
        except BaseException:
            self._close()
            raise
        self._sync.begin(time.perf_counter())
        for work in (self._track, self._play):
            thread = threading.Thread(
                target=self._guard, args=(work, ring, self._pipeline), name=work.__name__
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End every note, close everything, and write the session's files."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._close()

    # ------------------------------------------------------------------ commands

    def change(self, values: Mapping[str, Any]) -> Performance:
        """Change settings of the performance while it plays.

        Raises
        ------
        InputError
            A name is unknown or a value out of range; nothing changes then.
        """
        pipeline = self._running_pipeline()
        changed = pipeline.performance.changed(values)
        if changed.mode == "curve" and not self.config.curve:
            raise InputError("mode 'curve' needs a curve file given at the start")

        def apply() -> None:
            # Anew from what is current: two changes may have been queued one after the other.
            performance = pipeline.performance.changed(values)
            if performance.tempo_bpm != pipeline.performance.tempo_bpm:
                self._sync.set_tempo(performance.tempo_bpm, time.perf_counter())
            pipeline.change(performance)
            self._log("set", dict(values))

        self._commands.put(apply)
        return changed

    def set_frozen(self, frozen: bool) -> None:
        """Hold the target where it is, or let it go."""
        target = self._running_pipeline().target
        self._commands.put(lambda: setattr(target, "frozen", frozen))

    def set_playing(self, playing: bool) -> None:
        """Let the music move, or hold it.

        Raises
        ------
        InputError
            Somebody else's clock decides that.
        """
        pipeline = self._running_pipeline()
        self._sync.check_playable()

        def apply() -> None:
            if playing != self._clock.running:
                self._sync.set_playing(playing, time.perf_counter(), pipeline.next_bar())

        self._commands.put(apply)

    def regenerate(self, seed: int) -> None:
        """Start the generator's choices anew with another seed."""
        pipeline = self._running_pipeline()
        self._commands.put(lambda: pipeline.regenerate(seed))
        self._commands.put(lambda: self._log("seed", {"seed": seed}))

    def panic(self) -> None:
        """End every sounding note at once and drop what was about to sound."""
        self._sender.panic()
        self._log("panic", {})

    def complain(self, message: str) -> None:
        """Note something that could not be understood."""
        self._log("ignored", {"what": message})

    def snapshot(self) -> Snapshot:
        """Return what an observer may see; cheap enough for thirty a second."""
        pipeline, source, status = self._running_pipeline(), self._source, self._sender.status()
        assert source is not None
        now = time.perf_counter()
        beat = self._clock.beat_at(now)
        performance = pipeline.performance
        shown = beat - SHOWN_BEATS
        return Snapshot(
            time_s=now - self._started_s,
            running=self._clock.running,
            beat=beat,
            tempo_bpm=self._clock.tempo_bpm,
            beats_per_bar=performance.beats_per_bar,
            engine=pipeline.generator.name,
            mode=performance.mode,
            frozen=self._target.frozen,
            emotion=pipeline.emotion,
            target_valence=self._target.valence,
            target_arousal=self._target.arousal,
            remaining_s=self._target.remaining_s,
            key=pipeline.key,
            notes=tuple(n for n in tuple(self._notes) if n.onset + n.duration > shown),
            committed=pipeline.plan.committed,
            draft=pipeline.plan.draft,
            audio=AudioHealth(
                source.name, source.alive, source.level, source.overruns, source.error
            ),
            midi=MidiHealth(
                status.port,
                status.alive and status.port_alive,
                status.sent,
                status.sounding,
                status.dropped,
                status.lateness_p99_ms,
                status.lateness_max_ms,
                status.restarts,
            ),
            tracker_load=self._tracker_load,
            missed_beats=self._missed_beats,
            messages=tuple(self._messages),
            performance=performance,
            sync=self._sync.health(),
        )

    # ------------------------------------------------------------------ threads

    def _guard(
        self, work: Callable[[Ring, Pipeline], None], ring: Ring, pipeline: Pipeline
    ) -> None:
        """Run a thread's work; if it dies, notes end and the failure is kept."""
        try:
            work(ring, pipeline)
        except BaseException as failure:
            self._failure = failure
            self._sender.panic()
            self._stopping.set()

    def _track(self, ring: Ring, pipeline: Pipeline) -> None:
        tracker = pipeline.tracker
        assert tracker is not None
        hop_s = tracker.hop_length / tracker.sample_rate
        while not self._stopping.is_set():
            backlog = ring.available - int(BACKLOG_S * tracker.sample_rate)
            if backlog > 0:  # after a stall, hear what is played now
                ring.skip(backlog)
                self._log("skipped", {"seconds": round(backlog / tracker.sample_rate, 2)})
            pcm = ring.read(tracker.hop_length)
            if not pcm.size:
                self._stopping.wait(TICK_S)
                continue
            began_s = time.perf_counter()
            for state in pipeline.listen(pcm):
                busy = (time.perf_counter() - began_s) / hop_s
                self._tracker_load += 0.1 * (busy - self._tracker_load)
                self._osc.emotion(state)
                if self._recorder is not None:
                    self._recorder.emotion(state, self._target)

    def _play(self, _ring: Ring, _pipeline: Pipeline) -> None:
        player = self._player
        assert player is not None
        while not self._stopping.wait(TICK_S):
            while not self._commands.empty():
                self._commands.get()()
            self._take(player.turn(time.perf_counter()))
            self._report_late()
            self._report_trouble()

    def _take(self, step: Step) -> None:
        """Keep and tell what was handed over."""
        self._target = step.target
        for scheduled in step.notes:
            self._notes.append(scheduled.note)
            if self._recorder is not None:
                self._recorder.note(scheduled.note, scheduled.on_s, scheduled.off_s)
        if self._recorder is not None:
            for change in step.controls:
                self._recorder.control(change.control, change.at_s)
        if step.missed_beats:
            self._missed_beats += step.missed_beats
            self._log("missed", {"beats": step.missed_beats})
        beat = int(self._clock.beat_at(time.perf_counter()))
        if beat > self._last_beat and self._clock.running:
            self._osc.beat(beat)
        self._last_beat = beat

    def _note_cut(self, at_s: float, ends: bool) -> None:
        if self._recorder is not None:
            self._recorder.cut(at_s, ends=ends)

    def _report_late(self) -> None:
        for sent in self._sender.drain_sent():
            if sent.lateness_s * 1000.0 > _LATE_LOG_MS:
                late_ms = round(sent.lateness_s * 1000.0, 1)
                self._log("late", {"note_id": sent.note_id, "ms": late_ms})

    # ------------------------------------------------------------------ small helpers

    def _report_trouble(self) -> None:
        """Say once what is wrong with a device or the recording, and when it is well again."""
        found = {
            "audio": self._source.error if self._source is not None else None,
            "recording": self._recorder.error if self._recorder is not None else None,
            "sync": self._sync.health().message or None,
            "engine": (self._pipeline.trouble if self._pipeline is not None else "") or None,
        }
        for place, trouble in found.items():
            if trouble != self._troubles.get(place):
                self._troubles[place] = trouble
                self._log(place, {"what": trouble or "well again"})

    def _log(self, kind: str, values: dict[str, Any]) -> None:
        words = ", ".join(f"{name} {value}" for name, value in values.items())
        self._messages.append(f"{kind}: {words}" if words else kind)
        if self._recorder is not None:
            self._recorder.log(kind, words, **values)

    def _start_recorder(self, folder: Path, input_name: str) -> SessionRecorder:
        config = self.config
        info = describe_run(
            config.performance, seed=config.seed, input_name=input_name, midi_out=config.midi_out
        )
        recorder = SessionRecorder(folder, info, origin_s=self._started_s)
        recorder.start()
        return recorder

    def _running_pipeline(self) -> Pipeline:
        if self._pipeline is None:
            raise RuntimeError("the runtime has not been started")
        return self._pipeline

    def _close(self) -> None:
        """Close in the order that matters to the audience: notes first."""
        if self._player is not None:
            self._player.stop(time.perf_counter())
        self._sender.stop()
        self._sync.close()
        if self._pipeline is not None:
            self._pipeline.close()
        if self._source is not None:
            self._source.stop()
        if self._osc_input is not None:
            self._osc_input.stop()
        self._osc.close()
        if self._recorder is not None:
            self._recorder.close()
