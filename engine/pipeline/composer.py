"""The generator's side of the pipeline: who is asked for beats, by whom, and what is drafted.

A generator is only touched by its worker, one job after another: fill a beat, draw one more
beat of the draft, take over settings. The player asks and collects; it never waits.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Literal, get_args

from engine.choices import AUTO_KEY, check_choice
from engine.errors import InputError, StimmungError
from engine.events import NoteEvent
from engine.generators.protocol import Generator, KeyLock, MusicalContext
from engine.generators.registry import create_generator
from engine.pipeline.arrangement import Arrangement
from engine.pipeline.arrangement import Order as ArrangerOrder
from engine.pipeline.executors import AtOnce
from engine.pipeline.sketch import Sketch, alike
from engine.pipeline.writing import PLAIN, Drafted, FilledBeat, Outline, Writer
from engine.settings.performance import Performance

__all__ = ["BarEdit", "Composer"]

BarEdit = Literal["lock", "clear", "redraw"]

LEAP = 0.25
"""A beat is written again once valence or arousal has moved by this much since."""

_MOST_KEPT = 512
"""Locked beats, and bars drawn anew, that are kept."""


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
    loader : Executor or None
        Loads other engines while this one plays; None: the worker does.

    Raises
    ------
    StimmungError
        The generator cannot be made.
    """

    def __init__(
        self,
        performance: Performance,
        seed: int,
        worker: Executor | None,
        draft_beats: int,
        loader: Executor | None = None,
    ) -> None:
        self.draft: tuple[NoteEvent, ...] = ()
        """Notes of the coming beats, were the target to stay where it is."""
        self.drafted: tuple[Drafted, ...] = ()
        """These beats; replaced as a whole by the worker."""
        self.trouble = ""
        """Why the engine that was asked for cannot play, in one line."""
        self._worker = worker or AtOnce()
        self._loader = loader or self._worker
        self._ready: tuple[tuple[str, KeyLock, str], Future[Writer]] | None = None
        self._seed = seed
        self._draft_beats = draft_beats
        self._wanted = _ways(performance)
        self._manner = dict(performance.settings), performance.parts
        self._playing = self._wanted
        self._coming: Future[Writer] | None = None
        self._writer = _make(self._wanted, seed, performance)
        self.outline = PLAIN
        """What was decided about beats to come."""
        self._pending: deque[tuple[int, Future[FilledBeat]]] = deque()
        self._again: Future[FilledBeat] | None = None
        self._interrupt = threading.Event()
        self._sketch = Sketch()
        self._prepared: tuple[MusicalContext, Future[FilledBeat], Outline] | None = None
        self._before: object = None  # the generator's state before the beat filled last
        self._asked: MusicalContext | None = None  # for which beat that was, in which context
        self._shift = 0

    @property
    def generator(self) -> Generator:
        """The generator that plays now; a change of engine waits for the bar line."""
        return self._writer.generator

    @property
    def mute(self) -> str:
        """Why nothing sounds, in one line, if parts are chosen and none is one of the engine's."""
        own, parts = [role for role, _ in self.generator.roles], self._manner[1]
        if not parts or not set(own).isdisjoint(parts):
            return ""
        name = self.generator.name
        return f"{name} plays {', '.join(own)} and none of the parts chosen: {', '.join(parts)}"

    @property
    def waiting_for(self) -> int | None:
        """The first beat that was asked for and is not filled yet."""
        return self._pending[0][0] if self._pending else None

    def change(self, performance: Performance) -> None:
        """Get another engine ready if one is wanted, and take over settings from now on."""
        wanted = _ways(performance)
        self._manner = dict(performance.settings), performance.parts
        self._worker.submit(self._writer.adjust, *self._manner)
        if wanted != self._wanted:
            self._wanted = wanted
            self._coming = None
            self.trouble = ""
        if wanted != self._playing and self._coming is None and not self.trouble:
            self._coming = self._load(wanted, performance)
            self._ready = None

    def preload(self, performance: Performance) -> None:
        """Load the engine of a performance that may come next; nothing if it plays already."""
        ways = _ways(performance)
        if ways == self._playing:
            self._ready = None
        elif self._ready is None or self._ready[0] != ways:
            self._ready = ways, self._load(ways, performance)

    @property
    def preloaded(self) -> bool:
        """Whether that engine is there."""
        return self._ready is None or self._ready[1].done()

    def _load(self, ways: tuple[str, KeyLock, str], performance: Performance) -> Future[Writer]:
        if self._ready is not None and self._ready[0] == ways:
            return self._ready[1]
        return self._loader.submit(_make, ways, self._seed, performance)

    def at_bar_line(self) -> bool:
        """Let the engine that is wanted take over if it is ready; return whether it did."""
        coming = self._coming
        if coming is None or not coming.done():
            return False
        self._coming = None
        try:
            self._writer = coming.result()
            self._worker.submit(self._writer.begin, self._seed, *self._manner)
        except StimmungError as error:
            self.trouble = str(error)  # the one that plays goes on playing
            return False
        self._playing = self._wanted
        self._sketch = Sketch()
        self._prepared = self._asked = None
        return True

    def reset(self, seed: int) -> None:
        """Start the choices anew with another seed, from the next beat on."""
        self._seed = seed
        self._interrupt.set()
        self._prepared = self._asked = None
        self._worker.submit(self._writer.reset, seed)
        self._sketch = Sketch()

    def prepare(self, context: MusicalContext) -> None:
        """Have a beat filled that the music may start with; anew where the target has moved."""
        if self._prepared is not None and self._prepared[0].beat == context.beat:
            if self._prepared[2] == self.outline and alike(self._prepared[0], context):
                return
        self._unprepare()
        filled = self._worker.submit(self._fill, self._writer, context, self.outline)
        self._prepared = context, filled, self.outline

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
        self._asked, filled, _ = self._prepared
        self._shift = 0
        self._pending.append((beat, filled))
        self._prepared = None
        return True

    def _unprepare(self) -> None:
        if self._prepared is not None:
            self._prepared = None
            self._worker.submit(lambda writer: writer.restore(self._before), self._writer)

    def _fill(
        self, writer: Writer, context: MusicalContext, outline: Outline, shift: int = 0
    ) -> FilledBeat:
        self._before = writer.snapshot()
        return writer.write(context, outline, shift)

    def _fill_again(
        self, writer: Writer, context: MusicalContext, outline: Outline, shift: int
    ) -> FilledBeat:
        writer.restore(self._before)
        return replace(writer.write(context, outline, shift), again=True)

    def ask(self, context: MusicalContext, shift: int = 0) -> None:
        """Have one beat filled; beats are asked for in ascending order.

        With ``shift`` it is written as the beat so much earlier, and moved.
        """
        self._interrupt.set()  # a beat that will sound goes before a draft
        filled = self._worker.submit(self._fill, self._writer, context, self.outline, shift)
        self._asked, self._shift = context, shift
        self._pending.append((context.beat, filled))

    def revise(self, context: MusicalContext) -> bool:
        """Have the beat filled last written again if it is another music now; return whether so.

        That is where the target has leapt, or a chord is commanded. Nothing happens while beats are
        being filled, where the performer has the floor, or where the beat is locked.
        """
        asked = self._asked
        if asked is None or asked.listening or asked.beat in self.outline.locked:
            return False
        moved = max(abs(asked.valence - context.valence), abs(asked.arousal - context.arousal))
        if moved < LEAP and not (context.led and context.chord != asked.chord):
            return False
        return self.rewrite(replace(context, beat=asked.beat, performed=asked.performed))

    def rewrite(self, context: MusicalContext | None = None) -> bool:
        """Have the beat filled last written again; return whether that is possible."""
        context = context or self._asked
        if context is None or self._pending or self._again is not None:
            return False
        self._interrupt.set()
        self._asked = context
        self._again = self._worker.submit(
            self._fill_again, self._writer, context, self.outline, self._shift
        )
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
        self._worker.submit(self._draw, self._writer, context, self.outline, end, self._interrupt)

    # ------------------------------------------------------------------ bars in the hand

    def edit_bar(
        self, edit: BarEdit, bar: int, length: int, shape: Callable[[NoteEvent], NoteEvent | None]
    ) -> None:
        """Change a bar of so many beats that is not asked for yet, by its number from 0.

        ``lock`` keeps its drafted beats, to be played as they are, or frees it if it is locked;
        ``clear`` plays nothing in it; ``redraw`` has other notes written. ``shape`` gives a locked
        note its velocity and length for good, or None to leave it out.

        Raises
        ------
        InputError
            The bar is not drafted, or ``edit`` is none of these.
        """
        check_choice("edit", edit, get_args(BarEdit))
        beats = range(bar * length, (bar + 1) * length)
        locked, variants = dict(self.outline.locked), dict(self.outline.variants)
        drafted = {d.filled.beat: d for d in self.drafted if d.filled.beat in beats}
        was_locked = beats.start in locked
        for beat in beats:
            locked.pop(beat, None)
        if edit == "redraw":
            variants[beats.start] = variants.get(beats.start, 0) + 1
        elif edit == "clear":
            for beat in beats:
                kept = drafted.get(beat, Drafted(FilledBeat(beat, (), ())))
                locked[beat] = replace(kept, filled=FilledBeat(beat, (), (), exact=True))
        elif not was_locked:
            if len(drafted) < length:
                raise InputError(f"bar {bar + 1} is not drafted yet")
            for beat, kept in drafted.items():
                notes = tuple(filter(None, map(shape, kept.filled.notes)))
                locked[beat] = replace(kept, filled=replace(kept.filled, notes=notes, exact=True))
        for table in (locked, variants):
            while len(table) > _MOST_KEPT:
                del table[min(table)]
        self.outline = replace(self.outline, locked=locked, variants=variants)

    def arrange(self, arrangement: Arrangement) -> None:
        """Write in another arrangement from the next beat on."""
        self.outline = replace(self.outline, arrangement=arrangement)

    def order(
        self,
        order: ArrangerOrder,
        next_beat: int,
        quiet: float,
        beats_per_bar: int,
        *,
        again: bool = True,
    ) -> None:
        """Add an order to the arrangement; a beat not begun may be written ``again`` for it.

        Parameters
        ----------
        order : str
            One of `engine.pipeline.arrangement.ORDERS`.
        next_beat : int
            First beat that is not asked for yet.
        quiet : float
            First position that is not handed over yet [beats].
        beats_per_bar : int
            Length of a bar [beats].
        """
        before = self.outline.arrangement.pruned(quiet)
        if again and next_beat - 1 >= quiet:
            self.arrange(before.ordered(order, next_beat - 1, quiet, beats_per_bar))
            if self.rewrite():
                return
        self.arrange(before.ordered(order, next_beat, quiet, beats_per_bar))

    def forget(self) -> None:
        """Drop what was asked for and drafted: the music goes on elsewhere."""
        self._interrupt.set()
        self._pending.clear()
        self._asked = self._again = None
        self._sketch = Sketch()
        self.drafted, self.draft = (), ()

    def close(self) -> None:
        """Give the worker back."""
        self._interrupt.set()
        self._worker.shutdown()
        self._loader.shutdown()

    def _draw(
        self,
        writer: Writer,
        context: MusicalContext,
        outline: Outline,
        end: int,
        interrupt: threading.Event,
    ) -> None:
        """Lengthen the draft, or draw it anew if the music will change."""
        sketch = self._sketch
        state = writer.snapshot()
        if sketch.fits(context, outline):
            writer.restore(sketch.state)
            sketch.drop_before(context.beat)
        else:
            sketch = Sketch(context, outline)
        while sketch.end < end and not interrupt.is_set():
            ahead = replace(context, beat=sketch.end, performed=())
            sketch.add(Drafted(writer.write(ahead, outline), writer.snapshot(), writer))
        writer.restore(state)
        self._sketch = sketch
        self.drafted, self.draft = sketch.beats, sketch.notes


def _make(ways: tuple[str, KeyLock, str], seed: int, performance: Performance) -> Writer:
    generator = create_generator(ways[0], seed, *ways[1:])
    generator.adjust(performance.settings)
    return Writer(generator, seed, performance.parts)


def _ways(performance: Performance) -> tuple[str, KeyLock, str]:
    # With another player in the tracked key, stay within its scale; with a chosen
    # key, its tonic is home and the mode may follow the valence.
    lock: KeyLock = "scale" if performance.key == AUTO_KEY else "tonic"
    return performance.engine, lock, performance.style
