"""The pure chain, without threads: PCM in, notes and controllers with deadlines out.

``listen`` takes sound, ``advance`` takes the time; live, files and tests differ only in who
calls them. The two may be called from two threads: all they share is the latest emotion,
one reference that is replaced whole.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.clock import Clock
from engine.config import AUTO_KEY, Performance
from engine.emotion.target import Target, TargetState
from engine.emotion.tracker import Tracker
from engine.events import ControlEvent, EmotionState, NoteEvent
from engine.generators import Generator, KeyLock, MusicalContext, create_generator
from engine.music.plan import Plan

__all__ = ["Pipeline", "ScheduledControl", "ScheduledNote", "Step"]

COMMIT_LEAD_S = 0.12
"""A beat is fixed so long before it starts: time for the slowest `extend`, no more."""

DISPATCH_LEAD_S = 0.05
"""A note is shaped and handed over so long before it sounds; the sender wants 30 ms."""

CONTROL_INTERVAL_S = 0.05
"""Emotion controllers are sent at most so often: 20 a second look continuous on a fader."""

DRAFT_BEATS = 8
_FALLBACK_KEY = "C:maj"


@dataclass(frozen=True, slots=True)
class ScheduledNote:
    """A shaped note with its deadlines on the caller's clock [s]."""

    note: NoteEvent
    on_s: float
    off_s: float


@dataclass(frozen=True, slots=True)
class ScheduledControl:
    """A controller change with its deadline on the caller's clock [s]."""

    control: ControlEvent
    at_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """What one `Pipeline.advance` decided."""

    target: TargetState
    notes: tuple[ScheduledNote, ...]
    controls: tuple[ScheduledControl, ...]
    missed_beats: int


class Pipeline:
    """Tracker → target → generator → plan.

    Parameters
    ----------
    performance : Performance
        How to play.
    clock : Clock
        Musical time.
    seed : int
        Fixes every choice of the generator.
    tracker : Tracker or None
        None where nothing is heard (``generate``).
    curve : tuple of (float, float, float)
        Points (beat, valence, arousal) for mode ``curve``.
    draft_beats : int
        How far ahead a draft is drawn for display; 0 where nobody looks.
    """

    def __init__(
        self,
        performance: Performance,
        clock: Clock,
        seed: int = 0,
        tracker: Tracker | None = None,
        curve: tuple[tuple[float, float, float], ...] = (),
        draft_beats: int = DRAFT_BEATS,
    ) -> None:
        self.clock = clock
        self.tracker = tracker
        self.target = Target(performance, curve)
        self.plan = Plan()
        self.emotion: EmotionState | None = None
        self.key = _FALLBACK_KEY if performance.key == AUTO_KEY else performance.key
        self._performance = performance
        self._seed = seed
        self._draft_beats = draft_beats
        self._generator = self._create_generator()
        self._next_beat = 0
        self._control_due_s = -math.inf
        self._control_values: dict[int, int] = {}

    @property
    def performance(self) -> Performance:
        """How the pipeline plays now."""
        return self._performance

    @property
    def generator(self) -> Generator:
        """The generator that plays now; a change of engine waits for the bar line."""
        return self._generator

    def listen(self, pcm: NDArray[np.float32]) -> list[EmotionState]:
        """Track mono PCM at the tracker's rate, shape (n,); return one state per hop."""
        assert self.tracker is not None, "this pipeline does not listen"
        states = self.tracker.push(pcm)
        if states:
            self.emotion = states[-1]
        return states

    def change(self, performance: Performance) -> None:
        """Play differently from now on; engine and key change at the next bar line."""
        self._performance = performance
        self.target.change(performance)

    def regenerate(self, seed: int) -> None:
        """Start the generator's choices anew with another seed, from the next beat on."""
        self._seed = seed
        self._generator.reset(seed)

    def next_bar(self) -> int:
        """Return the next bar line that nothing was committed beyond [beats]."""
        bar = self._performance.beats_per_bar
        return -(-self._next_beat // bar) * bar

    def relocate(self, beat: float) -> None:
        """Continue at another musical position: nothing not yet sounding is kept."""
        self.plan.clear()
        self._next_beat = math.ceil(beat)

    def advance(self, now_s: float) -> Step:
        """Do what is due at ``now_s``; call every few milliseconds, or hop by hop offline."""
        beat = self.clock.beat_at(now_s)
        target = self.target.update(self.emotion, now_s, beat)
        if not self.clock.running:
            return Step(target, (), self._controls(now_s, beat, target), 0)
        missed = self._commit_beats(now_s, target)
        notes = []
        for note in self.plan.take_due(self.clock.beat_at(now_s + DISPATCH_LEAD_S)):
            if note.role in self._performance.parts:
                shaped = self._generator.shape(note, target.valence, target.arousal)
                on_s = self.clock.time_at(shaped.onset)
                off_s = self.clock.time_at(shaped.onset + shaped.duration)
                notes.append(ScheduledNote(shaped, on_s, off_s))
        return Step(target, tuple(notes), self._controls(now_s, beat, target), missed)

    def _commit_beats(self, now_s: float, target: TargetState) -> int:
        missed = 0
        committed = False
        horizon = self.clock.beat_at(now_s + COMMIT_LEAD_S)
        while self._next_beat <= horizon:
            if self.clock.time_at(self._next_beat + 1) <= now_s:
                missed += 1  # stalled past the whole beat: leave it out, never burst
            else:
                self._at_bar_line()
                self.plan.commit(self._generator.extend(self._context(self._next_beat, target)))
                committed = True
            self._next_beat += 1
        if committed and self._draft_beats:
            self._draw_draft(target)
        return missed

    def _at_bar_line(self) -> None:
        """Take over what may only change on a bar line: engine and key."""
        if self._next_beat % self._performance.beats_per_bar:
            return
        if self._performance.key != AUTO_KEY:
            self.key = self._performance.key
        elif self.emotion is not None and self.emotion.key:  # empty while unknown
            self.key = self.emotion.key
        if self._generator.name != self._performance.engine:
            self._generator = self._create_generator()

    def _create_generator(self) -> Generator:
        # With somebody else playing in the tracked key, stay within its scale; with a chosen
        # key, its tonic is home and the mode may follow the valence.
        lock: KeyLock = "scale" if self._performance.key == AUTO_KEY else "tonic"
        return create_generator(self._performance.engine, self._seed, lock)

    def _context(self, beat: int, target: TargetState) -> MusicalContext:
        follows = self._performance.key == AUTO_KEY and self.emotion is not None
        chord = self.emotion.chord if follows and self.emotion is not None else ""
        return MusicalContext(
            beat=beat,
            tempo_bpm=self.clock.tempo_bpm,
            beats_per_bar=self._performance.beats_per_bar,
            key=self.key,
            chord="" if chord == "N" else chord,
            valence=target.valence,
            arousal=target.arousal,
        )

    def _draw_draft(self, target: TargetState) -> None:
        state = self._generator.snapshot()
        draft: list[NoteEvent] = []
        for beat in range(self._next_beat, self._next_beat + self._draft_beats):
            draft.extend(self._generator.extend(self._context(beat, target)))
        self._generator.restore(state)
        self.plan.draft = tuple(draft)

    def _controls(
        self, now_s: float, beat: float, target: TargetState
    ) -> tuple[ScheduledControl, ...]:
        """Return the emotion as controllers, unchanged values left out.

        It is the tracked emotion, or the target where nothing is heard.
        """
        source = target if self.tracker is None else self.emotion
        if source is None or now_s < self._control_due_s:
            return ()
        self._control_due_s = now_s + CONTROL_INTERVAL_S
        performance = self._performance
        changed = []
        for control, value in (
            (performance.valence_cc, source.valence),
            (performance.arousal_cc, source.arousal),
        ):
            level = to_controller(value)
            if self._control_values.get(control) != level:
                self._control_values[control] = level
                event = ControlEvent(beat, control, level, performance.control_channel)
                changed.append(ScheduledControl(event, now_s))
        return tuple(changed)


def to_controller(value: float) -> int:
    """Return a value in [-1, 1] as a 7-bit controller, 0..127."""
    return round((min(1.0, max(-1.0, value)) + 1.0) * 63.5)
