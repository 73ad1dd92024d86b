"""What a beat's elements look like as numbers: input of the encoder, aims of the regulariser.

Each element sees only its own field of the notes. Sums over notes are shares, so that the number
of notes is told by rhythm and texture alone. `statistics` gives one number per element whose order
is musical: this is what leads each latent slice.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.generators.muser.tokens import Beat, Token
from engine.generators.muser.vocabulary import (
    DURATIONS,
    ELEMENTS,
    MODES,
    PITCHES,
    TEMPOS,
    VELOCITIES,
)
from engine.music.reading.harmony import NO_ROOT, QUALITY_NAMES
from engine.music.rhythm import TICKS

__all__ = [
    "FEATURE_SIZES",
    "FEATURE_TOTAL",
    "N_STATISTICS",
    "beat_features",
    "statistics",
    "velocity_features",
]

_BANDS: Final = 33
"""Register bands of three semitones."""
_BAND: Final = 3.0

FEATURE_SIZES: Final = {
    "mode": len(MODES),
    "tempo": 4,
    "chord": 13 + len(QUALITY_NAMES),
    "rhythm": TICKS + 1,
    "texture": 7,
    "pitch": _BANDS + 3,
    "duration": len(DURATIONS) + 1,
    "velocity": 8,
}
"""Element → length of its feature vector, concatenated in the order of `ELEMENTS`."""

FEATURE_TOTAL: Final = sum(FEATURE_SIZES.values())

N_STATISTICS: Final = len(ELEMENTS)

_LOG_DURATIONS: Final = np.log2(np.array(DURATIONS) / TICKS)
# Dark to bright: how a chord of each quality feels by its third, then by its fifth.
_BRIGHTNESS: Final = np.linspace(-1.0, 1.0, len(QUALITY_NAMES))
_TEMPO_CODES: Final = np.linspace(-1.0, 1.0, len(TEMPOS))


def _chord_features(beat: Beat) -> np.ndarray:
    vector = np.zeros(FEATURE_SIZES["chord"], np.float32)
    vector[beat.header.root] = 1.0
    if beat.header.root != NO_ROOT:
        vector[13 + beat.header.quality] = 1.0
    return vector


def _tempo_features(beat: Beat) -> np.ndarray:
    place = _TEMPO_CODES[beat.header.tempo]
    return np.array([place, place**2, np.sin(np.pi * place), np.cos(np.pi * place)], np.float32)


def _mode_features(beat: Beat) -> np.ndarray:
    vector = np.zeros(len(MODES), np.float32)
    vector[beat.header.mode] = 1.0
    return vector


def velocity_features(mean: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Return the loudness part of the features: shape (..., 8).

    Parameters
    ----------
    mean, high, low : float arrays, shape (...)
        Of a beat's velocity indices.
    """
    mean, high, low = (
        np.asarray(value) / (len(VELOCITIES) - 1.0) * 2.0 - 1.0 for value in (mean, high, low)
    )
    turn = np.pi * mean
    return np.stack(
        [mean, high, low, high - low, np.sin(turn), np.cos(turn), mean**2, np.ones_like(mean)], -1
    )


def _note_features(notes: np.ndarray) -> dict[str, np.ndarray]:
    """Features of at least one note; `notes` is int64, shape (n, 4)."""
    ticks = np.zeros(TICKS + 1, np.float32)
    struck = np.unique(notes[:, 0])
    ticks[struck] = 1.0
    ticks[TICKS] = len(struck) / 6.0
    counts = np.bincount(notes[:, 0], minlength=TICKS)[struck]
    texture = np.zeros(FEATURE_SIZES["texture"], np.float32)
    for count in counts:
        texture[min(int(count), 6) - 1] += 1.0 / len(counts)
    texture[6] = np.log2(counts.mean()) / 2.0
    pitches = notes[:, 1] / _BAND
    bands = np.exp(-0.5 * (np.arange(_BANDS)[None, :] - pitches[:, None]) ** 2)
    register = np.empty(_BANDS + 3, np.float32)
    register[:_BANDS] = bands.sum(0) / len(notes)
    centre = (len(PITCHES) - 1) / 2.0
    register[_BANDS:] = (
        np.array([notes[:, 1].min(), notes[:, 1].mean(), notes[:, 1].max()]) - centre
    ) / 24.0
    duration = np.zeros(FEATURE_SIZES["duration"], np.float32)
    np.add.at(duration, notes[:, 2], 1.0 / len(notes))
    duration[-1] = _LOG_DURATIONS[notes[:, 2]].mean() / 2.0
    velocity = velocity_features(notes[:, 3].mean(), notes[:, 3].max(), notes[:, 3].min()).astype(
        np.float32
    )
    return {
        "rhythm": ticks,
        "texture": texture,
        "pitch": register,
        "duration": duration,
        "velocity": velocity,
    }


def beat_features(beat: Beat) -> np.ndarray:
    """Return the encoder's input: float32, shape (FEATURE_TOTAL,), about [-2, 2].

    A beat without notes is all zeros in the elements of notes.
    """
    parts = {
        "mode": _mode_features(beat),
        "tempo": _tempo_features(beat),
        "chord": _chord_features(beat),
    }
    if beat.notes:
        parts |= _note_features(_array(beat.notes))
    empty = {name: np.zeros(size, np.float32) for name, size in FEATURE_SIZES.items()}
    return np.concatenate([(empty | parts)[name] for name in ELEMENTS])


def _array(notes: Sequence[Token]) -> np.ndarray:
    return np.array([(n.onset, n.pitch, n.duration, n.velocity) for n in notes], np.int64)


def statistics(beat: Beat) -> np.ndarray:
    """Return one ordered number per element: float32, shape (N_STATISTICS,), NaN where undefined.

    Mode 0 or 1; tempo [log2 of quarters per minute]; brightness of the chord's quality -1..1;
    onsets in the beat; log2 of notes per onset; mean pitch [semitones]; mean log2 of note length
    [beats]; mean velocity 1..127.
    """
    header = beat.header
    chord = np.nan if header.root == NO_ROOT else _BRIGHTNESS[header.quality]
    values = [float(header.mode), np.log2(TEMPOS[header.tempo]), chord]
    if not beat.notes:
        return np.array([*values, 0.0, np.nan, np.nan, np.nan, np.nan], np.float32)
    notes = _array(beat.notes)
    onsets = len(np.unique(notes[:, 0]))
    return np.array(
        [
            *values,
            float(onsets),
            np.log2(len(notes) / onsets),
            float(notes[:, 1].mean()) + PITCHES[0],
            float(_LOG_DURATIONS[notes[:, 2]].mean()),
            float(np.mean(np.array(VELOCITIES)[notes[:, 3]])),
        ],
        np.float32,
    )
