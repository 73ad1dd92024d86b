"""Notes in seconds, as element transfer sees them, and which of them carry the melody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHORD_S", "Chroma", "Sounded", "chroma", "melody_of", "onset_groups"]

CHORD_S: Final = 0.035
"""Onsets within this of the first of them are one onset: hands are not machines [s]."""

_MELODY_WINDOW_S: Final = 0.75
_MELODY_BELOW: Final = 9
"""A top note belongs to the melody if no note this near in time is more than so many
semitones higher [s, semitones]."""


@dataclass(frozen=True, slots=True)
class Sounded:
    """One note of a piece.

    Attributes
    ----------
    number : int
        Identity within the piece, from 1; 0 for a note that transfer added.
    onset_s, length_s : float
        Position and length [s].
    pitch, velocity, channel : int
        As in MIDI.
    track : int
        Track of the file it comes from or goes to.
    drums : bool
        Whether a drum kit plays it: its number is an instrument, not a pitch.
    """

    number: int
    onset_s: float
    length_s: float
    pitch: int
    velocity: int
    channel: int = 0
    track: int = 0
    drums: bool = False

    @property
    def end_s(self) -> float:
        """Where it ends [s]."""
        return self.onset_s + self.length_s


def onset_groups(notes: Sequence[Sounded]) -> list[list[Sounded]]:
    """Return the notes, sorted by onset, in groups struck together; each from low to high."""
    groups: list[list[Sounded]] = []
    for note in sorted(notes, key=lambda note: (note.onset_s, note.pitch)):
        if groups and note.onset_s - groups[-1][0].onset_s <= CHORD_S:
            groups[-1].append(note)
        else:
            groups.append([note])
    return [sorted(group, key=lambda note: note.pitch) for group in groups]


def melody_of(notes: Sequence[Sounded]) -> frozenset[int]:
    """Return the numbers of the melody's notes: top notes not overtopped by their surroundings."""
    tops = [group[-1] for group in onset_groups(notes)]
    times = np.array([top.onset_s for top in tops])
    pitches = np.array([top.pitch for top in tops])
    found = set()
    for top in tops:
        left, right = np.searchsorted(
            times, [top.onset_s - _MELODY_WINDOW_S, top.onset_s + _MELODY_WINDOW_S]
        )
        if top.pitch >= pitches[left : right + 1].max() - _MELODY_BELOW:
            found.add(top.number)
    return frozenset(found)


class Chroma:
    """The seconds each pitch class has sounded, for any number of spans of a long piece.

    Parameters
    ----------
    notes : sequence of Sounded
        In any order.
    """

    def __init__(self, notes: Sequence[Sounded]) -> None:
        ends = np.array([[note.onset_s, note.end_s] for note in notes]).reshape(-1, 2)
        classes = np.array([note.pitch % 12 for note in notes])
        self._courses = []
        for pitch_class in range(12):
            chosen = ends[classes == pitch_class]
            times = np.sort(chosen.ravel())
            # Between two of these times a constant number of notes sounds.
            begun = np.searchsorted(np.sort(chosen[:, 0]), times, side="right")
            ended = np.searchsorted(np.sort(chosen[:, 1]), times, side="right")
            sounding = (begun - ended)[:-1]
            total = np.concatenate([[0.0], np.cumsum(sounding * np.diff(times))])
            self._courses.append((times, total[: times.size]))

    def between(self, from_s: float, to_s: float) -> NDArray[np.float64]:
        """Return the seconds each pitch class sounds within a span, shape (12,)."""
        sums = [
            np.diff(np.interp([from_s, to_s], times, total))[0] if times.size else 0.0
            for times, total in self._courses
        ]
        return np.array(sums)


def chroma(notes: Iterable[Sounded], from_s: float, to_s: float) -> NDArray[np.float64]:
    """Return the seconds each pitch class sounds within a span, shape (12,)."""
    histogram = np.zeros(12)
    for note in notes:
        overlap = min(note.end_s, to_s) - max(note.onset_s, from_s)
        if overlap > 0.0:
            histogram[note.pitch % 12] += overlap
    return histogram
