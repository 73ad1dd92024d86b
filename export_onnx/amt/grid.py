"""Slots on the beat: half bars in duple metre, whole bars in triple.

A bar of three beats has no half on the beat, so its slot is the bar. Other bars of four quarters
and more have two slots of equally many beats; a bar of two quarters is one slot.
"""

from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.midi.file import contents_of
from engine.midi.smf import parse_midi

__all__ = ["FIRST_HALF", "SECOND_HALF", "WHOLE_BAR", "Grid", "grid_of_beats", "grid_of_midi"]

FIRST_HALF, SECOND_HALF, WHOLE_BAR = 0, 1, 2
_TRIPLE = (1.5, 3.0, 4.5)
"""Lengths of bars of three beats [quarter notes]: 3/8, 3/4 and 6/8, 9/8."""


@dataclass(frozen=True)
class Grid:
    """Where the slots of a piece are.

    Attributes
    ----------
    edges_s : float64 array, shape (n + 1,)
        Start of every slot and end of the last [s].
    beats : float64 array, shape (n,)
        Length of every slot [beats].
    phase : int8 array, shape (n,)
        FIRST_HALF, SECOND_HALF or WHOLE_BAR.
    """

    edges_s: np.ndarray
    beats: np.ndarray
    phase: np.ndarray

    def __len__(self) -> int:
        return len(self.beats)

    @property
    def tempo_bpm(self) -> np.ndarray:
        """Tempo in every slot [beats per minute], float64, shape (n,)."""
        return 60.0 * self.beats / np.maximum(np.diff(self.edges_s), 1e-3)


def grid_of_beats(time_s: np.ndarray, strong: np.ndarray, bar: np.ndarray) -> Grid:
    """Return the slots of a list of beats, as POP909's ``beat_midi.txt`` has it.

    Parameters
    ----------
    time_s : float array, shape (n,)
        Time of each beat [s].
    strong : bool array, shape (n,)
        True at every second beat, in triple metre at every third.
    bar : bool array, shape (n,)
        True where, in duple metre, a bar starts.

    Raises
    ------
    InputError
        Fewer than two strong beats.
    """
    marks = np.flatnonzero(strong)
    if len(marks) < 2:
        raise InputError(f"beats: {len(marks)} strong ones, at least 2 are needed")
    period = int(np.bincount(np.diff(marks)).argmax())
    starts = [] if marks[0] == 0 else [0]
    for mark, following in zip(marks, [*marks[1:], len(time_s)], strict=True):
        starts += range(int(mark), int(following), period)  # a mark may be missing
    last = time_s[-1] + (time_s[-1] - time_s[-2])
    bounds = np.array([*starts, len(time_s)])
    edges_s = np.array([*time_s[starts], last])
    if period == 3:
        phase = np.full(len(starts), WHOLE_BAR, np.int8)
    else:
        phase = np.where(bar[starts], FIRST_HALF, SECOND_HALF).astype(np.int8)
    return Grid(edges_s, np.diff(bounds).astype(float), phase)


def _bar_slots(quarters: float) -> list[tuple[float, int]]:
    """Lengths [quarter notes] and phases of the slots of a bar."""
    if quarters in _TRIPLE:
        return [(quarters, WHOLE_BAR)]
    if quarters <= 2.0:
        return [(quarters, FIRST_HALF)]
    return [(quarters / 2, FIRST_HALF), (quarters / 2, SECOND_HALF)]


def grid_of_midi(data: bytes) -> Grid:
    """Return the slots of a MIDI file by its own tempo map and time signatures.

    Raises
    ------
    InputError
        Not a MIDI file, or one without length.
    """
    contents = contents_of(parse_midi(data, "MIDI file"))
    end = max((note.onset + note.duration for note in contents.notes), default=0.0)
    if end <= 0.0:
        raise InputError("MIDI file without notes")
    bars = {0.0: 4.0} | dict(contents.song_map.meters)
    edges, beats, phase, at = [], [], [], 0.0
    while at < end - 1e-6:
        for length, place in _bar_slots(bars[max(beat for beat in bars if beat <= at + 1e-6)]):
            edges.append(at)
            beats.append(length)
            phase.append(place)
            at += length
    edges_s = [contents.song_map.time.seconds(edge) for edge in (*edges, at)]
    return Grid(np.array(edges_s), np.array(beats), np.array(phase, np.int8))
