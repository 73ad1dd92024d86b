"""Plain statistics of a clip's notes, in seconds, so that no beat tracking is needed."""

from collections.abc import Sequence

import numpy as np

from engine.music.chords import chord_templates
from engine.music.profile import key_correlations
from export_onnx.judges.notes import Notes

__all__ = ["STATISTICS", "describe", "describe_all", "polyphony", "tempo_bpm"]

_QUALITIES = {
    "major": "maj",
    "minor": "min",
    "diminished": "dim",
    "augmented": "aug",
    "suspended": "sus4",
}
_DEGREES = ("1", "b2", "2", "b3", "3", "4", "#4", "5", "b6", "6", "b7", "7")

STATISTICS: tuple[str, ...] = (
    "log_notes_per_s",
    "log_onsets_per_s",
    "notes_per_onset",
    "velocity",
    "velocity_sd",
    "pitch",
    "pitch_sd",
    "pitch_range",
    "lowest_tenth",
    "highest_tenth",
    "pitch_classes",
    "pitch_class_entropy",
    "polyphony",
    "log_note_s",
    "log_note_sd",
    "log_gap_s",
    "log_gap_sd",
    "tempo_bpm",
    "major_minus_minor",
    "key_strength",
    *(f"chord_{name}" for name in _QUALITIES),
    *(f"degree_{name}" for name in _DEGREES),
)
"""Names of what `describe` returns, in order.

``log_note`` is the natural logarithm of a note's length, ``log_gap`` of the time between onsets;
``chord_*`` are shares of half-second steps whose sound is nearest to that triad; ``degree_*`` are
shares of sounding time above the estimated tonic.
"""

_WINDOW_S, _HOP_S = 1.0, 0.5
_TEMPI = np.geomspace(55.0, 190.0, 60)
_SHORTEST_S = 0.02


_TEMPLATES = chord_templates(tuple(_QUALITIES.values())).swapaxes(0, 1).reshape(-1, 12)
"""By quality, then root."""


def polyphony(notes: Notes) -> float:
    """Mean number of pitches that sound at once while anything sounds (as MusPy defines it)."""
    order = np.argsort(np.concatenate([notes.start_s, notes.end_s]), kind="stable")
    at = np.concatenate([notes.start_s, notes.end_s])[order]
    change = np.concatenate([np.ones(len(notes)), -np.ones(len(notes))])[order]
    spans, sounding = np.diff(at), np.cumsum(change)[:-1]
    filled = float(spans[sounding > 0].sum())
    return float((spans * sounding).sum()) / filled if filled > 0 else 0.0


def tempo_bpm(onsets_s: np.ndarray) -> float:
    """Tempo whose pulse the onsets agree with best, 55..190 [BPM]; 0 below four onsets.

    Agreement is the resultant length of the onsets' phases, within four seconds of each other so
    that slow drift does not count, weighted towards 100 BPM as listeners do.
    """
    if len(onsets_s) < 4:
        return 0.0
    gaps = onsets_s[None, :] - onsets_s[:, None]
    gaps = gaps[(gaps > 0.15) & (gaps < 4.0)]
    if gaps.size == 0:
        return 0.0
    agreement = np.cos(2 * np.pi * gaps[:, None] * _TEMPI[None, :] / 60.0).mean(0)
    preference = np.exp(-0.5 * (np.log2(_TEMPI / 100.0) / 0.8) ** 2)
    return float(_TEMPI[int(np.argmax((agreement + 0.2) * preference))])


def _chord_shares(notes: Notes) -> np.ndarray:
    """Share of half-second steps per triad quality, shape (5,)."""
    begin = float(notes.start_s[0])
    steps = begin + np.arange(0.0, max(notes.seconds - _HOP_S, _HOP_S), _HOP_S)
    overlap = np.minimum(notes.end_s, steps[:, None] + _WINDOW_S) - np.maximum(
        notes.start_s, steps[:, None]
    )
    chroma = np.clip(overlap, 0.0, None) @ np.eye(12)[notes.pitch % 12]
    chroma = chroma[chroma.sum(1) > 0]
    best = (chroma @ _TEMPLATES.T).argmax(1) // 12
    return np.bincount(best, minlength=len(_QUALITIES)) / max(len(best), 1)


def describe(notes: Notes) -> np.ndarray:
    """Return the statistics named in `STATISTICS`, float64, shape (37,).

    A clip of fewer than two onsets says nothing: all zero.
    """
    onsets = notes.onsets_s()
    if len(onsets) < 2:
        return np.zeros(len(STATISTICS))
    gaps = np.log(np.maximum(np.diff(onsets), _SHORTEST_S))
    length = np.maximum(notes.end_s - notes.start_s, _SHORTEST_S)
    weights = np.bincount(notes.pitch % 12, length, 12).astype(np.float64)
    shares = weights / weights.sum()
    keys = key_correlations(weights)
    tonic = int(keys.argmax()) % 12
    low, high = np.percentile(notes.pitch, [10, 90])
    return np.array(
        [
            np.log(len(notes) / notes.seconds),
            np.log(len(onsets) / notes.seconds),
            len(notes) / len(onsets),
            notes.velocity.mean(),
            notes.velocity.std(),
            notes.pitch.mean(),
            notes.pitch.std(),
            np.ptp(notes.pitch),
            low,
            high,
            np.count_nonzero(weights),
            -np.sum(shares * np.log(np.maximum(shares, 1e-12))),
            polyphony(notes),
            np.log(length).mean(),
            np.log(length).std(),
            gaps.mean(),
            gaps.std(),
            tempo_bpm(onsets),
            keys[:12].max() - keys[12:].max(),
            keys.max(),
            *_chord_shares(notes),
            *np.roll(shares, -tonic),
        ]
    )


def describe_all(clips: Sequence[Notes]) -> np.ndarray:
    """Return the statistics of each clip, float64, shape (n, 37)."""
    return np.array([describe(clip) for clip in clips]).reshape(len(clips), len(STATISTICS))
