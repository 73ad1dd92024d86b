"""What an arranger keyboard's buttons ask for: intro, fill, break, ending, next section.

An order becomes spans of beats. A span changes what the engine is asked for, what it wrote, or what
of that sounds, so that every engine follows it in the same way.

==========  =============================  ====================================================
order       begins                         what happens
==========  =============================  ====================================================
intro       next bar; starts the music     four bars: chords, then bass, drums, at last the lead
fill        next beat, until the bar line  livelier, with a run or a drum roll
break       next bar, one bar              silence; back on the downbeat
ending      next bar, two bars             cadence, a last chord, then silence until a new start
section     next bar, a fill before it     new material under the same emotion
==========  =============================  ====================================================
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Literal, cast, get_args

from engine.choices import check_choice
from engine.events import NoteEvent, Role
from engine.generators.protocol import MusicalContext
from engine.music.arrange.signals import fill_figure, final_chord, leans_minor
from engine.music.chords import Chord
from engine.music.form import half_bar
from engine.music.keys import Key, parse_key

__all__ = ["NO_ARRANGEMENT", "ORDERS", "Arrangement", "Order"]

Order = Literal["intro", "fill", "break", "ending", "section"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
_Kind = Literal["intro", "fill", "break", "cadence", "final", "silence", "section"]

_INTRO: Final = (("chords", "pad"), ("bass",), ("drums",), ())
"""Parts that enter with each bar of an intro; the lead follows it."""
_LIVELIER: Final = 0.35
"""What a fill adds to arousal."""
_ENDING: Final = ("cadence", "final", "silence")
_FOREVER: Final = 2**53


@dataclass(frozen=True, slots=True)
class _Span:
    kind: _Kind
    start: int
    end: int

    def holds(self, beat: float) -> bool:
        return self.start <= beat < self.end


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The spans that were ordered; a value, so that drafts and played beats see the same one.

    Attributes
    ----------
    spans : tuple of spans
        In the order they were asked for: where several hold, the last one counts.
    """

    spans: tuple[_Span, ...] = ()

    def ordered(
        self, order: Order, soonest: int, quiet: float, beats_per_bar: int
    ) -> "Arrangement":
        """Return the arrangement with one more order; what it replaces is dropped.

        Parameters
        ----------
        order : str
            One of `ORDERS`.
        soonest : int
            First beat that can still be written.
        quiet : float
            First position that can still be silenced [beats], at most ``soonest``.
        beats_per_bar : int
            Length of a bar [beats].

        Raises
        ------
        InputError
            There is no such order.
        """
        check_choice("order", order, ORDERS)
        bar = -(-soonest // beats_per_bar) * beats_per_bar
        added: tuple[_Span, ...]
        if order == "break":
            bar = ceil(quiet / beats_per_bar) * beats_per_bar
            added = (_Span("break", bar, bar + beats_per_bar),)
        elif order == "fill":
            added = (_Span("fill", soonest, soonest + beats_per_bar - soonest % beats_per_bar),)
        elif order == "intro":
            added = (_Span("intro", bar, bar + len(_INTRO) * beats_per_bar),)
        elif order == "ending":
            last = bar + beats_per_bar
            end = last + beats_per_bar
            added = (
                _Span("cadence", bar, last),
                _Span("final", last, end),
                _Span("silence", end, _FOREVER),
            )
        else:
            fill = (_Span("fill", soonest, bar),) if soonest < bar else ()
            added = (*fill, _Span("section", bar, bar + beats_per_bar))
        first = added[0].start
        if order in ("fill", "break"):  # an ending is not held up
            if any(span.kind in _ENDING and span.end > first for span in self.spans):
                return self
            return Arrangement((*self.spans, *added))
        kept = (
            span if span.kind in ("section", "break") else replace(span, end=min(span.end, first))
            for span in self.spans
            if span.start < first
        )
        return Arrangement((*kept, *added))

    def at(self, beat: float) -> str:
        """Return what holds at a beat: a kind of span, or nothing."""
        return next((span.kind for span in reversed(self.spans) if span.holds(beat)), "")

    def coming(self, beat: float) -> str:
        """Return what was ordered and begins first after a beat; empty if nothing."""
        ahead = (s for s in self.spans if s.start > beat and s.kind != "silence")
        first = min(ahead, key=lambda span: span.start, default=None)
        return "" if first is None else first.kind

    def sections(self, beat: int) -> int:
        """Return how many sections were ordered up to a beat."""
        return sum(span.kind == "section" and span.start <= beat for span in self.spans)

    def silent(self, beat: float) -> bool:
        """Return whether nothing may begin at a beat."""
        return any(s.kind in ("break", "silence") and s.holds(beat) for s in self.spans)

    def ends_sound(self, after: float, until: float) -> int | None:
        """Return the last beat in (after, until] where all that sounds ends, if any."""
        found = (s.start for s in self.spans if s.kind in ("break", "final", "silence"))
        return max((start for start in found if after < start <= until), default=None)

    def ended(self, beat: float) -> bool:
        """Return whether the ending is over."""
        return self.at(beat) == "silence"

    def asked(self, context: MusicalContext) -> MusicalContext:
        """Return what an engine is asked for in place of a plain context."""
        beat, bar = context.beat, context.beats_per_bar
        kind = self.at(beat)
        if kind == "fill":
            context = replace(context, arousal=min(1.0, context.arousal + _LIVELIER))
        elif kind == "cadence" and beat % bar >= half_bar(bar):
            dominant = Chord((parse_key(context.key).tonic + 7) % 12, "7")
            context = replace(context, chord=str(dominant), led=True)
        cues = context.cues
        since = [beat - span.start for span in self.spans if span.kind == "section"]
        if cues.beats_since_boundary is None and any(0 <= ago < bar for ago in since):
            cues = replace(cues, beats_since_boundary=float(min(a for a in since if a >= 0)))
        ahead = [-ago for ago in since if -bar <= ago < 0]
        if cues.beats_until_boundary is None and ahead:
            cues = replace(cues, beats_until_boundary=float(min(ahead)))
        return context if cues is context.cues else replace(context, cues=cues)

    def written(
        self,
        notes: tuple[NoteEvent, ...],
        context: MusicalContext,
        recent: tuple[NoteEvent, ...],
        roles: Sequence[Role],
    ) -> tuple[NoteEvent, ...]:
        """Return the notes of a beat as they are played.

        Parameters
        ----------
        notes : tuple of NoteEvent
            As the engine wrote them.
        context : MusicalContext
            Of this beat.
        recent : tuple of NoteEvent
            Notes of about the bar before, by onset.
        roles : sequence of str
            Parts of the engine that are to sound.
        """
        kind, beat, bar = self.at(context.beat), context.beat, context.beats_per_bar
        if kind in ("break", "silence"):
            return ()
        if kind == "fill":
            return fill_figure(notes, recent, beat, context.tempo_bpm, last=(beat + 1) % bar == 0)
        if kind == "final":
            if beat % bar:
                return ()
            key = parse_key(context.key)
            minor = leans_minor(recent, key)
            home = Key(key.tonic, "min" if minor else "maj")
            return final_chord(home, recent, roles, beat, float(bar))
        if kind == "intro":
            start = next(s.start for s in reversed(self.spans) if s.kind == kind)
            entered = {role for parts in _INTRO[: (beat - start) // bar + 1] for role in parts}
            return tuple(n for n in notes if n.role in entered) if entered & set(roles) else notes
        return notes

    @classmethod
    def from_spans(cls, spans: Iterable[tuple[str, int, int]]) -> "Arrangement":
        """Return it from kinds, first beats and ends.

        Raises
        ------
        InputError
            There is no such kind.
        """
        made = []
        for kind, start, end in spans:
            check_choice("kind of span", kind, get_args(_Kind))
            made.append(_Span(cast(_Kind, kind), start, end))
        return cls(tuple(made))

    def to_spans(self) -> tuple[tuple[str, int, int], ...]:
        """Return what `from_spans` takes."""
        return tuple((span.kind, span.start, span.end) for span in self.spans)

    def moved(self, by: int) -> "Arrangement":
        """Return the arrangement so many beats later: the position jumped."""
        spans = (replace(s, start=s.start + by, end=s.end + by) for s in self.spans)
        return Arrangement(tuple(spans))

    def pruned(self, beat: float) -> "Arrangement":
        """Return the arrangement without spans that are over; sections count for ever."""
        kept = tuple(s for s in self.spans if s.end > beat or s.kind == "section")
        return self if len(kept) == len(self.spans) else Arrangement(kept)


NO_ARRANGEMENT = Arrangement()
