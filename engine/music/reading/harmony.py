"""Estimates key and chords from notes, where no annotation gives them.

Chords are found per beat by templates over pitch classes weighted by how long and how low they
sound, the best path over beats weighing a change against a better fit (`chord_path`). The key is
the better of the 24 profile correlations over all notes, the final bass included.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.events import NoteEvent
from engine.music.chords import chord_templates
from engine.music.profile import key_correlations

__all__ = [
    "CHORD_LABELS",
    "NO_ROOT",
    "QUALITY_NAMES",
    "chord_fit",
    "chord_parts",
    "chord_path",
    "estimate_key",
    "pitch_class_weights",
]

QUALITY_NAMES: Final = ("dim", "hdim7", "min", "min7", "sus4", "aug", "7", "maj", "maj7")
"""Chord qualities told apart, each a name of `engine.music.chords.QUALITIES`, dark to bright."""


NO_ROOT: Final = 12
"""Root of "no chord"."""


CHORD_LABELS: Final = 12 * len(QUALITY_NAMES) + 1
"""Number of chord labels: root above the tonic (0..11) times quality, and "no chord" (last)."""

_MAJOR_BIAS = 0.045
"""Taken off the major correlations: chosen on POP909's train part."""
_BASS_SHARE = 0.35
"""Weight of the lowest sounding note beside that of all notes."""
_CHANGE_COST = 0.22
"""Fit that a new chord must gain; on the first beat of a bar half of it."""
_SPARSE = 0.35
"""Fit below which a beat is better left without a chord."""
# Sevenths and rare colours must earn their place against plain triads.
_BIAS: Final = {"dim": -0.06, "hdim7": -0.09, "min7": -0.05, "sus4": -0.06, "aug": -0.1, "7": -0.05}
_BIAS_MAJ7 = -0.06


_TEMPLATES: Final = chord_templates(QUALITY_NAMES).reshape(-1, 12)
"""By label, shape (CHORD_LABELS - 1, 12)."""
_OFFSETS: Final = np.array(
    [_BIAS.get(name, _BIAS_MAJ7 if name == "maj7" else 0.0) for name in QUALITY_NAMES] * 12
)


def chord_parts(label: int) -> tuple[int, int]:
    """Return root and quality of a chord label (`vocabulary.chord_label`)."""
    if label == CHORD_LABELS - 1:
        return NO_ROOT, 0
    return divmod(label, len(QUALITY_NAMES))


def pitch_class_weights(
    notes: Sequence[NoteEvent], starts: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Weigh the pitch classes that sound in each span.

    Parameters
    ----------
    notes : sequence of NoteEvent
        In any order.
    starts : sequence of float
        Ascending borders of the spans [quarter notes]; the last one ends the last span.

    Returns
    -------
    all_notes, bass : float64 arrays, shape (n_spans, 12)
        Time each pitch class sounds in the span, long notes fading; the same for the lowest note
        sounding.
    """
    count = len(starts) - 1
    weights = np.zeros((count, 12))
    bass = np.zeros((count, 12))
    lowest = np.full(count, 128.0)
    edges = np.asarray(starts)
    for note in notes:
        end = note.onset + note.duration
        first = max(int(np.searchsorted(edges, note.onset + 1e-6, side="right")) - 1, 0)
        for span in range(first, count):
            if edges[span] >= end:
                break
            shared = min(end, edges[span + 1]) - max(note.onset, edges[span])
            if shared <= 0.0:
                continue
            age = max(edges[span] - note.onset, 0.0)
            weight = (0.15 + shared) / (1.0 + 0.5 * age)
            weights[span, note.pitch % 12] += weight
            if note.pitch < lowest[span]:
                lowest[span] = note.pitch
                bass[span] = 0.0
                bass[span, note.pitch % 12] = weight
    return weights, bass


def chord_fit(weights: np.ndarray, bass: np.ndarray) -> np.ndarray:
    """Return how well each chord explains each span: float64, shape (n_spans, CHORD_LABELS).

    The last column, "no chord", is constant where something sounds and 1 in silence.
    """
    norm = np.linalg.norm(weights, axis=1, keepdims=True)
    fit = (weights / np.maximum(norm, 1e-9)) @ _TEMPLATES.T + _OFFSETS
    lowest = bass / np.maximum(bass.sum(1, keepdims=True), 1e-9)
    roots = np.repeat(lowest, len(QUALITY_NAMES), axis=1)
    fit = (fit + _BASS_SHARE * roots) / (1.0 + _BASS_SHARE)
    sounding = norm[:, 0] > 0.0
    none = np.where(sounding, _SPARSE, 1.0)
    return np.column_stack([np.where(sounding[:, None], fit, 0.0), none])


def chord_path(fit: np.ndarray, positions: Sequence[int]) -> np.ndarray:
    """Return the label of every beat on the best path: int64, shape (n_beats,).

    Parameters
    ----------
    fit : float64 array, shape (n_beats, CHORD_LABELS)
        From `chord_fit`.
    positions : sequence of int
        Place of every beat in its bar.
    """
    count = len(fit)
    labels = np.zeros(count, np.int64)
    if count == 0:
        return labels
    back = np.zeros(fit.shape, np.int64)
    score = fit[0].copy()
    stay = np.arange(fit.shape[1])
    for beat in range(1, count):
        best = int(score.argmax())
        cost = _CHANGE_COST * (0.5 if positions[beat] == 0 else 1.0)
        moved = score[best] - cost
        back[beat] = np.where(score >= moved, stay, best)
        score = np.maximum(score, moved) + fit[beat]
    labels[-1] = int(score.argmax())
    for beat in range(count - 1, 0, -1):
        labels[beat - 1] = back[beat, labels[beat]]
    return labels


def estimate_key(weights: np.ndarray, bass: np.ndarray) -> tuple[int, int, float]:
    """Return tonic (0..11), mode (index into `MODES`) and how much brighter major is than minor.

    Parameters
    ----------
    weights, bass : float64 arrays, shape (n_spans, 12)
        From `pitch_class_weights`.

    Returns
    -------
    tonic, mode : int
        Of the best profile; C major for silence.
    brightness : float
        Best major minus best minor correlation.
    """
    total = np.sqrt(weights).sum(0) + np.sqrt(bass).sum(0)
    if not total.any():
        return 0, 1, 0.0
    fits = key_correlations(total)
    scores = np.stack([fits[12:], fits[:12] - _MAJOR_BIAS])
    brightness = float(scores[1].max() - scores[0].max())
    mode, tonic = divmod(int(scores.argmax()), 12)
    return tonic, mode, brightness
