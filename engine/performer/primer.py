"""A piece to go on from: its last bars as if a performer had just played them."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Final

from engine.errors import InputError
from engine.events import NoteEvent
from engine.midi.file import read_midi_file, score_of_contents
from engine.music.clock import TEMPO_RANGE_BPM
from engine.music.keys import Key
from engine.music.reading.harmony import estimate_key, pitch_class_weights

__all__ = ["Primer", "read_primer"]

_MOST_BEATS: Final = 128
"""So much of the end of a piece is listened to; no engine remembers more."""
_LISTENED_S: Final = 600.0
"""And so much of it at most, for the time that it takes to find beats [s]."""
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
        Prevailing tempo [quarter notes per minute], 20..300.
    beats_per_bar : int
        2..7.
    key : str
        Estimated from the notes, such as ``"A:min"``.
    left_out : tuple of str
        What could not be read of its file.
    """

    notes: tuple[NoteEvent, ...]
    beats: int
    tempo_bpm: float
    beats_per_bar: int
    key: str
    left_out: tuple[str, ...] = ()

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

    Tempo and metre are those that prevail over the part that is listened to, and its bar lines are
    the file's: neither a ritardando nor a last bar of two beats nor a pickup moves them.

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
    contents = read_midi_file(path)
    time = contents.song_map.time
    late_s = max((time.seconds(note.onset) for note in contents.notes), default=0.0) - _LISTENED_S
    recent = tuple(note for note in contents.notes if time.seconds(note.onset) >= late_s)
    score = score_of_contents(replace(contents, notes=recent))
    if not score.notes:
        raise InputError(f"{path}: holds no notes to go on from")
    last = max(note.onset for note in score.notes)
    begin = max(last - _MOST_BEATS, 0.0)
    bar, line = score.song_map.prevailing_bar(begin, last + 1.0)
    if beats_per_bar is None:
        whole = bar == round(bar) and _METRES[0] <= bar <= _METRES[1]
        beats_per_bar = round(bar) if whole else 4
    end = line + (floor((last - line) / beats_per_bar) + 1) * beats_per_bar
    bars = ceil(min(end, _MOST_BEATS) / beats_per_bar)
    if bars * beats_per_bar > _MOST_BEATS:
        bars -= 1
    first, beats = end - bars * beats_per_bar, bars * beats_per_bar
    notes = tuple(
        replace(note, onset=note.onset - first) for note in score.notes if note.onset >= first
    )
    weights, bass = pitch_class_weights(notes, list(range(beats + 1)))
    tonic, mode, _ = estimate_key(weights, bass)
    slowest, fastest = TEMPO_RANGE_BPM
    tempo_bpm = min(max(score.song_map.prevailing_tempo(begin, last + 1.0), slowest), fastest)
    key = Key(tonic, "maj" if mode else "min")
    return Primer(notes, beats, tempo_bpm, beats_per_bar, str(key), contents.left_out)
