"""A piece to go on from: its last bars as if a performer had just played them."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.errors import InputError
from engine.events import NoteEvent
from engine.music.clock import TEMPO_RANGE_BPM

__all__ = ["Primer", "read_primer"]

_MOST_BEATS: Final = 128
"""So much of the end of a piece is listened to; no engine remembers more."""
_METRES: Final = (2, 7)


@dataclass(frozen=True, slots=True)
class Primer:
    """What was played before the music starts.

    Attributes
    ----------
    notes : tuple of NoteEvent
        By onset, in beats from 0.
    beats : int
        Its length, whole bars [quarter notes].
    tempo_bpm : float
        Tempo at its end [quarter notes per minute], 20..300.
    beats_per_bar : int
        2..7.
    key : str
        Estimated from the notes, such as ``"A:min"``.
    """

    notes: tuple[NoteEvent, ...]
    beats: int
    tempo_bpm: float
    beats_per_bar: int
    key: str

    def played(self, asked: Callable[[float], int]) -> Callable[[float], tuple[NoteEvent, ...]]:
        """Return what tells the pipeline the performer's notes.

        Parameters
        ----------
        asked : callable
            Time [s] → the beat that is asked for; notes before it have been played.
        """
        told = 0

        def performed(now_s: float) -> tuple[NoteEvent, ...]:
            nonlocal told
            first = told
            while told < len(self.notes) and self.notes[told].onset < asked(now_s):
                told += 1
            return self.notes[first:told]

        return performed


def read_primer(path: str | os.PathLike[str], beats_per_bar: int | None = None) -> Primer:
    """Read a MIDI file; where its notes avoid its grid, their own beats are found.

    Parameters
    ----------
    path : path-like
        The file.
    beats_per_bar : int, optional
        Length of its bars; None takes the file's, 4 where that is no whole number from 2 to 7.

    Raises
    ------
    InputError
        The file cannot be read or holds no notes.
    """
    from engine.music.keys import Key
    from engine.music.reading.harmony import estimate_key, pitch_class_weights
    from engine.music.reading.score import read_score

    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    score = read_score(data, str(path))
    if not score.notes:
        raise InputError(f"{path}: holds no notes to go on from")
    metre = score.metre[-1][1]
    if beats_per_bar is None:
        whole = metre == round(metre) and _METRES[0] <= metre <= _METRES[1]
        beats_per_bar = round(metre) if whole else 4
    last = max(note.onset for note in score.notes)
    beats = (int(last) // beats_per_bar + 1) * beats_per_bar
    first = max(beats - _MOST_BEATS // beats_per_bar * beats_per_bar, 0)
    notes = tuple(
        replace(note, onset=note.onset - first) for note in score.notes if note.onset >= first
    )
    weights, bass = pitch_class_weights(notes, list(range(beats - first + 1)))
    tonic, mode, _ = estimate_key(weights, bass)
    slowest, fastest = TEMPO_RANGE_BPM
    tempo_bpm = min(max(score.tempo_at(last), slowest), fastest)
    key = Key(tonic, "maj" if mode else "min")
    return Primer(notes, beats - first, tempo_bpm, beats_per_bar, str(key))
