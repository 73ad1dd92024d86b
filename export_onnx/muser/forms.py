"""Form codes: where the figures of each bar come from, and how literally, read off the notes."""

import numpy as np

from engine.generators.muser.model import FORMS
from export_onnx.muser.pool import Pool

__all__ = ["form_codes"]

_FARTHEST_BARS = 64
_ALIKE = (0.3, 0.6)
"""Likeness from which a bar varies another, and from which it repeats it."""
_BAR_TICKS, _PITCHES = 192, 128


def form_codes(pool: Pool) -> np.ndarray:
    """Return form and source of every beat: int64, shape (n_beats, 2).

    The first is an index into `FORMS`, the second how many beats back the bar lies that is most
    alike (cosine of the struck ticks and pitches, or of these moved to the bar's lowest note; the
    nearest of equals), 0 for new material.
    """
    from scipy.sparse import csr_array

    found = np.zeros((len(pool.headers), 2), np.int64)
    found[:, 0] = FORMS.index("new")
    for first, last in zip(pool.first_beat[:-1], pool.first_beat[1:], strict=True):
        opens = first + np.flatnonzero(pool.headers[first:last, 1] == 0)
        bar = np.searchsorted(opens, np.arange(first, last), "right") - 1
        notes = pool.notes[pool.first_note[first] : pool.first_note[last]]
        beat = np.repeat(np.arange(last - first), np.diff(pool.first_note[first : last + 1]))
        mine, kept = bar[beat], bar[beat] >= 0
        if not kept.any():
            continue
        ticks = pool.headers[first + beat, 1] * 12 + notes[:, 0]
        lowest = np.full(len(opens), 127)
        np.minimum.at(lowest, mine[kept], notes[kept, 1])
        alike = np.zeros((len(opens), len(opens)))
        for pitch in (notes[:, 1], notes[:, 1] - lowest[mine]):
            place = (ticks % _BAR_TICKS) * _PITCHES + pitch
            shape = (len(opens), _BAR_TICKS * _PITCHES)
            table = csr_array((np.ones(kept.sum()), (mine[kept], place[kept])), shape)
            table.data[:] = 1.0
            size = np.sqrt(np.maximum(np.asarray(table.sum(1)).ravel(), 1.0))
            alike = np.maximum(alike, (table @ table.T).toarray() / size[:, None] / size)
        back = np.arange(len(opens))[:, None] - np.arange(len(opens))
        alike[(back < 1) | (back > _FARTHEST_BARS)] = 0.0
        source = len(opens) - 1 - (alike - 1e-6 * back)[:, ::-1].argmax(1)
        best = alike[np.arange(len(opens)), source]
        kind = np.searchsorted(_ALIKE, best, "right")
        inside = bar >= 0
        rows, bars = np.arange(first, last)[inside], bar[inside]
        found[rows, 0] = FORMS.index("new") + kind[bars]
        moved = (opens - opens[source])[bars]
        found[rows, 1] = np.where(kind[bars] > 0, moved, 0)
    return found
