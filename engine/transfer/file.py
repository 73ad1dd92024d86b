"""Element transfer of a whole MIDI file."""

import os

from engine.transfer.apply import transfer_notes
from engine.transfer.change import resolve
from engine.transfer.elements import ELEMENTS
from engine.transfer.levels import measure
from engine.transfer.song import Song

__all__ = ["transfer_file"]


def transfer_file(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    valence: float,
    arousal: float,
    *,
    elements: tuple[str, ...] = ELEMENTS,
    strength: float = 1.0,
    seed: int = 0,
) -> None:
    """Write a file whose chosen elements moved toward an emotion; the rest of it stays.

    Parameters
    ----------
    path, output : path-like
        MIDI file to read and to write.
    valence, arousal : float
        The emotion, in [-1, 1].
    elements : tuple of str
        Among `ELEMENTS`.
    strength : float
        0: the very bytes of the file; 1: all the way to where the emotion has each element.
    seed : int
        Fixes which notes are added, left out or reharmonised.

    Raises
    ------
    InputError
        A value is out of range, or a file cannot be read or written.
    """
    song = Song(path)
    change = resolve(measure(song.notes), valence, arousal, elements, strength)
    if strength == 0.0:
        song.copy(output)
        return
    notes = transfer_notes(song.notes, change, seed)
    song.write(output, notes, tempo=change.tempo, pedal=change.length)
