"""What happened in a run, for window, page and recording: snapshots, log entries, troubles."""

from collections import deque
from dataclasses import dataclass
from typing import Any

from engine.audio import AudioSource
from engine.events import NoteEvent, TargetState
from engine.mapping.sections import SectionWatch
from engine.midi.plugin_output import LiveOutput
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.step import Frame, Step
from engine.session.recorder import SessionRecorder
from engine.session.turn_log import FrameLog, Order
from engine.snapshot import AudioHealth, LogEntry, MidiHealth, Snapshot, SongLook
from engine.sync.source import SyncSource
from engine.video.video_emotion import VideoEmotion

__all__ = ["Observer", "Watched"]

SHOWN_BEATS = 8.0
_KEPT_NOTES = 4000
_KEPT_MESSAGES = 50


@dataclass(frozen=True, slots=True)
class Watched:
    """The running parts that a snapshot looks at."""

    pipeline: Pipeline
    sync: SyncSource
    source: AudioSource
    sender: LiveOutput
    video: VideoEmotion | None
    sections: SectionWatch
    started_s: float
    pause_s: float
    song: SongLook | None


class Observer:
    """Keeps what was handed over and said; everything also goes to the recorder, if any.

    Parameters
    ----------
    target : TargetState
        The target before the first step.
    """

    def __init__(self, target: TargetState) -> None:
        self.target = target
        self.recorder: SessionRecorder | None = None
        self.tracker_load = 0.0
        self.missed_beats = 0
        self._notes: deque[NoteEvent] = deque(maxlen=_KEPT_NOTES)
        self._frames: deque[Frame] = deque(maxlen=_KEPT_NOTES)
        self._frame_log = FrameLog()
        self._messages: deque[LogEntry] = deque(maxlen=_KEPT_MESSAGES)
        self._troubles: dict[str, str] = {}

    @property
    def notes(self) -> tuple[NoteEvent, ...]:
        """What was handed over lately, as shaped."""
        return tuple(self._notes)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Where tempo, metre or key changed lately."""
        return tuple(self._frames)

    def take(self, step: Step, now_s: float) -> None:
        """Keep what one turn handed over, and when it was."""
        self.target = step.target
        if step.frame is not None and self._frame_log.changed(now_s, step.frame):
            self._frames.append(step.frame)
        if self.recorder is not None:
            self.recorder.turn(now_s, step)
        for scheduled in step.notes:
            self._notes.append(scheduled.note)
            if self.recorder is not None:
                self.recorder.note(scheduled.note, scheduled.on_s, scheduled.off_s)
        if self.recorder is not None:
            for change in step.controls:
                self.recorder.control(change.control, change.at_s)
        if step.missed_beats:
            self.missed_beats += step.missed_beats
            self.log("missed", {"beats": step.missed_beats})

    def ordered(self, order: Order) -> None:
        """Keep an order of those that shape the music; called as it is carried out."""
        if self.recorder is not None:
            self.recorder.order(order)

    def cut(self, at_s: float, ends: bool) -> None:
        """Keep that notes from a time on were withdrawn, and whether what sounded was ended."""
        if self.recorder is not None:
            self.recorder.cut(at_s, ends=ends)

    def log(self, kind: str, values: dict[str, Any]) -> None:
        """Keep what happened, for the window, the page and the recording."""
        entry = LogEntry(kind, values)
        self._messages.append(entry)
        if self.recorder is not None:
            self.recorder.log(entry)

    def trouble(self, found: dict[str, str | None]) -> None:
        """Log once what is wrong at each place, and when it works again."""
        for place, trouble in found.items():
            if (trouble or "") != self._troubles.get(place, ""):
                self._troubles[place] = trouble or ""
                self.log(place, {"what": trouble or "works again"})

    def snapshot(self, watched: Watched, now_s: float) -> Snapshot:
        """Return what may be seen now; cheap enough for thirty a second."""
        pipeline, source, sections = watched.pipeline, watched.source, watched.sections
        clock = watched.sync.clock
        status = watched.sender.status()
        beat = clock.beat_at(now_s)
        performance = pipeline.performance
        shown = beat - SHOWN_BEATS
        return Snapshot(
            time_s=now_s - watched.started_s,
            running=clock.running,
            beat=beat,
            tempo_bpm=clock.tempo_bpm,
            beats_per_bar=performance.beats_per_bar,
            engine=pipeline.generator.name,
            mode=performance.mode,
            frozen=self.target.frozen,
            emotion=pipeline.emotion,
            target_valence=self.target.valence,
            target_arousal=self.target.arousal,
            remaining_s=self.target.remaining_s,
            key=pipeline.key,
            notes=tuple(n for n in tuple(self._notes) if n.onset + n.duration > shown),
            committed=pipeline.plan.committed,
            draft=pipeline.plan.draft,
            audio=AudioHealth(
                source.name,
                source.alive,
                source.level,
                source.overruns,
                source.error,
                source.peak,
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
                round(1000.0 * status.latency_s, 1),
            ),
            tracker_load=self.tracker_load,
            missed_beats=self.missed_beats,
            messages=tuple(self._messages),
            performance=performance,
            sync=watched.sync.health(),
            video=None if watched.video is None else watched.video.health(),
            at_s=now_s,
            section=sections.section,
            build=sections.build,
            drop=sections.drop,
            spans=pipeline.arrangement.to_spans(),
            arranging=pipeline.arrangement.at(beat) if clock.running else "",
            arranging_next=pipeline.ordered_next(beat),
            locked=pipeline.composer.outline.locked_bars(performance.beats_per_bar),
            pause_s=watched.pause_s,
            song=watched.song,
            troubles=tuple(f"{place}: {what}" for place, what in self._troubles.items() if what),
        )
