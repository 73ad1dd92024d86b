"""The plan: notes committed but not yet handed to the sender, and the draft beyond them."""

from bisect import insort
from dataclasses import replace

from engine.events import NoteEvent

__all__ = ["Plan"]


class Plan:
    """Committed notes wait here, numbered and sorted by onset, until they are due.

    The draft is what would be played if nothing changed; it is only for display.
    """

    def __init__(self) -> None:
        self.draft: tuple[NoteEvent, ...] = ()
        self._committed: list[NoteEvent] = []
        self._next_id = 1

    @property
    def committed(self) -> tuple[NoteEvent, ...]:
        """Committed notes that are not due yet, by onset."""
        return tuple(self._committed)

    def commit(self, notes: list[NoteEvent]) -> None:
        """Give the notes their numbers and keep them until they are due."""
        for note in notes:
            insort(
                self._committed, replace(note, note_id=self._next_id), key=lambda kept: kept.onset
            )
            self._next_id += 1

    def take_due(self, until_beat: float) -> list[NoteEvent]:
        """Remove and return the committed notes with onset below ``until_beat`` [beats]."""
        count = 0
        while count < len(self._committed) and self._committed[count].onset < until_beat:
            count += 1
        due, self._committed = self._committed[:count], self._committed[count:]
        return due

    def clear(self) -> None:
        """Drop everything that is not sounding yet."""
        self._committed.clear()
        self.draft = ()
