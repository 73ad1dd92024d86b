"""Counts flaws of generated music: silence, endless repetition, notes outside their beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.generators.protocol import MusicalContext
from engine.generators.registry import create_generator
from export_onnx.judges.notes import Notes

__all__ = [
    "BarErrors",
    "bar_errors",
    "intervals",
    "longest_gap_s",
    "longest_loop",
    "longest_silence_s",
    "repetition",
]

_LONGEST_PERIOD: Final = 128
_METRES: Final = (4, 3, 5)


def longest_silence_s(notes: Notes, seconds: float) -> float:
    """Return the longest time in which nothing sounds in ``[0, seconds]``, both ends included."""
    if not len(notes):
        return seconds
    heard_until = np.maximum.accumulate(notes.end_s)
    silent = np.append(notes.start_s[1:], seconds) - heard_until
    return float(max(notes.start_s[0], silent.max(), 0.0))


def longest_gap_s(notes: Notes) -> float:
    """Return the longest time between two onsets [s]."""
    onsets = notes.onsets_s()
    return float(np.diff(onsets).max()) if len(onsets) > 1 else 0.0


def _in_order(notes: Notes) -> np.ndarray:
    """Pitches by onset, chords from low to high, shape (n,)."""
    return notes.pitch[np.lexsort((notes.pitch, notes.onset_groups()))]


def intervals(notes: Notes) -> np.ndarray:
    """Return the steps from note to note [semitones], chords read from low to high, (n - 1,)."""
    return np.diff(_in_order(notes))


def repetition(notes: Notes, length: int) -> float:
    """Return the share of interval sequences of `length` steps that occurred before, 0..1."""
    steps = intervals(notes)
    if len(steps) < length:
        return 0.0
    grams = np.lib.stride_tricks.sliding_window_view(steps, length)
    return 1.0 - len(np.unique(grams, axis=0)) / len(grams)


def longest_loop(notes: Notes) -> float:
    """Return the share of the notes that the longest unbroken exact loop takes up, 0..1.

    A loop is a stretch in which every pitch equals the one a fixed number of notes earlier; it
    counts from its second round on.
    """
    pitches = _in_order(notes)
    longest = 0
    for period in range(1, min(_LONGEST_PERIOD, len(pitches) - 1) + 1):
        same = pitches[period:] == pitches[:-period]
        breaks = np.flatnonzero(np.concatenate([[True], ~same, [True]]))
        run = int(np.diff(breaks).max()) - 1
        if run >= 2 * period:
            longest = max(longest, run)
    return longest / max(len(pitches), 1)


@dataclass(frozen=True)
class BarErrors:
    """What an engine did against its contract.

    Attributes
    ----------
    beats : int
        Beats asked for.
    outside : int
        Notes that start outside their beat, so that bars come out too long or too short.
    illegal : int
        Notes with a pitch, velocity or length that MIDI cannot hold.
    doubled : int
        Notes struck twice at the same moment on one channel.
    """

    beats: int
    outside: int
    illegal: int
    doubled: int


def bar_errors(
    engine: str, settings: Mapping[str, float], *, bars: int = 16, seeds: int = 4
) -> BarErrors:
    """Ask an engine for beats of three metres at four targets and count offences."""
    beats = outside = illegal = doubled = 0
    for seed in range(seeds):
        valence, arousal = ((0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8), (0.8, -0.8))[seed % 4]
        for metre in _METRES:
            generator = create_generator(engine, seed)
            generator.adjust(settings)
            for beat in range(bars * metre):
                context = MusicalContext(beat, 100.0, metre, "C:maj", "", valence, arousal)
                notes = generator.extend(context)
                beats += 1
                outside += sum(not beat <= note.onset < beat + 1 for note in notes)
                illegal += sum(
                    not (0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 and note.duration > 0)
                    for note in notes
                )
                places = [(note.onset, note.channel, note.pitch) for note in notes]
                doubled += len(places) - len(set(places))
    return BarErrors(beats, outside, illegal, doubled)
