"""All elements together, on a whole piece."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.music.draws import Draws
from engine.transfer.change import Change
from engine.transfer.density import fill, thin
from engine.transfer.harmony import chord_strikes, harmony_changes, substitute
from engine.transfer.mode import find_keys, remap
from engine.transfer.notes import Sounded, melody_of
from engine.transfer.register import choose_octaves, move

__all__ = ["transfer_notes"]

_SHORTEST_S: Final = 0.04
"""No note becomes shorter than this unless it was [s]."""


def transfer_notes(
    notes: Sequence[Sounded], change: Change, seed: int = 0, end_s: float | None = None
) -> list[Sounded]:
    """Return the notes after a change, sorted by onset; the tempo is the caller's.

    Identity (``number``) stays; added notes have number 0 and the channel and track of the note
    they were modelled on. Notes become longer up to the next change of harmony, the next chord of
    their part, and the end of the piece `end_s` [s], or of its last note.
    """
    draws = Draws(seed)
    melody = melody_of([note for note in notes if not note.drums])
    result = list(notes)
    if change.mode and melody:
        result = remap(result, find_keys(result), change.mode)
    if change.harmony:
        result = substitute(result, melody, change.harmony, draws)
    if change.pitch is not None and change.spread is not None:
        pitched = [note for note in result if not note.drums]
        tune = [note.pitch for note in pitched if note.number in melody]
        rest = [note.pitch for note in pitched if note.number not in melody]
        result = move(result, melody, choose_octaves(tune, rest, change.pitch, change.spread))
    if change.notes < 1.0:
        result = thin(result, melody, change.notes, draws)
    elif change.notes > 1.0 or change.onsets > 1.0:
        result = fill(result, melody, change.notes, max(change.onsets, 1.0), draws)
    result = [replace(note, velocity=change.velocity_of(note.velocity)) for note in result]
    if change.length < 1.0:
        result = [_shorter(note, change.length) for note in result]
    elif change.length > 1.0:
        last_s = max((note.end_s for note in notes), default=0.0) if end_s is None else end_s
        borders = [*harmony_changes(result), last_s]
        strikes = chord_strikes(result)
        result = [
            _longer(note, change.length, borders, strikes[note.track, note.channel])
            for note in result
        ]
    return sorted(result, key=lambda note: (note.onset_s, note.pitch))


def _shorter(note: Sounded, factor: float) -> Sounded:
    if note.drums:
        return note
    least_s = min(_SHORTEST_S, note.length_s)
    return replace(note, length_s=max(note.length_s * factor, least_s))


def _longer(note: Sounded, factor: float, *borders: Sequence[float]) -> Sounded:
    """Return the note with more length, up to the first of `borders` that it did not sound over."""
    if note.drums:
        return note
    length_s = note.length_s * factor
    for times in borders:
        following = bisect_left(times, note.end_s - _SHORTEST_S)
        if following < len(times):
            length_s = min(length_s, times[following] - note.onset_s)
    if borders[0]:
        length_s = min(length_s, borders[0][-1] - note.onset_s)  # the end of the piece
    return replace(note, length_s=max(note.length_s, length_s))
