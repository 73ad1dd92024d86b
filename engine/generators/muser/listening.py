"""A performer's notes as beats: what the generator continues."""

from collections.abc import Sequence
from typing import Final

from engine.events import NoteEvent
from engine.generators.muser.tokens import Beat, Header, tokens_of
from engine.generators.muser.vocabulary import (
    MODES,
    key_shift,
    tempo_index,
)
from engine.music.keys import Key
from engine.music.reading.harmony import NO_ROOT, chord_fit, chord_parts, pitch_class_weights
from engine.music.rhythm import TICKS

__all__ = ["beat_played", "held_places", "notes_in_beat"]

_HELD: Final = 0.02
"""A note that ends so near to the latest moment known is taken as still held [beats]."""


def notes_in_beat(notes: Sequence[NoteEvent], beat: int) -> list[NoteEvent]:
    """Return the notes whose nearest tick lies in a beat."""
    start = beat * TICKS
    return [note for note in notes if 0 <= round(note.onset * TICKS) - start < TICKS]


def held_places(notes: Sequence[NoteEvent], beat: int) -> set[tuple[int, int]]:
    """Return (tick in the beat, pitch) of the notes that seem to be held still."""
    latest = max((note.onset + note.duration for note in notes), default=0.0)
    return {
        (round(note.onset * TICKS) - beat * TICKS, note.pitch)
        for note in notes
        if note.onset + note.duration >= latest - _HELD and latest > beat + 0.5
    }


def beat_played(
    notes: Sequence[NoteEvent], beat: int, beats_per_bar: int, tempo_bpm: float, key: Key
) -> Beat:
    """Return a beat that somebody played, its chord found from what sounds in it."""
    weights, bass = pitch_class_weights(notes, [beat, beat + 1])
    root, quality = chord_parts(int(chord_fit(weights, bass)[0].argmax()))
    header = Header(
        tempo=tempo_index(tempo_bpm),
        position=beat % beats_per_bar,
        beats_per_bar=beats_per_bar,
        root=NO_ROOT if root == NO_ROOT else (root - key.tonic) % 12,
        quality=quality,
        mode=MODES.index(key.mode),
    )
    inside = notes_in_beat(notes, beat)
    return Beat(header, tokens_of(inside, beat * TICKS, key_shift(key.tonic)))
