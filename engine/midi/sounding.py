"""Which notes sound and which pedals are down, so that each of them is ended exactly once.

MIDI has no note identities: a note-off ends whatever sounds at that channel and pitch. The
ledger gives notes identities back. An older note is ended before a newer one starts at the
same place, and its own, later end then has no effect. A pedal holds what note-offs ended, so
whoever ends all notes lifts it too.
"""

from dataclasses import dataclass

__all__ = ["NoteLedger", "SoundingNote"]


@dataclass(frozen=True, slots=True)
class SoundingNote:
    """A note whose note-on was sent and whose note-off was not."""

    note_id: int
    channel: int
    pitch: int


class NoteLedger:
    """The notes that sound on one port, at most one per channel and pitch, and its pedals."""

    def __init__(self) -> None:
        self._by_id: dict[int, SoundingNote] = {}
        self._by_place: dict[tuple[int, int], SoundingNote] = {}
        self._pedals: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, note_id: int) -> bool:
        return note_id in self._by_id

    @property
    def sounding(self) -> tuple[SoundingNote, ...]:
        """What sounds now, in the order it was started."""
        return tuple(self._by_id.values())

    @property
    def pedals(self) -> tuple[int, ...]:
        """Channels whose sustain pedal is down, in the order they were pressed."""
        return tuple(self._pedals)

    def move_pedal(self, channel: int, value: int) -> None:
        """Enter a move of the sustain pedal; from 64 on it is down (MIDI 1.0, controller 64)."""
        if value >= 64:
            self._pedals[channel] = None
        else:
            self._pedals.pop(channel, None)

    def at(self, channel: int, pitch: int) -> SoundingNote | None:
        """Return the note that sounds at a channel and pitch, if any."""
        return self._by_place.get((channel, pitch))

    def start(self, note_id: int, channel: int, pitch: int) -> SoundingNote | None:
        """Enter a note about to be sent.

        Returns
        -------
        SoundingNote or None
            The older note at the same place, already taken out of the ledger: its note-off
            must be sent before the new note-on.

        Raises
        ------
        ValueError
            If a note with this id sounds already.
        """
        if note_id in self._by_id:
            raise ValueError(f"note id {note_id} sounds already")
        note = SoundingNote(note_id, channel, pitch)
        older = self._by_place.get((channel, pitch))
        if older is not None:
            del self._by_id[older.note_id]
        self._by_id[note_id] = note
        self._by_place[channel, pitch] = note
        return older

    def end(self, note_id: int) -> SoundingNote | None:
        """Take a note out; None if it does not sound (any more), and nothing is to be sent."""
        note = self._by_id.pop(note_id, None)
        if note is not None:
            del self._by_place[note.channel, note.pitch]
        return note

    def end_all(self) -> tuple[SoundingNote, ...]:
        """Take every note out and return them: each needs its note-off now."""
        notes = self.sounding
        self._by_id.clear()
        self._by_place.clear()
        return notes
