"""The pipeline driven by a file or by nothing, as fast as the machine allows.

Time is the sound's own; otherwise this is what the live runtime does.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.emotion.tracker import Tracker
from engine.events import EmotionState, TargetState
from engine.music.clock import Clock, InternalClock
from engine.performer.primer import Primer
from engine.pipeline.pipeline import COMMIT_LEAD_S, Pipeline
from engine.pipeline.step import Inputs, ScheduledControl, ScheduledNote, Step
from engine.settings.performance import Performance

__all__ = ["Performed", "accompany", "compose"]

TICK_S = 0.01


@dataclass(slots=True)
class Performed:
    """Everything a run heard and played.

    ``emotions`` pairs each tracked state with the target of that moment; ``seconds`` is the
    length of what was heard or composed.
    """

    emotions: list[tuple[EmotionState, TargetState]] = field(default_factory=list)
    notes: list[ScheduledNote] = field(default_factory=list)
    controls: list[ScheduledControl] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, step: Step) -> None:
        """Keep what one step of the pipeline decided."""
        self.notes.extend(step.notes)
        self.controls.extend(step.controls)

    def between(self, first: int, end: int, clock: Clock) -> "Performed":
        """Return what starts in these beats, moved to the beginning; nothing sounds beyond them."""
        began_s, end_s = clock.time_at(first), clock.time_at(end)
        notes = [
            ScheduledNote(
                replace(
                    each.note,
                    onset=each.note.onset - first,
                    duration=min(each.note.duration, end - each.note.onset),
                ),
                each.on_s - began_s,
                min(each.off_s, end_s) - began_s,
            )
            for each in self.notes
            if first <= each.note.onset < end
        ]
        controls = [
            ScheduledControl(
                replace(each.control, beat=max(each.control.beat - first, 0.0)),
                max(each.at_s - began_s, 0.0),
            )
            for each in _settled(self.controls, first)
        ]
        return Performed(self.emotions, notes, controls, end_s - began_s)


def accompany(
    blocks: Iterable[NDArray[np.float32]],
    tracker: Tracker,
    performance: Performance,
    *,
    seed: int = 0,
    seconds: float | None = None,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> Performed:
    """Play along with sound.

    Parameters
    ----------
    blocks : iterable of ndarray
        Mono PCM at the tracker's rate, float32, shape (n,) each.
    tracker : Tracker
        Fresh or reset.
    performance : Performance
        How to play.
    seed : int
        Fixes every choice of the generator.
    seconds : float or None
        Stop after so much sound.
    progress : callable
        Called with the seconds heard so far.
    """
    clock = InternalClock(performance.tempo_bpm)
    pipeline = Pipeline(performance, clock, seed, tracker, draft_beats=0)
    performed = Performed()
    clock.start(0.0)
    now_s = 0.0
    for block in _within(blocks, tracker.sample_rate, seconds):
        performed.seconds += block.size / tracker.sample_rate
        for state in pipeline.listen(block):
            while now_s < state.time_s:
                step = pipeline.advance(now_s)
                performed.take(step)
                now_s += TICK_S
            performed.emotions.append((state, step.target))
        progress(performed.seconds)
    return performed


def _within(
    blocks: Iterable[NDArray[np.float32]], sample_rate: int, seconds: float | None
) -> Iterator[NDArray[np.float32]]:
    """Cut the blocks small, so that notes follow every hop, and stop after ``seconds``."""
    left = None if seconds is None else round(seconds * sample_rate)
    for block in blocks:
        for piece in np.split(block, range(1024, block.size, 1024)):
            if left is not None:
                piece = piece[:left]
                left -= piece.size
            if piece.size:
                yield piece
            if left == 0:
                return


def _settled(controls: list[ScheduledControl], first: int) -> list[ScheduledControl]:
    """Return the controllers from a beat on, and before them the last value of each."""
    earlier = {
        (each.control.channel, each.control.control): each
        for each in controls
        if each.control.beat < first
    }
    return [*earlier.values(), *(each for each in controls if each.control.beat >= first)]


def compose(
    performance: Performance,
    *,
    bars: int,
    seed: int = 0,
    curve: tuple[tuple[float, float, float], ...] = (),
    primer: Primer | None = None,
    progress: Callable[[float], None] = lambda _bar: None,
) -> Performed:
    """Generate music with nothing to hear; the target is the performance's own.

    Notes that start before the last bar line are kept, up to that line; the emotion target comes
    as controllers.

    Parameters
    ----------
    performance : Performance
        How to play.
    bars : int
        How many bars to generate.
    seed : int
        Fixes every choice of the generator.
    curve : tuple of (float, float, float)
        Points (beat, valence, arousal) of mode ``curve``; beat 0 is the first generated one.
    primer : Primer or None
        Heard before the first bar, and gone on from; it is not in the result.
    progress : callable
        Called with the bars generated so far.
    """
    clock = InternalClock(performance.tempo_bpm)
    before = 0 if primer is None else primer.beats
    later = tuple((beat + before, valence, arousal) for beat, valence, arousal in curve)

    def asked(now_s: float) -> int:
        """Return the beat that the pipeline asks for at this time."""
        return math.floor(clock.beat_at(now_s + COMMIT_LEAD_S) + 1e-9)

    inputs = Inputs(listening=lambda _duet, now_s: asked(now_s) < before)
    if primer is not None:
        inputs = replace(inputs, performed=primer.played(asked))
    pipeline = Pipeline(performance, clock, seed, curve=later, draft_beats=0, inputs=inputs)
    performed = Performed()
    end = before + bars * performance.beats_per_bar
    clock.start(0.0)
    ticks = 0
    while (beat := clock.beat_at(ticks * TICK_S)) < end:
        performed.take(pipeline.advance(ticks * TICK_S))
        progress(max(beat - before, 0.0) / performance.beats_per_bar)
        ticks += 1
    return performed.between(before, end, clock)
