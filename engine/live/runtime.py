"""The live engine: a tracker thread and a player thread around the pipeline.

::

    source process ─ Ring ─ [tracker thread] Pipeline.listen ─ OSC, recorder
                                   │ latest emotion
                            [player thread]  Pipeline.advance ─ sender process
                                   ▲ commands

Nothing here sends MIDI or touches a sound card: both live in processes of their own, so a
busy engine delays neither. Constructors start nothing.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

from engine.audio import AudioSource, NoInput, Ring, open_source
from engine.emotion.tracker import Tracker
from engine.errors import StimmungError
from engine.events import TargetState
from engine.live.cc_output import MappedOutput
from engine.live.heard_beats import HeardBeats
from engine.live.observer import Observer, Watched
from engine.live.orders import Orders
from engine.live.overload import MAX_LEVEL, Overload
from engine.live.plugin import PluginFront
from engine.live.prepared import Prepared
from engine.live.services import Services
from engine.mapping.input import InputMapper
from engine.midi.input.port import MidiInput
from engine.midi.plugin_output import LiveOutput
from engine.midi.sender.client import SenderClient
from engine.performer.keyboards import Keyboards
from engine.performer.thru import Thru
from engine.performer.turns import Pauses
from engine.pipeline.executors import generator_thread
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.pipeline.step import Inputs
from engine.session.info import describe_run
from engine.session.recorder import SessionRecorder
from engine.session.rerun import describe_inputs
from engine.session.turn_log import Order, on_grid
from engine.settings.latencies import shift_s
from engine.settings.players import load_pauses, save_pauses
from engine.settings.run import LiveConfig
from engine.snapshot import Snapshot
from engine.sync.leader import ClockLeader
from engine.sync.source import open_sync
from engine.video.video_emotion import VideoEmotion

__all__ = ["Runtime"]

TICK_S = 0.005
"""Period of the player thread; far below its 50 ms hand-over lead."""

RING_S = 4.0
BACKLOG_S = 1.0
"""Sound older than this is skipped: a late emotion is worse than a gap."""

_OVERLOADED_HOPS = 4
_LATE_LOG_MS = 5.0


class Runtime:
    """Runs one `LiveConfig` until stopped.

    ``start`` opens everything or raises and leaves nothing open; ``stop`` ends every note.
    All public methods may be called from any thread. ``prepared`` holds what was loaded beforehand.
    """

    def __init__(self, config: LiveConfig, prepared: Prepared | None = None) -> None:
        self.config = config
        self._prepared = prepared
        self._pipeline: Pipeline | None = None
        self._player: Player | None = None
        self._plugin = PluginFront(config)
        self._sync = self._plugin.sync or open_sync(config)
        self._clock = self._sync.clock
        self._source: AudioSource | None = None
        self._sender: LiveOutput = self._plugin.output or SenderClient(
            config.output,
            latency_s=(config.latency_ms or 0.0) / 1000.0,
            ready=None if prepared is None else prepared.take_sender(config.output),
        )
        self._observer = Observer(
            TargetState(0.0, 0.0, config.performance.mode, frozen=False, remaining_s=0.0)
        )
        self._port = ""  # as it was called last
        self._mapped_output = MappedOutput(self._sender)
        self.orders = Orders(config, self._sync, self._sender, self._observer)
        """What may be ordered while it plays; from any thread."""
        self._services = Services(config, self.orders)
        self._beats = HeardBeats.of(self._sync, self.orders, self._observer)
        self._keyboards = Keyboards(
            [MidiInput(name, port_name="Stimmung keys") for name in config.keys_in],
            self._clock,
            InputMapper(self.orders),
            Thru(self._sender) if config.thru else None,
            config.seed,
        )
        self._keyboards.turns.pauses = Pauses(load_pauses(config.player))
        self._sender.watch(self._keyboards.feedback.sent)
        self._video: VideoEmotion | None = None
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._overload = Overload(TICK_S)
        self._started_s = 0.0
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
        """Whether the input file has been played to its end; without sound, the film."""
        if isinstance(self._source, NoInput) and self._video is not None:
            return self._video.input.ended
        return self._source is not None and self._source.ended

    @property
    def failure(self) -> BaseException | None:
        """What ended a worker thread, or None; the sender has ended all notes then."""
        return self._failure

    @property
    def monitor_url(self) -> str:
        """Address of the stage-side page; empty if none is served."""
        return self._services.monitor_url

    @property
    def oscquery_url(self) -> str:
        """Address of the list of OSC addresses; empty if none is served."""
        return self._services.oscquery_url

    @property
    def session_folder(self) -> Path | None:
        """The folder that is recorded into, or None."""
        recorder = self._observer.recorder
        return recorder.folder if recorder is not None else None

    def start(self) -> None:
        """Open input, model, port and session folder, and begin to play.

        Raises
        ------
        StimmungError
            Whatever cannot be opened; nothing is left open or half-written.
        """
        config = self.config
        beside = ThreadPoolExecutor(1)  # opening the port and loading the model take about as long
        try:
            self._started_s = time.perf_counter()
            port = beside.submit(self._sender.start)
            tracker = (
                Tracker(beside=True) if self._prepared is None else self._prepared.take_tracker()
            )
            ring = Ring(int(RING_S * tracker.sample_rate), tracker.sample_rate)
            if config.video:
                self._video = VideoEmotion(config.video, self._clock, config.neutral, config.clip)
            self._pipeline = Pipeline(
                config.performance,
                self._clock,
                config.seed,
                tracker,
                config.curve,
                worker=generator_thread(),
                inputs=self._inputs(),
                loader=generator_thread(),
            )
            leader = ClockLeader(self._sender) if config.clock_out else None
            self._player = Player(
                self._pipeline, self._sync, self._sender, leader, self._observer.cut
            )
            self.orders.serve(self._pipeline, self._keyboards)
            self._plugin.start(lambda: self.orders.performance)
            self._sync.open()
            self._keyboards.open()
            # Who takes over begins to play before the sound is back.
            self._source = self._plugin.source or open_source(
                config.input or None, patient=config.resume is not None
            )
            port.result()
            self._follow_port()
            self._services.open(self.snapshot)
            self._source.start(ring)
            if self._video is not None:
                self._video.input.start()
            if config.record is not None:  # last: what cannot start leaves no folder behind
                self._start_recorder(config.record, self._source.name, tracker.sample_rate)
        except BaseException:
            beside.shutdown()
            self._close()
            raise
        beside.shutdown()
        if config.resume is not None:
            self._pipeline.resume(config.resume)
            for channel, pitch in config.resume.sounding:
                self._sender.release(channel, pitch)
        begin_s = time.perf_counter()
        self._observer.ordered(Order(begin_s, "begin"))
        self._sync.begin(begin_s, config.resume)
        for work in (self._track, self._play):
            thread = threading.Thread(
                target=self._guard, args=(work, ring, self._pipeline), name=work.__name__
            )
            thread.start()
            self._threads.append(thread)

    def stop(self, *, in_background: bool = False) -> None:
        """End every note, close everything, and write the session's files.

        With ``in_background`` another process writes them, and nobody waits for it.
        """
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._close(in_background=in_background)

    @property
    def overload(self) -> int:
        """How much is left out under overload, see `engine.live.overload`."""
        return self._overload.level

    def snapshot(self) -> Snapshot:
        """Return what an observer may see; cheap enough for thirty a second."""
        if self._pipeline is None or self._source is None:
            raise RuntimeError("the runtime has not been started")
        watched = Watched(
            self._pipeline,
            self._sync,
            self._source,
            self._sender,
            self._video,
            self._mapped_output.sections,
            self._started_s,
            self._keyboards.turns.pause_s(self._keyboards.pause_s),
            self.orders.songs.look,
        )
        snapshot = self._observer.snapshot(watched, time.perf_counter())
        return replace(snapshot, lights=self._services.colours)

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
        tracker, observer = pipeline.tracker, self._observer
        assert tracker is not None
        hop_s = tracker.hop_length / tracker.sample_rate
        while not self._stopping.is_set():
            backlog = ring.available - int(BACKLOG_S * tracker.sample_rate)
            if backlog > 0:  # after a stall, hear what is played now
                ring.skip(backlog)
                if self._beats is not None:
                    self._beats.skip(backlog)
                self._observer.log("skipped", {"seconds": round(backlog / tracker.sample_rate, 2)})
            hops = _OVERLOADED_HOPS if self._overload.level >= MAX_LEVEL else 1
            if hops > 1 and ring.available < hops * tracker.hop_length:
                self._stopping.wait(TICK_S)
                continue
            pcm = ring.read(hops * tracker.hop_length)
            if not pcm.size:
                self._stopping.wait(TICK_S)
                continue
            if observer.recorder is not None:
                observer.recorder.sound(pcm)
            if self._beats is not None:
                self._beats.hear(pcm, ring.available)
            began_s = time.perf_counter()
            for state in pipeline.listen(pcm):
                busy = (time.perf_counter() - began_s) / hop_s
                observer.tracker_load += 0.1 * (busy - observer.tracker_load)
                if observer.recorder is not None:
                    observer.recorder.emotion(state, observer.target)

    def _play(self, _ring: Ring, pipeline: Pipeline) -> None:
        player = self._player
        assert player is not None
        while not self._stopping.wait(TICK_S):
            now_s = on_grid(time.perf_counter(), self._started_s)
            self._plugin.turn(self.orders, pipeline, self._observer.target, now_s)
            self.orders.carry_out(now_s)
            self._overload.turn(now_s)
            performance = pipeline.performance
            if self._video is not None:
                self._video.weight = performance.video_weight
            self._keyboards.mapper.change(performance.inputs)
            self._keyboards.poll(now_s, self._sync.take_messages())
            self._keyboards.move(performance, self._observer.target, now_s)
            step = player.turn(now_s)
            self._observer.take(step, now_s)
            if step.ended:
                self.orders.songs.ended()
            if self._beats is not None:
                self._beats.turn(performance, step)
            beat = None if self._beats is None else self._beats.heard
            moment = self._mapped_output.turn(pipeline, step.target, self._clock, now_s, beat)
            self._services.turn(moment, now_s)
            self._report_late()
            self._follow_port()
            self._report_trouble()

    def _report_late(self) -> None:
        for sent in self._sender.drain_sent():
            if sent.lateness_s * 1000.0 > _LATE_LOG_MS:
                late_ms = round(sent.lateness_s * 1000.0, 1)
                self._observer.log("late", {"note_id": sent.note_id, "ms": late_ms})

    # ------------------------------------------------------------------ small helpers

    def _follow_port(self) -> None:
        """Say when something else sounds now; the latency that was measured for it counts."""
        port = self._sender.port
        if port != self._port:
            if self._port:
                self._observer.log("output", {"port": port})
            self._port = port
            self._sender.set_latency(shift_s(port, self.config.latency_ms))

    def _report_trouble(self) -> None:
        recorder = self._observer.recorder
        self._observer.trouble(
            {
                "audio": self._source.error if self._source is not None else None,
                "recording": recorder.error if recorder is not None else None,
                "sync": self._sync.health().message,
                "load": self._overload.words,
                "engine": self._pipeline.trouble if self._pipeline is not None else None,
                "keyboard": self._keyboards.trouble,
                "video": self._video.input.error if self._video is not None else None,
                **self._services.troubles,
            }
        )

    def _start_recorder(self, folder: Path, input_name: str, sound_rate: int) -> None:
        config = self.config
        info = describe_run(
            config.performance,
            seed=config.seed,
            input_name=input_name,
            midi_out=config.midi_out,
            run=describe_inputs(config, self._started_s),
        )
        recorder = SessionRecorder(
            folder,
            info,
            origin_s=self._started_s,
            sound_rate=sound_rate if config.record_audio else None,
        )
        recorder.start()
        self._observer.recorder = recorder

    def _inputs(self) -> Inputs:
        """Return what the pipeline asks keyboards, pictures, the beat and overload for."""
        inputs = Inputs(
            performed=self._keyboards.performed,
            listening=self._keyboards.listening,
            led=self._keyboards.led,
            rounds=self._plugin.rounds,
            drafts=lambda: self._overload.level == 0,
        )
        if self._beats is not None:
            inputs = replace(inputs, unsure=self._beats.unsure)
        video = self._video
        return inputs if video is None else replace(inputs, joined=video.join, cues=video.cues)

    def _close(self, *, in_background: bool = False) -> None:
        """Close in the order that matters to the audience: notes first."""
        if self._player is not None:
            self._player.stop(time.perf_counter())
        self._sender.stop()
        self._plugin.stop()
        self._keyboards.close()
        try:
            save_pauses(self.config.player, self._keyboards.turns.pauses.longest)
        except StimmungError as error:
            self.orders.complain(str(error))
        self._sync.close()
        if self._pipeline is not None:
            self._pipeline.close()
            if self._pipeline.tracker is not None:
                self._pipeline.tracker.close()
        if self._source is not None:
            self._source.stop()
        if self._video is not None:
            self._video.input.stop()
        self._services.close()
        if self._observer.recorder is not None:
            self._observer.recorder.close(in_background=in_background)
