"""Statistics of a stretch of beats, per second where time matters.

Used only to spread the emotion labels over the beats of a clip (`labels`): the judges that measure
the finished generator have their own statistics.
"""

from dataclasses import dataclass

import numpy as np

from engine.generators.muser.vocabulary import (
    DURATIONS,
    PITCHES,
    TEMPOS,
    VELOCITIES,
)
from engine.music.rhythm import TICKS
from export_onnx.muser.store import Corpus

__all__ = ["DESCRIPTORS", "TEMPO_CHANGE", "BeatSums", "beat_sums", "describe"]

DESCRIPTORS = (
    "log2 notes per second",
    "log2 onsets per second",
    "velocity",
    "pitch",
    "pitch spread",
    "log2 note seconds",
    "log2 notes per onset",
    "mode",
    "chord brightness",
    "log2 tempo",
    *(f"share of degree {degree}" for degree in range(1, 12)),
)

TEMPO_CHANGE = np.array([1.0, 1.0, 0, 0, 0, -1.0, 0, 0, 0, 1.0, *[0.0] * 11])
"""How the descriptors move when everything is played an octave (factor 2) faster."""


@dataclass(frozen=True)
class BeatSums:
    """Per beat: seconds, notes, onsets, and sums over its notes; float64 arrays (n_beats, ...)."""

    values: np.ndarray
    classes: np.ndarray


def beat_sums(corpus: Corpus) -> BeatSums:
    """Gather what `describe` needs, beat by beat."""
    count = corpus.n_beats
    beat = np.repeat(np.arange(count), np.diff(corpus.first_note))
    notes = corpus.notes.astype(np.int64)
    tempo = np.array(TEMPOS)[corpus.headers[:, 0]]
    seconds = corpus.headers[:, 6] / TICKS * 60.0 / tempo

    def total(weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(beat, weights, count).astype(np.float64)

    pitch = np.array(PITCHES, np.float64)[notes[:, 1]]
    length = np.log2(np.array(DURATIONS) / TICKS)[notes[:, 2]] + np.log2(60.0 / tempo[beat])
    bright = corpus.statistics[:, 2]
    chord = ~np.isnan(bright)
    values = np.stack(
        [
            seconds,
            total(),
            corpus.statistics[:, 3].astype(np.float64),
            total(np.array(VELOCITIES, np.float64)[notes[:, 3]]),
            total(pitch),
            total(pitch**2),
            total(length),
            np.nan_to_num(bright).astype(np.float64),
            chord.astype(np.float64),
            corpus.headers[:, 5].astype(np.float64),
            np.log2(tempo),
            np.ones(count),
        ],
        1,
    )
    weight = (DURATIONS[0] + np.array(DURATIONS, np.float64))[notes[:, 2]] ** 0.5
    classes = np.zeros((count, 12))
    np.add.at(classes, (beat, (notes[:, 1] + PITCHES[0]) % 12), weight)
    return BeatSums(values, classes)


def describe(sums: BeatSums, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Describe stretches of beats: float64, shape (n, len(DESCRIPTORS)).

    Parameters
    ----------
    starts, stops : int64 arrays, shape (n,)
        First beat of each stretch, and the one after its last.
    """
    edge = np.concatenate([np.zeros((1, sums.values.shape[1])), np.cumsum(sums.values, 0)])
    part = edge[stops] - edge[starts]
    edge = np.concatenate([np.zeros((1, 12)), np.cumsum(sums.classes, 0)])
    classes = edge[stops] - edge[starts]
    seconds = np.maximum(part[:, 0], 0.2)
    notes = np.maximum(part[:, 1], 0.5)
    onsets = np.maximum(part[:, 2], 0.5)
    pitch = np.where(part[:, 1] > 0, part[:, 4] / notes, 60.0)
    spread = np.sqrt(np.maximum(part[:, 5] / notes - pitch**2, 0.0))
    share = classes / np.maximum(classes.sum(1, keepdims=True), 1e-9)
    return np.column_stack(
        [
            np.log2(notes / seconds),
            np.log2(onsets / seconds),
            part[:, 3] / notes,
            pitch,
            spread,
            part[:, 6] / notes,
            np.log2(notes / onsets),
            part[:, 9] / part[:, 11],
            part[:, 7] / np.maximum(part[:, 8], 1.0),
            part[:, 10] / part[:, 11],
            share[:, 1:],
        ]
    )
