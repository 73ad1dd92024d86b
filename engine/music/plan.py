"""The plan: notes committed but not yet handed to the sender, and the draft beyond them."""

from bisect import insort
from collections.abc import Iterable
from dataclasses import replace

from engine.events import ControlEvent, NoteEvent

__all__ = ["Plan"]


class Plan:
    """Committed notes wait here, numbered and sorted by onset, until they are due.

    The draft is what would be played if nothing changed; it is only for display.
    """

    def __init__(self) -> None:
        self.draft: tuple[NoteEvent, ...] = ()
        self._committed: list[NoteEvent] = []
        self._controls: list[ControlEvent] = []
        self._next_id = 1

    @property
    def committed(self) -> tuple[NoteEvent, ...]:
        """Committed notes that are not due yet, by onset."""
        return tuple(self._committed)

    def commit(self, notes: Iterable[NoteEvent], controls: Iterable[ControlEvent] = ()) -> None:
        """Give the notes their numbers and keep both until they are due."""
        for note in notes:
            insort(
                self._committed, replace(note, note_id=self._next_id), key=lambda kept: kept.onset
            )
            self._next_id += 1
        for control in controls:
            insort(self._controls, control, key=lambda kept: kept.beat)

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
        self.draft = ()
