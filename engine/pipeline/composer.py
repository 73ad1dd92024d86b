"""The generator's side of the pipeline: who is asked for beats, by whom, and what is drafted.

A generator is only touched by its worker, one job after another: fill a beat, draw one more
beat of the draft, take over settings. The player asks and collects; it never waits.
"""

import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

from engine.choices import AUTO_KEY
from engine.errors import StimmungError
from engine.events import ControlEvent, NoteEvent
from engine.generators.protocol import Generator, KeyLock, MusicalContext
from engine.generators.registry import create_generator
from engine.pipeline.executors import AtOnce
from engine.settings.performance import Performance

__all__ = ["Composer", "FilledBeat"]

DRAFT_TOLERANCE = 0.05
"""A draft is drawn anew once valence or arousal has moved by this much."""

LEAP = 0.25
"""A beat is written again once valence or arousal has moved by this much since."""


@dataclass(frozen=True, slots=True)
class FilledBeat:
    """What a generator wrote for one beat; ``again``: in place of what it wrote before."""

    beat: int
    notes: tuple[NoteEvent, ...]
    pedal: tuple[ControlEvent, ...]
    again: bool = False


class Composer:
    """Asks the performance's generator for beats, and keeps a draft of what would follow.

    Parameters
    ----------
    performance : Performance
        Names the engine, its settings and what locks the key.
    seed : int
        Fixes every choice of the generator.
    worker : Executor or None
        Does the work in order, one job at a time; None does it at once.
    draft_beats : int
        How far ahead a draft is drawn for display; 0 where none is shown.

    Raises
    ------
    StimmungError
        The generator cannot be made.
    """

    def __init__(
        self, performance: Performance, seed: int, worker: Executor | None, draft_beats: int
    ) -> None:
        self.draft: tuple[NoteEvent, ...] = ()
        """Notes of the coming beats, were the target to stay where it is."""
        self.trouble = ""
        """Why the engine that was asked for cannot play, in one line."""
        self._worker = worker or AtOnce()
        self._seed = seed
        self._draft_beats = draft_beats
        self._wanted = _ways(performance)
        self._playing = self._wanted
        self._coming: Future[Generator] | None = None
        self._generator = create_generator(performance.engine, seed, self._wanted[1])
        self._generator.adjust(performance.settings)
        self._pending: deque[tuple[int, Future[FilledBeat]]] = deque()
        self._again: Future[FilledBeat] | None = None
        self._interrupt = threading.Event()
        self._sketch = _Sketch()
        self._prepared: tuple[MusicalContext, Future[FilledBeat]] | None = None
        self._before: object = None  # the generator's state before the beat filled last
        self._asked: MusicalContext | None = None  # for which beat that was, in which context
        self._shift = 0

    @property
    def generator(self) -> Generator:
        """The generator that plays now; a change of engine waits for the bar line."""
        return self._generator

    @property
    def waiting_for(self) -> int | None:
        """The first beat that was asked for and is not filled yet."""
        return self._pending[0][0] if self._pending else None

    def change(self, performance: Performance) -> None:
        """Get another engine ready if one is wanted, and take over settings from now on."""
        wanted = _ways(performance)
        self._worker.submit(self._generator.adjust, dict(performance.settings))
        if wanted != self._wanted:
            self._wanted = wanted
            self._coming = None
            self.trouble = ""
        if wanted != self._playing and self._coming is None and not self.trouble:
            self._coming = self._worker.submit(
                _make, wanted, self._seed, dict(performance.settings)
            )

    def at_bar_line(self) -> bool:
        """Let the engine that is wanted take over if it is ready; return whether it did."""
        coming = self._coming
        if coming is None or not coming.done():
            return False
        self._coming = None
        try:
            self._generator = coming.result()
        except StimmungError as error:
            self.trouble = str(error)  # the one that plays goes on playing
            return False
        self._playing = self._wanted
        self._sketch = _Sketch()
        self._prepared = self._asked = None
        return True

    def reset(self, seed: int) -> None:
        """Start the choices anew with another seed, from the next beat on."""
        self._seed = seed
        self._interrupt.set()
        self._prepared = self._asked = None
        self._worker.submit(self._generator.reset, seed)
        self._sketch = _Sketch()

    def prepare(self, context: MusicalContext) -> None:
        """Have a beat filled that the music may start with; anew where the target has moved."""
        if self._prepared is not None and self._prepared[0].beat == context.beat:
            if _alike(self._prepared[0], context):
                return
        self._unprepare()
        filled = self._worker.submit(self._fill, self._generator, context)
        self._prepared = context, filled

    @property
    def prepared(self) -> FilledBeat | None:
        """The beat that the music would begin with, once it is filled."""
        if self._prepared is None or not self._prepared[1].done():
            return None
        return self._prepared[1].result()

    def start_with(self, beat: int) -> bool:
        """Take the prepared beat as asked for; return whether it was this one."""
        if self._prepared is None or self._prepared[0].beat != beat:
            self._unprepare()
            return False
        self._asked, filled = self._prepared
        self._shift = 0
        self._pending.append((beat, filled))
        self._prepared = None
        return True

    def _unprepare(self) -> None:
        if self._prepared is not None:
            self._prepared = None
            self._worker.submit(lambda generator: generator.restore(self._before), self._generator)

    def _fill(self, generator: Generator, context: MusicalContext, shift: int = 0) -> FilledBeat:
        self._before = generator.snapshot()
        return _fill_moved(shift, generator, context)

    def _fill_again(self, generator: Generator, context: MusicalContext, shift: int) -> FilledBeat:
        generator.restore(self._before)
        return replace(_fill_moved(shift, generator, context), again=True)

    def ask(self, context: MusicalContext, shift: int = 0) -> None:
        """Have one beat filled; beats are asked for in ascending order.

        With ``shift`` it is written as the beat so much earlier, and moved.
        """
        self._interrupt.set()  # a beat that will sound goes before a draft
        filled = self._worker.submit(self._fill, self._generator, context, shift)
        self._asked, self._shift = context, shift
        self._pending.append((context.beat, filled))

    def revise(self, valence: float, arousal: float) -> bool:
        """Have the beat filled last written again if the target has left it; return whether so.

        Nothing happens while beats are being filled, or where the performer has the floor.
        """
        asked = self._asked
        if asked is None or asked.listening or self._pending or self._again is not None:
            return False
        if max(abs(asked.valence - valence), abs(asked.arousal - arousal)) < LEAP:
            return False
        self._interrupt.set()
        self._asked = context = replace(asked, valence=valence, arousal=arousal)
        self._again = self._worker.submit(self._fill_again, self._generator, context, self._shift)
        return True

    def collect(self, most: int | None = None) -> list[FilledBeat]:
        """Return the beats that have been filled since the last call, in order, or some."""
        filled: list[FilledBeat] = []
        if self._again is not None and most != 0:  # it was asked for before all that is pending
            if not self._again.done():
                return []
            filled.append(self._again.result())
            self._again = None
        while self._pending and self._pending[0][1].done() and len(filled) != most:
            filled.append(self._pending.popleft()[1].result())
        return filled

    def sketch(self, context: MusicalContext) -> None:
        """Keep the draft ``draft_beats`` long from this beat on; return at once."""
        if not self._draft_beats:
            return
        self._interrupt = threading.Event()
        end = context.beat + self._draft_beats
        self._worker.submit(self._draw, self._generator, context, end, self._interrupt)

    def forget(self) -> None:
        """Drop what was asked for and drafted: the music goes on elsewhere."""
        self._interrupt.set()
        self._pending.clear()
        self._asked = self._again = None
        self._sketch = _Sketch()
        self.draft = ()

    def close(self) -> None:
        """Give the worker back."""
        self._interrupt.set()
        self._worker.shutdown()

    def _draw(
        self,
        generator: Generator,
        context: MusicalContext,
        end: int,
        interrupt: threading.Event,
    ) -> None:
        """Lengthen the draft, or draw it anew if the music will change."""
        sketch = self._sketch
        state = generator.snapshot()
        if sketch.fits(context):
            generator.restore(sketch.state)
            sketch.drop_before(context.beat)
        else:
            sketch = _Sketch(context)
        while sketch.end < end and not interrupt.is_set():
            ahead = replace(context, beat=sketch.end, performed=())
            sketch.add(_fill(generator, ahead).notes, generator.snapshot())
        generator.restore(state)
        self._sketch = sketch
        self.draft = sketch.notes()


class _Sketch:
    """Drafted beats, and the generator's state after them."""

    def __init__(self, context: MusicalContext | None = None) -> None:
        self.state: object = None
        self._context = context
        self.end = 0 if context is None else context.beat
        self._beats: deque[tuple[int, tuple[NoteEvent, ...]]] = deque()

    def fits(self, context: MusicalContext) -> bool:
        """Return whether the music drafted is still what would be played."""
        drawn = self._context
        return (
            drawn is not None
            and drawn.beat <= context.beat <= self.end
            and self.end > drawn.beat
            and not context.performed
            and _alike(drawn, context)
        )

    def add(self, notes: tuple[NoteEvent, ...], state: object) -> None:
        self._beats.append((self.end, notes))
        self.state = state
        self.end += 1

    def drop_before(self, beat: int) -> None:
        while self._beats and self._beats[0][0] < beat:
            self._beats.popleft()

    def notes(self) -> tuple[NoteEvent, ...]:
        return tuple(note for _, notes in self._beats for note in notes)


def _alike(drawn: MusicalContext, context: MusicalContext) -> bool:
    """Return whether what was drawn for one context will do for another."""
    return (
        abs(drawn.valence - context.valence) < DRAFT_TOLERANCE
        and abs(drawn.arousal - context.arousal) < DRAFT_TOLERANCE
        and _frame(drawn) == _frame(context)
    )


def _frame(context: MusicalContext) -> tuple[object, ...]:
    """Return what must stay as it is for a draft to hold."""
    return context.tempo_bpm, context.beats_per_bar, context.key, context.chord, context.listening


def _fill(generator: Generator, context: MusicalContext) -> FilledBeat:
    notes = tuple(generator.extend(context))
    return FilledBeat(context.beat, notes, tuple(generator.pedal(context)))


def _fill_moved(shift: int, generator: Generator, context: MusicalContext) -> FilledBeat:
    performed = tuple(replace(note, onset=note.onset - shift) for note in context.performed)
    written = _fill(generator, replace(context, beat=context.beat - shift, performed=performed))
    return FilledBeat(
        context.beat,
        tuple(replace(note, onset=note.onset + shift) for note in written.notes),
        tuple(replace(move, beat=move.beat + shift) for move in written.pedal),
    )


def _make(ways: tuple[str, KeyLock], seed: int, settings: Mapping[str, float]) -> Generator:
    generator = create_generator(ways[0], seed, ways[1])
    generator.adjust(settings)
    return generator


def _ways(performance: Performance) -> tuple[str, KeyLock]:
    # With another player in the tracked key, stay within its scale; with a chosen
    # key, its tonic is home and the mode may follow the valence.
    return performance.engine, "scale" if performance.key == AUTO_KEY else "tonic"
