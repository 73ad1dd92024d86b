"""The key of a duet: that of the sound, or, where no sound tells one, that of the keys played."""

from collections import deque
from typing import Final

from engine.events import EmotionState, NoteEvent
from engine.music.keys import Key
from engine.music.reading.harmony import estimate_key, pitch_class_weights

__all__ = ["AutoKey"]

_BEATS: Final = 32
"""So much of what was played is listened to."""
_FEWEST_NOTES: Final = 3
_FEWEST_CLASSES: Final = 2


class AutoKey:
    """Estimates the key of a keyboard player bar by bar; another key must be found twice."""

    def __init__(self) -> None:
        self._notes: deque[NoteEvent] = deque(maxlen=512)
        self._found = ""
        self._key = ""

    def hear(self, notes: tuple[NoteEvent, ...], beat: int) -> tuple[NoteEvent, ...]:
        """Take in what was played before a beat, and return it."""
        self._notes.extend(notes)
        while self._notes and self._notes[0].onset < beat - _BEATS:
            self._notes.popleft()
        return notes

    def at_bar_line(self, heard: EmotionState | None) -> str:
        """Return the key from this bar line on, such as ``"D:min"``; ``""`` while none is known."""
        if heard is not None and heard.key:
            return heard.key
        if len(self._notes) >= _FEWEST_NOTES:
            first = min(note.onset for note in self._notes)
            weights, bass = pitch_class_weights(tuple(self._notes), [first, first + 2 * _BEATS])
            if (weights > 0).sum() >= _FEWEST_CLASSES:
                tonic, mode, _ = estimate_key(weights, bass)
                found = str(Key(tonic, "maj" if mode else "min"))
                if found == self._found or not self._key:
                    self._key = found
                self._found = found
        return self._key
