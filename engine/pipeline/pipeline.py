"""The pure chain, without threads: PCM in, notes and controllers with deadlines out.

``listen`` takes sound, ``advance`` takes the time; live, files and tests differ only in who
calls them. The two may be called from two threads: all they share is the latest emotion,
one reference that is replaced whole.
"""

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.choices import AUTO_KEY
from engine.emotion.target import Target
from engine.emotion.tracker import Tracker
from engine.errors import InputError
from engine.events import EmotionState, NoteEvent, TargetState
from engine.generators.protocol import Generator, MusicalContext
from engine.generators.shared.settings import SETTINGS
from engine.music.clock import Clock
from engine.music.plan import Plan, caught_up
from engine.performer.auto_key import AutoKey
from engine.pipeline.arrangement import NO_ARRANGEMENT, Arrangement
from engine.pipeline.arrangement import Order as ArrangerOrder
from engine.pipeline.composer import BarEdit, Composer
from engine.pipeline.dispatch import Dispatch
from engine.pipeline.emotion_controls import EmotionControls
from engine.pipeline.step import NO_INPUTS, Frame, Inputs, Pace, ScheduledControl, Step
from engine.pipeline.writing import FilledBeat
from engine.settings.performance import Performance
from engine.settings.resume import Resume

__all__ = ["Pipeline"]

COMMIT_LEAD_S = 0.15
"""A beat is asked for so long before it starts: time for the slowest `extend`, no more."""

DISPATCH_LEAD_S = 0.05
"""A note is shaped and handed over so long before it sounds; the sender wants 30 ms."""

LATEST_S = 0.08
"""A note filled so long after its onset is still played; a later one is left out."""

LONG_BEATS = 1.0
"""While the beat is unsure, only notes of this length sound [quarter notes]."""

_TOO_LATE = 0.1
"""So shortly before its end a beat is not written again [beats]."""

DRAFT_BEATS = 14
"""So the next bar is drafted as a whole, however long bars are."""

_FALLBACK_KEY = "C:maj"


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
        How far ahead a draft is drawn for display; 0 where none is shown.
    worker : Executor or None
        Does the generator's work, see `engine.pipeline.executors`; None does it within `advance`.
    inputs : Inputs
        Keyboard, pictures, and what else is asked for besides sound.
    loader : Executor or None
        Loads other engines; None: the worker does.
    """

    def __init__(
        self,
        performance: Performance,
        clock: Clock,
        seed: int = 0,
        tracker: Tracker | None = None,
        curve: tuple[tuple[float, float, float], ...] = (),
        draft_beats: int = DRAFT_BEATS,
        worker: Executor | None = None,
        inputs: Inputs = NO_INPUTS,
        loader: Executor | None = None,
    ) -> None:
        self.clock = clock
        self.tracker = tracker
        self._inputs = inputs
        self._listens = tracker is not None if inputs.listens is None else inputs.listens
        self.target = Target(performance, curve)
        self.plan = Plan()
        self.emotion: EmotionState | None = None
        self.key = _FALLBACK_KEY if performance.key == AUTO_KEY else performance.key
        self._auto_key = AutoKey()
        self._listening = False  # the performer at the keyboard has the floor, in this step
        self._performance = performance
        self.composer = Composer(performance, seed, worker, draft_beats, loader)
        self._coming: tuple[Performance, Callable[[], None]] | None = None
        self._next_beat = 0
        self._beat, self._moving = 0.0, False  # at the last step
        self._held_beat = -1
        self._emotion_controls = EmotionControls()
        self._opening: ArrangerOrder | None = None  # ordered while the music stands
        self._resumed: Arrangement | None = None  # of an engine that died
        self._edited = False  # the draft is to be drawn anew
        self._heard: EmotionState | None = None  # one and the same throughout a step
        self._followed: EmotionState | None = None
        self._paced: Pace | None = None
        self._took_over = False
        self._framed = (performance.beats_per_bar, self.key, 0)  # as in `Frame`
        self._dispatch = Dispatch(self.plan, clock)

    @property
    def performance(self) -> Performance:
        """How the pipeline plays now."""
        return self._performance

    @property
    def generator(self) -> Generator:
        """The generator that plays now; a change of engine waits for the bar line."""
        return self.composer.generator

    @property
    def trouble(self) -> str:
        """Why the engine asked for does not play, in one line; empty if it does."""
        return self.composer.trouble or self.composer.mute

    def setting(self, name: str) -> float:
        """Return where one of the engines' own settings stands."""
        known = {item.name: item.default for table in SETTINGS.values() for item in table}
        return float(self._performance.settings.get(name, known[name]))

    def listen(self, pcm: NDArray[np.float32]) -> list[EmotionState]:
        """Track mono PCM at the tracker's rate, shape (n,); return one state per hop."""
        assert self.tracker is not None, "this pipeline does not listen"
        states = self.tracker.push(pcm)
        if states:
            self.emotion = states[-1]
        return states

    def change(self, performance: Performance) -> None:
        """Play differently from now on; engine and key change at the next bar line."""
        self._coming = None
        self._performance = performance
        self.target.change(performance)
        self.composer.change(performance)

    def change_at_bar(
        self, performance: Performance, taken: Callable[[], None] = lambda: None
    ) -> None:
        """Play differently from the next bar line on, or now if the music does not move.

        ``taken`` is called when it happens, just before.
        """
        if not self.clock.running:
            taken()
            self.change(performance)
            return
        self.composer.change(performance)  # another engine gets ready meanwhile
        self._coming = performance, taken

    def resume(self, resume: Resume) -> None:
        """Take over key, target and arrangement of an engine that died."""
        self.key, self._resumed = resume.key, Arrangement.from_spans(resume.spans)
        self.target.resume(resume)

    def regenerate(self, seed: int) -> None:
        """Start the generator's choices anew with another seed, from the next beat on."""
        self.composer.reset(seed)

    def next_bar(self) -> int:
        """Return the next bar line that nothing was committed beyond [beats]."""
        bar = self._performance.beats_per_bar
        return -(-self._next_beat // bar) * bar

    @property
    def arrangement(self) -> Arrangement:
        """What was ordered of intro, fill, break, ending and sections."""
        return self.composer.outline.arrangement

    def ordered_next(self, beat: float) -> str:
        """Return what was ordered and begins after a beat, or with the music; empty if nothing."""
        return self._opening or self.arrangement.coming(beat)

    def arrange(self, order: ArrangerOrder, now_s: float) -> None:
        """Begin an intro, fill, break, ending or section, see `engine.pipeline.arrangement`.

        While the music stands, an intro or a section waits for its start; the others are nothing.
        """
        if not self.clock.running:
            self._opening = order if order in ("intro", "section") else self._opening
            return
        quiet, bar = self.clock.beat_at(now_s + DISPATCH_LEAD_S), self._performance.beats_per_bar
        self.composer.order(order, self._next_beat, quiet, bar, again=self._coming is None)
        self._edited = True

    def edit_bar(self, edit: BarEdit, bar: int | None, ahead: int, target: TargetState) -> int:
        """Lock, clear or redraw a bar that is still to come, see `Composer.edit_bar`.

        ``bar`` is its number from 0; None: so many bars ``ahead`` of the next one that can be
        changed. Returns the number.

        Raises
        ------
        InputError
            The bar has begun, or is not drafted yet.
        """
        length = self._performance.beats_per_bar
        first = self.next_bar() // length
        number = first + ahead if bar is None else bar
        if number < first:
            raise InputError(f"bar must be {first + 1} or later; got {number + 1}")

        def shape(note: NoteEvent) -> NoteEvent | None:
            sounds = note.role in self._performance.parts
            return self.generator.shape(note, target.valence, target.arousal) if sounds else None

        self.composer.edit_bar(edit, number, length, shape)
        self._edited = True
        return number

    def relocate(self, beat: float) -> None:
        """Continue at another musical position: nothing not yet sounding is kept."""
        self.composer.forget()
        self.plan.clear()
        self._next_beat = math.ceil(beat)
        self._dispatch.relocate(beat)
        anew = self._inputs.rounds(self._next_beat).seed is not None
        loops = self._moving and self.clock.running  # what was ordered goes along
        moved = self.arrangement.moved(math.ceil(beat) - math.ceil(self._beat)) if loops else None
        arrangement, self._resumed = self._resumed or moved or NO_ARRANGEMENT, None
        if arrangement != self.arrangement:
            anew = True
            self.composer.arrange(arrangement)
        if self._opening is not None and self.clock.running:
            anew, opening, self._opening = True, self._opening, None
            self.composer.order(opening, self._next_beat, beat, self._performance.beats_per_bar)
        if not anew and self.composer.start_with(self._next_beat):
            self._next_beat += 1

    @property
    def prepared(self) -> FilledBeat | None:
        """What the music would begin with, while it stands; not shaped yet."""
        written = None if self.clock.running else self.composer.prepared
        if written is None or self._inputs.rounds(written.beat).seed is not None:
            return None
        return written

    def shaped(self, written: FilledBeat, target: TargetState) -> list[NoteEvent]:
        """Return the notes of a beat as they are handed over at this target."""
        return [
            self.generator.shape(note, target.valence, target.arousal)
            for note in written.notes
            if note.role in self._performance.parts
        ]

    def close(self) -> None:
        """Give the worker back; nothing can be played after that."""
        self.composer.close()

    def advance(self, now_s: float, pace: Pace | None = None) -> Step:
        """Do what is due at ``now_s``; call every few milliseconds, or hop by hop offline.

        With ``pace``, a run is made again: the worker is taken to be as far as it was then.
        """
        self._heard, self._paced, self._took_over = self.emotion, pace, False
        self._beat = beat = self.clock.beat_at(now_s)
        self._moving = self.clock.running
        self._followed = self._inputs.joined(self._heard, now_s)
        self._listening = self._inputs.listening(self._performance.duet, now_s)
        target = self.target.update(self._followed, now_s, beat)
        if not self._moving:
            self._prepare(beat, target)
            controls = self._controls(math.inf, now_s, beat, target)
            return Step(target, (), controls, 0, None, self._heard, Pace(0, self._took_over))
        missed = self._ask(now_s, target)
        filled, late = self._commit(now_s, beat, target)
        missed += late
        held = self._hold(now_s)
        due_beat = self.clock.beat_at(now_s + DISPATCH_LEAD_S)
        arrangement, parts = self.arrangement, self._performance.parts
        end_by_s = self._dispatch.end_by(due_beat, arrangement)
        shortest = LONG_BEATS if self._inputs.unsure() else 0.0
        notes = self._dispatch.notes(due_beat, target, self.generator, parts, arrangement, shortest)
        controls = self._controls(due_beat, now_s, beat, target)
        missed += held is not None
        frame = Frame(beat, self.clock.tempo_bpm, *self._framed)
        return Step(
            target,
            notes,
            controls,
            missed,
            held,
            self._heard,
            Pace(filled, self._took_over),
            frame,
            end_by_s,
            arrangement.ended(beat),
        )

    def _prepare(self, beat: float, target: TargetState) -> None:
        """Be ready for a start without notice, so that its first notes are not late."""
        self._take_over()
        self.composer.prepare(self._context(math.ceil(beat), target))

    def _ask(self, now_s: float, target: TargetState) -> int:
        """Ask for every beat within the lead; return how many are past and left out."""
        missed = 0
        horizon = self.clock.beat_at(now_s + COMMIT_LEAD_S)
        while self._next_beat <= horizon:
            if self.clock.time_at(self._next_beat + 1) <= now_s:
                missed += 1  # stalled past the whole beat: leave it out, never burst
            else:
                self._at_bar_line()
                now_in = (self._performance.beats_per_bar, self.key)
                if now_in != self._framed[:2]:
                    self._framed = (*now_in, self._next_beat)
                looped = self._inputs.rounds(self._next_beat)
                if looped.seed is not None:
                    self.composer.reset(looped.seed)
                performed = self._auto_key.hear(self._inputs.performed(now_s), self._next_beat)
                context = self._context(self._next_beat, target, performed)
                self.composer.ask(context, looped.shift)
            self._next_beat += 1
        if self.clock.beat_at(now_s + DISPATCH_LEAD_S) < self._next_beat - _TOO_LATE:
            self.composer.revise(self._context(self._next_beat - 1, target))
        return missed

    def _commit(self, now_s: float, beat: float, target: TargetState) -> tuple[int, int]:
        """Take over the beats that have been filled; return how many, and how many too late."""
        missed = 0
        filled = self.composer.collect(None if self._paced is None else self._paced.filled)
        for written in filled:
            missed += self.clock.time_at(written.beat + 1) <= now_s
            earliest = self.clock.beat_at(now_s - LATEST_S)
            notes = list(written.notes)
            if written.again:  # what was handed over stays, the rest is another
                earliest = max(self.clock.beat_at(now_s + DISPATCH_LEAD_S), written.beat)
                self.plan.drop_from(earliest)
                notes = caught_up(notes, earliest, 60.0 / self.clock.tempo_bpm)
            pedal = [replace(move, beat=max(move.beat, earliest)) for move in written.pedal]
            notes = [note for note in notes if note.onset >= earliest]
            self.plan.commit(notes, pedal, exact=written.exact)
            self._dispatch.planned(written.pedal)
        drawn = (filled or self._edited) and self._inputs.drafts()
        if drawn and self.composer.waiting_for is None:
            self._edited = False
            self.composer.sketch(self._context(self._next_beat, target))
        parts = self._performance.parts
        self.plan.draft = tuple(note for note in self.composer.draft if note.role in parts)
        return len(filled), missed

    def _hold(self, now_s: float) -> float | None:
        """Return how long harmony is to hold, once for a beat that is not there in time."""
        waiting = self.composer.waiting_for
        soon = now_s + DISPATCH_LEAD_S
        if waiting is None or waiting == self._held_beat or self.clock.time_at(waiting) > soon:
            return None
        self._held_beat = waiting
        return self.clock.time_at(waiting + 1)

    def _at_bar_line(self) -> None:
        """Take over what may only change on a bar line: engine and key."""
        if self._next_beat % self._performance.beats_per_bar == 0:
            self._take_over()

    def _take_over(self) -> None:
        if self._coming is not None:
            performance, taken = self._coming
            taken()
            self.change(performance)
        if self._performance.key != AUTO_KEY:
            self.key = self._performance.key
        else:
            self.key = self._auto_key.at_bar_line(self._heard) or self.key
        ready = self._paced is None or self._paced.took_over
        if ready and self.composer.at_bar_line():
            self._took_over = True
            self._dispatch.lift(self._next_beat)

    def _context(
        self, beat: int, target: TargetState, performed: tuple[NoteEvent, ...] = ()
    ) -> MusicalContext:
        follows = self._performance.key == AUTO_KEY and self._heard is not None
        chord = self._heard.chord if follows and self._heard is not None else ""
        led = self._inputs.led(self.key)
        return MusicalContext(
            beat=beat,
            tempo_bpm=self.clock.tempo_bpm,
            beats_per_bar=self._performance.beats_per_bar,
            key=self.key,
            chord=led or ("" if chord == "N" else chord),
            valence=target.valence,
            arousal=target.arousal,
            performed=performed,
            listening=self._listening,
            cues=self._inputs.cues(beat),
            led=bool(led),
        )

    def _controls(
        self, until_beat: float, now_s: float, beat: float, target: TargetState
    ) -> tuple[ScheduledControl, ...]:
        """Return pedals that are due, and the emotion: as heard and seen, or the target."""
        parts = self._performance.parts
        pedals = self._dispatch.pedals(until_beat, parts, self.arrangement)
        source = self._followed if self._listens else target
        return pedals + self._emotion_controls.due(source, self._performance, now_s, beat)
