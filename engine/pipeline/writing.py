"""One engine at work: beats written in the arrangement, locked bars kept, bars drawn anew.

Everything here runs on the generator's worker, drafts and played beats alike, so that a draft shows
what would be played.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from zlib import crc32

from engine.events import ControlEvent, NoteEvent
from engine.generators.protocol import Generator, MusicalContext
from engine.pipeline.arrangement import NO_ARRANGEMENT, Arrangement

__all__ = ["PLAIN", "Drafted", "FilledBeat", "Outline", "Writer"]

_RECENT_BEATS: Final = 8


@dataclass(frozen=True, slots=True)
class FilledBeat:
    """What is to be played in one beat.

    ``again``: in place of what was written for it before; ``exact``: with the velocities and
    lengths that the notes have.
    """

    beat: int
    notes: tuple[NoteEvent, ...]
    pedal: tuple[ControlEvent, ...]
    again: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Drafted:
    """A drafted beat, and the writer's state after it; ``writer`` is whose state that is."""

    filled: FilledBeat
    after: object = None
    writer: "Writer | None" = None


@dataclass(frozen=True, slots=True)
class Outline:
    """What was decided about beats to come, besides emotion and harmony; a value.

    Attributes
    ----------
    arrangement : Arrangement
        Intro, fill, break, ending, sections.
    locked : mapping of int to Drafted
        Beats that are played as they were shown.
    variants : mapping of int to int
        First beat of a bar → how often it was drawn anew.
    """

    arrangement: Arrangement = NO_ARRANGEMENT
    locked: Mapping[int, Drafted] = field(default_factory=dict)
    variants: Mapping[int, int] = field(default_factory=dict)

    def locked_bars(self, beats_per_bar: int) -> tuple[int, ...]:
        """Return the bars that are locked, counted from 0, those without notes included."""
        return tuple(sorted({beat // beats_per_bar for beat in self.locked}))

    def seed(self, seed: int, beat: int, beats_per_bar: int) -> int:
        """Return the seed of a beat: that of the run, or another in a new section or bar."""
        section = self.arrangement.sections(beat)
        variant = self.variants.get(beat - beat % beats_per_bar, 0)
        if not section and not variant:
            return seed
        bar = beat // beats_per_bar if variant else 0
        return crc32(f"{seed} {section} {bar} {variant}".encode()) & 0x7FFFFFFF


PLAIN = Outline()


class Writer:
    """An engine, with the seed it draws from and what it wrote lately. Worker thread only.

    Parameters
    ----------
    generator : Generator
        The engine.
    seed : int
        What it was made with.
    parts : tuple of str
        Parts that are to sound.
    """

    def __init__(self, generator: Generator, seed: int, parts: tuple[str, ...]) -> None:
        self.generator = generator
        self._seed = seed
        self._sown = seed
        self._parts = parts
        self._recent: tuple[NoteEvent, ...] = ()

    def adjust(self, settings: Mapping[str, float], parts: tuple[str, ...]) -> None:
        """Take over settings and parts."""
        self.generator.adjust(settings)
        self._parts = parts

    def begin(self, seed: int, settings: Mapping[str, float], parts: tuple[str, ...]) -> None:
        """Take over what may have changed since this one was made."""
        if seed != self._seed:
            self.reset(seed)
        self.adjust(settings, parts)

    def reset(self, seed: int) -> None:
        """Forget everything played, and draw from another seed."""
        self._seed = self._sown = seed
        self.generator.reset(seed)
        self._recent = ()

    def snapshot(self) -> object:
        """Return the state, to be given to `restore`."""
        return self.generator.snapshot(), self._recent

    def restore(self, state: object) -> None:
        """Go back to a state taken by `snapshot`."""
        assert isinstance(state, tuple)
        engine, self._recent = state
        self.generator.restore(engine)

    def write(self, context: MusicalContext, outline: Outline, shift: int = 0) -> FilledBeat:
        """Return the beat of a context; with ``shift``, that of so many beats earlier, moved."""
        locked = outline.locked.get(context.beat)
        if locked is not None:
            if locked.writer is self and locked.after is not None:
                self.restore(locked.after)
            return locked.filled
        self._sow(outline.seed(self._seed, context.beat, context.beats_per_bar))
        asked = outline.arrangement.asked(context)
        performed = tuple(replace(note, onset=note.onset - shift) for note in asked.performed)
        asked = replace(asked, beat=asked.beat - shift, performed=performed)
        notes = tuple(self.generator.extend(asked))
        pedal = tuple(self.generator.pedal(asked))
        if shift:
            notes = tuple(replace(note, onset=note.onset + shift) for note in notes)
            pedal = tuple(replace(move, beat=move.beat + shift) for move in pedal)
        roles = tuple(role for role, _ in self.generator.roles if role in self._parts)
        notes = outline.arrangement.written(notes, context, self._recent, roles)
        earliest = context.beat - _RECENT_BEATS
        self._recent = (*(note for note in self._recent if note.onset >= earliest), *notes)
        return FilledBeat(context.beat, notes, pedal)

    def _sow(self, seed: int) -> None:
        """Draw from a seed from now on, without forgetting what was played."""
        if seed != self._sown:
            state = self.generator.snapshot()
            self.generator.reset(seed)
            self.generator.restore(state)
            self._sown = seed
