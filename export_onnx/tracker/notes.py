"""Statistics of the true MIDI notes of a passage that relate to its emotion.

Mode, density, register, touch and harmony are computed from the notes, more exactly than from
sound: so they can teach the tracker (see `score_teacher`).
"""

import numpy as np

from export_onnx.datasets.render import TimedMessage
from export_onnx.judges.notes import from_messages
from export_onnx.tracker.tonal import KEY_FITS

__all__ = ["FEATURES", "describe", "note_table"]

# Onsets closer than this are one chord [s].
_TOGETHER_S = 0.05
# A held pedal says no more than so long a note [s]; nothing is shorter than the other.
_LONGEST_S, _SHORTEST_S = 3.0, 0.03
_MODE_WINDOW_S, _MODE_STEP_S = 8.0, 4.0
_CHORD_WINDOW_S, _CHORD_STEP_S = 0.75, 0.5

FEATURES = 35


def _centred(profile: np.ndarray) -> np.ndarray:
    moved = profile - profile.mean(-1, keepdims=True)
    norm = np.sqrt(np.square(moved).sum(-1, keepdims=True))
    return np.asarray(moved / np.maximum(norm, 1e-9))


def note_table(messages: list[TimedMessage]) -> np.ndarray:
    """Return the pitched notes, float64, shape (n, 4): start [s], end [s], pitch, velocity."""
    notes = from_messages(messages)
    return np.column_stack([notes.start_s, notes.end_s, notes.pitch, notes.velocity])


def _classes(pitch: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.bincount(pitch.astype(int) % 12, weights=weight, minlength=12) + 1e-9


def _modes(notes: np.ndarray, length: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """How much more major than minor passages of 8 s are."""
    values = []
    for at in np.arange(start_s, max(end_s - 0.5 * _MODE_WINDOW_S, start_s + 0.1), _MODE_STEP_S):
        inside = (notes[:, 0] < at + _MODE_WINDOW_S) & (notes[:, 1] > at)
        if inside.sum() > 4:
            fit = KEY_FITS @ _centred(_classes(notes[inside, 2], length[inside]))
            values.append(fit[:12].max() - fit[12:].max())
    return np.array(values or [0.0])


def _chords(notes: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """Shares of major and minor triads; semitones, tritones and classes per window."""
    at = np.arange(start_s, end_s, _CHORD_STEP_S)[:, None]
    inside = (notes[None, :, 0] < at + _CHORD_WINDOW_S) & (notes[None, :, 1] > at)
    inside = inside[inside.sum(1) >= 2]
    if not len(inside):
        return np.zeros(5)
    there = inside.astype(float) @ np.eye(12)[notes[:, 2].astype(int) % 12] > 0
    fifth = there & np.roll(there, -7, 1)
    found = (
        (fifth & np.roll(there, -4, 1)).any(1),
        (fifth & np.roll(there, -3, 1)).any(1),
        (there & np.roll(there, -1, 1)).sum(1),
        (there & np.roll(there, -6, 1)).sum(1) / 2.0,
        there.sum(1),
    )
    return np.array([column.mean() for column in found])


def describe(notes: np.ndarray, start_s: float, end_s: float) -> np.ndarray | None:
    """Describe what begins or sounds between two times of a piece.

    Parameters
    ----------
    notes : float64 array, shape (n, 4)
        From `note_table`.

    Returns
    -------
    float64 array, shape (FEATURES,), or None
        None where there are fewer than five notes.
    """
    inside = (notes[:, 0] < end_s) & (notes[:, 1] > start_s)
    if inside.sum() < 5:
        return None
    notes = notes[inside].copy()
    notes[:, 0] = np.maximum(notes[:, 0], start_s)
    notes[:, 1] = np.minimum(notes[:, 1], end_s)
    first_s, last_s = float(notes[:, 0].min()), float(notes[:, 1].max())
    span_s = max(last_s - first_s, 1.0)
    length = np.clip(notes[:, 1] - notes[:, 0], _SHORTEST_S, _LONGEST_S)
    pitch, velocity = notes[:, 2], notes[:, 3]
    classes = _classes(pitch, length)
    fit = KEY_FITS @ _centred(classes)
    degrees = np.roll(classes / classes.sum(), -(int(fit.argmax()) % 12))
    likely = np.exp(8.0 * fit)
    modes = _modes(notes, length, first_s, last_s)
    onsets = np.unique(np.round(notes[:, 0] / _TOGETHER_S)) * _TOGETHER_S
    gaps = np.diff(onsets)
    return np.concatenate(
        [
            [fit[:12].max() - fit[12:].max(), modes.mean(), modes.std()],
            [likely[:12].sum() / likely.sum(), fit.max()],
            [np.log(len(notes) / span_s), np.log(len(onsets) / span_s)],
            [
                pitch.mean() / 12.0,
                pitch.std() / 12.0,
                velocity.mean() / 64.0,
                velocity.std() / 32.0,
            ],
            [np.log(length.mean()), length.sum() / span_s],
            [np.log(np.median(gaps) + 0.02) if len(gaps) else 0.0],
            _chords(notes, first_s, last_s),
            degrees * 5.0,
            np.percentile(pitch, [5, 95]) / 12.0,
            [float((pitch < 48).mean()), float((pitch > 84).mean())],
        ]
    )
