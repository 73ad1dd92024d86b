"""The draft: beats written ahead for display, and when they still hold."""

from collections import deque

from engine.events import NoteEvent
from engine.generators.protocol import MusicalContext
from engine.pipeline.writing import PLAIN, Drafted, Outline

__all__ = ["Sketch", "alike"]

DRAFT_TOLERANCE = 0.05
"""A draft is drawn anew once valence or arousal has moved by this much."""


class Sketch:
    """Drafted beats in one context and outline."""

    def __init__(self, context: MusicalContext | None = None, outline: Outline = PLAIN) -> None:
        self.end = 0 if context is None else context.beat
        self._context, self._outline = context, outline
        self.state: object = None
        """The writer's state after the last beat."""
        self._beats: deque[Drafted] = deque()

    @property
    def beats(self) -> tuple[Drafted, ...]:
        """The drafted beats in order."""
        return tuple(self._beats)

    @property
    def notes(self) -> tuple[NoteEvent, ...]:
        """Their notes."""
        return tuple(note for drafted in self._beats for note in drafted.filled.notes)

    def fits(self, context: MusicalContext, outline: Outline) -> bool:
        """Return whether the music drafted is still what would be played."""
        drawn = self._context
        return (
            drawn is not None
            and drawn.beat <= context.beat <= self.end
            and self.end > drawn.beat
            and not context.performed
            and outline == self._outline
            and alike(drawn, context)
        )

    def add(self, drafted: Drafted) -> None:
        """Append a beat."""
        self._beats.append(drafted)
        self.state = drafted.after
        self.end += 1

    def drop_before(self, beat: int) -> None:
        """Leave out beats that are over."""
        while self._beats and self._beats[0].filled.beat < beat:
            self._beats.popleft()


def alike(drawn: MusicalContext, context: MusicalContext) -> bool:
    """Return whether what was drawn for one context will do for another."""
    return (
        abs(drawn.valence - context.valence) < DRAFT_TOLERANCE
        and abs(drawn.arousal - context.arousal) < DRAFT_TOLERANCE
        and _frame(drawn) == _frame(context)
    )


def _frame(context: MusicalContext) -> tuple[object, ...]:
    """Return what must stay as it is for a draft to hold."""
    return (
        context.tempo_bpm,
        context.beats_per_bar,
        context.key,
        context.chord,
        context.listening,
        context.led,
    )
