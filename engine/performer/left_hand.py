"""Split keyboards: the keys below a split lead the harmony, as on an arranger keyboard.

Their notes do not sound and are not heard as music; the chord they make holds until the next one.
"""

from collections.abc import Iterable
from typing import Final

from engine.events import NoteEvent
from engine.midi.messages import ends_notes
from engine.music.chords import QUALITIES, Chord
from engine.music.keys import parse_key
from engine.music.listen import Hearing, hear

__all__ = ["LeftHand", "chord_of"]

_STILL_A_CHORD: Final = 3
"""A key let go changes the chord only where at least so many are left."""


class LeftHand:
    """Keys below the split, and the chord they led to last."""

    def __init__(self) -> None:
        self._keys: set[tuple[int, int, int]] = set()  # input, channel, pitch
        self._pitches: tuple[int, ...] = ()

    def push(self, source: int, message: bytes, split: int) -> bool:
        """Take a message of an input; return whether it belongs to the left hand.

        ``split`` is the lowest key of the right hand, 0 for none.
        """
        if len(message) < 3:
            return False
        status, channel, number, value = message[0] & 0xF0, message[0] & 15, message[1], message[2]
        place = (source, channel, number)
        if status == 0x90 and value and number < split:
            self._keys.add(place)
            self._lead()
            return True
        if status in (0x80, 0x90) and place in self._keys:
            self._keys.discard(place)
            if len(self._keys) >= _STILL_A_CHORD:
                self._lead()
            return True
        if status == 0xB0 and ends_notes(number):
            self._keys = {key for key in self._keys if key[:2] != (source, channel)}
        return False

    def leave(self, source: int) -> None:
        """Let go of the keys of an input; the chord holds."""
        self._keys = {key for key in self._keys if key[0] != source}

    def forget(self) -> None:
        """Let go of everything, the chord too."""
        self._keys.clear()
        self._pitches = ()

    def chord(self, key: str) -> str:
        """Return the chord that is led to in a key, such as ``"A:min"``; ``""`` if none."""
        found = chord_of(self._pitches, key)
        return "" if found is None else str(found)

    def _lead(self) -> None:
        self._pitches = tuple(sorted(pitch for _, _, pitch in self._keys))


def chord_of(pitches: Iterable[int], key: str) -> Chord | None:
    """Return the chord of keys that are held together.

    One key, or a bare fifth, stands for the triad that the key signature has on it, a major one
    outside the key. Among chords of the same notes the one on the lowest key counts.
    """
    held = sorted(pitches)
    if not held:
        return None
    bass, classes = held[0] % 12, {pitch % 12 for pitch in held}
    if classes <= {bass, (bass + 7) % 12}:
        scale = parse_key(key).pitch_classes
        for quality in ("maj", "min", "dim"):
            if bass in scale and set(Chord(bass, quality).pitch_classes) <= set(scale):
                return Chord(bass, quality)
        return Chord(bass, "maj")
    exact = [
        Chord(root, quality)
        for root in sorted(classes, key=lambda root: root != bass)
        for quality in QUALITIES
        if set(Chord(root, quality).pitch_classes) == classes
    ]
    if exact:
        return exact[0]
    notes = [NoteEvent(0, 0.0, 1.0, pitch, 64, 0, "chords") for pitch in held]
    return hear(Hearing(), notes, 0).chord
