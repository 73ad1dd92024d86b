"""The plan: notes committed but not yet handed to the sender, and the draft beyond them."""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil, floor
from typing import Final

from engine.events import ControlEvent, NoteEvent

__all__ = ["Plan", "caught_up"]

_TOGETHER: Final = 0.06
"""Notes within so much of the last one are of its chord [beats]."""

_AT_ONCE_S: Final = 0.13
"""A change is heard within so long of the first moment that can still be changed [s]."""


def caught_up(notes: Sequence[NoteEvent], earliest: float, beat_s: float) -> list[NoteEvent]:
    """Return the notes of a beat written again from ``earliest`` on, the first of them soon.

    If none starts within `_AT_ONCE_S`, the chord that was due last comes again on the next
    sixteenth, in slow music on the next thirty-second: who commands a change hears one.
    """
    soon = earliest + _AT_ONCE_S / beat_s
    due = [note.onset for note in notes if note.onset < earliest]
    if not due or any(earliest <= note.onset <= soon for note in notes):
        return list(notes)
    step = 0.25 if 0.25 * beat_s <= _AT_ONCE_S else 0.125
    at = ceil(earliest / step) * step
    if at >= floor(max(due)) + 1:  # the next beat comes first
        return list(notes)
    chord = [note for note in notes if max(due) - _TOGETHER <= note.onset < earliest]
    return [*(replace(note, onset=at) for note in chord), *notes]


class Plan:
    """Committed notes wait here, numbered and sorted by onset, until they are due.

    The draft is what would be played if nothing changed; it is only for display.
    """

    def __init__(self) -> None:
        self.draft: tuple[NoteEvent, ...] = ()
        self._committed: list[NoteEvent] = []
        self._controls: list[ControlEvent] = []
        self._next_id = 1
        self.exact: set[int] = set()
        """Numbers of notes that keep their velocity and length."""

    @property
    def committed(self) -> tuple[NoteEvent, ...]:
        """Committed notes that are not due yet, by onset."""
        return tuple(self._committed)

    def commit(
        self,
        notes: Iterable[NoteEvent],
        controls: Iterable[ControlEvent] = (),
        *,
        exact: bool = False,
    ) -> None:
        """Give the notes their numbers and keep both until they are due."""
        for note in notes:
            if exact:
                self.exact.add(self._next_id)
            insort(
                self._committed, replace(note, note_id=self._next_id), key=lambda kept: kept.onset
            )
            self._next_id += 1
        for control in controls:
            insort(self._controls, control, key=lambda kept: kept.beat)

    def drop_from(self, beat: float) -> None:
        """Forget the committed notes and controls from ``beat`` on."""
        self._committed = [note for note in self._committed if note.onset < beat]
        self._controls = [control for control in self._controls if control.beat < beat]
        self.exact.intersection_update(note.note_id for note in self._committed)

    def take_due(self, until_beat: float) -> list[NoteEvent]:
        """Remove and return the committed notes with onset below ``until_beat`` [beats]."""
        count = sum(1 for note in self._committed if note.onset < until_beat)
        due, self._committed = self._committed[:count], self._committed[count:]
        return due

    def take_due_controls(self, until_beat: float) -> list[ControlEvent]:
        """Remove and return the committed controllers before ``until_beat`` [beats]."""
        count = sum(1 for control in self._controls if control.beat < until_beat)
        due, self._controls = self._controls[:count], self._controls[count:]
        return due

    def clear(self) -> None:
        """Drop everything that is not sounding yet."""
        self._committed.clear()
        self._controls.clear()
        self.exact.clear()
        self.draft = ()
