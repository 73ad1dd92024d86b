"""All elements together, on a whole piece."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.music.draws import Draws
from engine.transfer.change import Change
from engine.transfer.density import fill, thin
from engine.transfer.harmony import substitute
from engine.transfer.mode import find_keys, remap
from engine.transfer.notes import DRUM_CHANNEL, Sounded, melody_of
from engine.transfer.register import choose_octaves, move

__all__ = ["transfer_notes"]

_SHORTEST_S: Final = 0.04
"""No note becomes shorter than this unless it was [s]."""


def transfer_notes(notes: Sequence[Sounded], change: Change, seed: int = 0) -> list[Sounded]:
    """Return the notes after a change, sorted by onset; the tempo is the caller's.

    Identity (``number``) stays; added notes have number 0 and the channel and track of the note
    they were modelled on.
    """
    draws = Draws(seed)
    melody = melody_of([note for note in notes if note.channel != DRUM_CHANNEL])
    result = list(notes)
    if change.mode and melody:
        result = remap(result, find_keys(result), change.mode)
    if change.harmony:
        result = substitute(result, melody, change.harmony, draws)
    if change.pitch is not None and change.spread is not None:
        pitched = [note for note in result if note.channel != DRUM_CHANNEL]
        tune = [note.pitch for note in pitched if note.number in melody]
        rest = [note.pitch for note in pitched if note.number not in melody]
        result = move(result, melody, choose_octaves(tune, rest, change.pitch, change.spread))
    if change.notes < 1.0:
        result = thin(result, melody, change.notes, draws)
    elif change.notes > 1.0 or change.onsets > 1.0:
        result = fill(result, melody, change.notes, max(change.onsets, 1.0), draws)
    played = [
        replace(
            note,
            velocity=change.velocity_of(note.velocity),
            length_s=_length(note, change.length),
        )
        for note in result
    ]
    return sorted(played, key=lambda note: (note.onset_s, note.pitch))


def _length(note: Sounded, factor: float) -> float:
    if note.channel == DRUM_CHANNEL or factor == 1.0:
        return note.length_s
    return max(note.length_s * factor, min(_SHORTEST_S, note.length_s))
