"""Element transfer of a whole MIDI file."""

import os
from pathlib import Path

import numpy as np

from engine.files import write_output
from engine.midi.file import read_midi_bytes
from engine.midi.smf import midi_content
from engine.music.keys import Key
from engine.music.reading.played_key import mode_played
from engine.transfer.apply import transfer_notes
from engine.transfer.change import resolve
from engine.transfer.elements import ELEMENTS
from engine.transfer.levels import measure, wanted_levels
from engine.transfer.mode import find_keys
from engine.transfer.notes import Chroma, Sounded
from engine.transfer.song import Signature, Song

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
) -> tuple[str, ...]:
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

    Returns
    -------
    tuple of str
        What could not be read and was left out.

    Raises
    ------
    InputError
        A value is out of range, or a file cannot be read or written.
    """
    if strength == 0.0:
        resolve(wanted_levels(0.0, 0.0), valence, arousal, elements, strength)  # checks them
        write_output(Path(output), midi_content(read_midi_bytes(Path(path)), str(path)))
        return ()
    song = Song(path)
    change = resolve(measure(song.notes), valence, arousal, elements, strength)
    notes = transfer_notes(song.notes, change, seed, song.end_s)
    keys = _signatures(song, notes) if change.mode else {}
    song.write(output, notes, tempo=change.tempo, pedal=change.length, keys=keys)
    return song.left_out


def _signatures(song: Song, notes: list[Sounded]) -> dict[Signature, Key]:
    """Return what key signatures say where the mode of the notes under them has changed."""
    pitched = [note for note in song.notes if not note.drums]
    if not pitched or not song.signatures:
        return {}
    spans = find_keys(song.notes)
    heard = Chroma([note for note in notes if not note.drums])
    times = sorted({signature.at_s for signature in song.signatures} | {song.end_s})
    changed = {}
    for signature in song.signatures:
        begin = signature.at_s
        end = next((time for time in times if time > begin), song.end_s)
        edges = [*(min(max(span.start_s, begin), end) for span in spans), end]
        key = spans[int(np.argmax(np.diff(edges)))].key
        if mode_played(heard.between(begin, end), key) < 0.0:
            changed[signature] = key.parallel
    return changed
