"""Features that may separate human from generated music: melody, harmony, rhythm, touch, form.

Everything is measured in seconds from the notes alone, as `export_onnx.judges.statistics` does, but
finer: distributions of steps, chords, gaps and accents instead of their means.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from engine.music.profile import key_correlations
from export_onnx.judges.notes import Notes
from export_onnx.judges.statistics import polyphony

__all__ = ["FAMILIES", "describe_real"]

_STEPS: Final = np.array([-99, -12, -7, -4, -2, -0.5, 0.5, 2.5, 4.5, 7.5, 12.5, 99])
_GAPS_S: Final = np.geomspace(0.04, 3.0, 13)
_RATIOS: Final = np.log2([0.2, 0.36, 0.45, 0.6, 0.9, 1.1, 1.7, 2.2, 2.8, 5.0])
_WINDOW_S: Final = 0.5
_MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
_LAGS_S: Final = (1.2, 2.4, 4.8, 9.6)


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Histogram that sums to 1, ends included; zeros for no values."""
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return np.asarray(counts / max(counts.sum(), 1))


def _spread(values: np.ndarray) -> list[float]:
    """Mean, deviation, skew-like and quartile range; zeros for fewer than two values."""
    if len(values) < 2:
        return [0.0] * 4
    low, middle, high = np.percentile(values, [25, 50, 75])
    return [float(values.mean()), float(values.std()), float(values.mean() - middle), high - low]


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < 3 or np.ptp(first) < 1e-9 or np.ptp(second) < 1e-9:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _repetition(notes: Notes, length: int) -> float:
    """Return the share of sequences of `length` steps of pitch that occurred before, 0..1.

    Chords are read from low to high.
    """
    steps = np.diff(notes.pitch[np.lexsort((notes.pitch, notes.onset_groups()))])
    if len(steps) < length:
        return 0.0
    grams = np.lib.stride_tricks.sliding_window_view(steps, length)
    return 1.0 - len(np.unique(grams, axis=0)) / len(grams)


def _top(notes: Notes) -> np.ndarray:
    """Return the highest note of each onset, unless it lies far below the tune: indices."""
    groups = notes.onset_groups()
    highest = np.array(
        [
            at[notes.pitch[at].argmax()]
            for at in np.split(np.arange(len(notes)), np.flatnonzero(np.diff(groups)) + 1)
        ]
    )
    kept, tune = [], -np.inf
    for index in highest:
        if notes.pitch[index] >= tune - 9.0:
            kept.append(index)
            tune = float(notes.pitch[index])
        else:
            tune -= 1.5
    return np.array(kept, np.int64)


def _melody(notes: Notes) -> list[float]:
    line = notes.take(_top(notes))
    steps = np.diff(line.pitch).astype(np.float64)
    gaps = np.log(np.maximum(np.diff(line.start_s), 0.03))
    turns = np.sign(steps[1:]) * np.sign(steps[:-1]) < 0
    leaps = np.abs(steps[:-1]) > 4 if len(steps) > 1 else np.zeros(0, bool)
    back = leaps & turns & (np.abs(steps[1:]) <= 2) if len(steps) > 1 else leaps
    found = [
        *_shares(steps, _STEPS),
        float(turns.mean()) if len(turns) else 0.0,
        float(back.sum() / max(leaps.sum(), 1)),
        *_spread(line.pitch.astype(np.float64)),
        *_spread(gaps),
        *_spread(np.log(np.maximum(line.end_s - line.start_s, 0.03))),
        _repetition(line, 3),
        _repetition(line, 5),
        len(line) / max(len(notes.onsets_s()), 1),
        _correlation(np.abs(steps), gaps),
        _correlation(steps[1:], steps[:-1]),
        len(np.unique(line.pitch)) / max(len(line), 1),
    ]
    return found


def _chroma(notes: Notes, window_s: float) -> np.ndarray:
    """Sounding pitch classes per window, shape (windows, 12)."""
    starts = float(notes.start_s[0]) + np.arange(0.0, max(notes.seconds, window_s), window_s)
    shared = np.minimum(notes.end_s, starts[:, None] + window_s) - np.maximum(
        notes.start_s, starts[:, None]
    )
    return np.asarray(np.clip(shared, 0.0, None) @ np.eye(12)[notes.pitch % 12])


def _harmony(notes: Notes) -> list[float]:
    length = np.maximum(notes.end_s - notes.start_s, 0.03)
    weights = np.bincount(notes.pitch % 12, length, 12).astype(np.float64)
    shares = weights / weights.sum()
    keys = key_correlations(weights)
    best = int(keys.argmax())
    scale = (best if best < 12 else best + 3) % 12
    degrees = np.roll(shares, -scale)
    chroma = _chroma(notes, _WINDOW_S)
    filled = chroma[chroma.sum(1) > 0]
    unit = filled / np.maximum(np.linalg.norm(filled, axis=1, keepdims=True), 1e-9)
    flux = 1.0 - (unit[1:] * unit[:-1]).sum(1)
    active = unit > 0.2
    counts = np.array(
        [[(row & np.roll(row, -k)).sum() for k in range(1, 7)] for row in active], float
    )
    pairs = counts.sum(0) / max(counts.sum(), 1.0)
    groups = notes.onset_groups()
    low = np.array([notes.pitch[groups == g].min() for g in np.unique(groups)])
    bass = low[low < 55]
    local = [key_correlations(part.sum(0)).max() for part in np.array_split(filled, 4) if len(part)]
    outside = 1.0 - degrees[list(_MAJOR)].sum()
    return [
        *degrees,
        float(-(shares * np.log(np.maximum(shares, 1e-12))).sum()),
        float(keys.max()),
        float(np.mean(local)) if local else 0.0,
        outside,
        *pairs,
        *_spread(active.sum(1).astype(float)),
        *_spread(flux),
        float((flux < 0.05).mean()) if len(flux) else 0.0,
        *_shares(np.diff(bass).astype(float), _STEPS),
        len(bass) / max(len(low), 1),
        polyphony(notes),
    ]


def _rhythm(notes: Notes) -> list[float]:
    onsets = notes.onsets_s()
    gaps = np.maximum(np.diff(onsets), 0.03)
    logs = np.log2(gaps)
    ratios = np.diff(logs)
    sizes = np.bincount(notes.onset_groups())
    grid = np.zeros(int((onsets[-1] - onsets[0]) / 0.02) + 2)
    np.add.at(grid, ((onsets - onsets[0]) / 0.02).astype(int), 1.0)
    soft = np.convolve(grid, np.hanning(5), "same")
    soft -= soft.mean()
    power = np.correlate(soft, soft, "full")[len(soft) - 1 :]
    period = power[10:120] / max(power[0], 1e-9)
    sustain = (notes.end_s - notes.start_s) / np.maximum(np.median(gaps), 0.03)
    return [
        *_shares(gaps, _GAPS_S),
        *_spread(logs),
        *_shares(ratios, _RATIOS),
        float(np.abs(np.diff(gaps) / (gaps[1:] + gaps[:-1])).mean()) if len(gaps) > 1 else 0.0,
        _correlation(logs[1:], logs[:-1]),
        *_shares(sizes.astype(float), np.arange(0.5, 8.0)),
        float(period.max()),
        float(period.mean()),
        float(np.sort(period)[-10:].std()),
        *_spread(np.log(np.maximum(sustain, 0.05))),
        float(np.mean([abs(r - round(r)) for r in logs - np.median(logs)])),
    ]


def _touch(notes: Notes) -> list[float]:
    velocity = notes.velocity.astype(np.float64)
    groups = notes.onset_groups()
    edges = np.flatnonzero(np.diff(groups)) + 1
    chords = [at for at in np.split(np.arange(len(notes)), edges) if len(at) > 1]
    spreads = np.array([np.ptp(notes.start_s[at]) for at in chords])
    ranges = np.array([np.ptp(velocity[at]) for at in chords])
    tops = [at[notes.pitch[at].argmax()] for at in chords]
    above, leads = np.zeros(len(chords)), np.zeros(len(chords))
    for place, (at, top) in enumerate(zip(chords, tops, strict=True)):
        above[place] = velocity[top] - velocity[at[at != top]].mean()
        leads[place] = notes.start_s[top] - notes.start_s[at[notes.pitch[at].argmin()]]
    loud = np.array([velocity[at].mean() for at in np.split(np.arange(len(notes)), edges)])
    change = np.diff(loud)
    gaps = np.diff(notes.onsets_s())
    arcs = np.array([part.mean() for part in np.array_split(loud, 8) if len(part)])
    length = np.log(np.maximum(notes.end_s - notes.start_s, 0.03))
    return [
        *_spread(velocity),
        *_spread(spreads),
        float((spreads > 0.004).mean()) if len(spreads) else 0.0,
        *_spread(ranges),
        *_spread(above),
        *_spread(leads),
        *_spread(np.abs(change)),
        _correlation(loud[1:], loud[:-1]),
        _correlation(loud[2:], loud[:-2]),
        _correlation(velocity, notes.pitch.astype(float)),
        _correlation(loud[1:], np.log(np.maximum(gaps, 0.03))),
        _correlation(velocity, length),
        float(arcs.std()),
        float(np.ptp(arcs)),
        *_spread(length),
        len(np.unique(notes.velocity)) / len(notes),
    ]


def _form(notes: Notes) -> list[float]:
    chroma = _chroma(notes, 0.3)
    unit = chroma / np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-9)
    alike = unit @ unit.T
    lags = []
    for lag_s in _LAGS_S:
        lag = round(lag_s / 0.3)
        lags.append(float(np.diag(alike, lag).mean()) if lag < len(alike) else 0.0)
    middle = np.array([np.diag(alike, k).mean() for k in range(4, max(5, len(alike) // 2))])
    parts = np.array_split(np.arange(len(notes)), 8)
    arcs = []
    for values in (notes.velocity, notes.pitch, np.gradient(notes.start_s)):
        means = np.array([values[part].mean() for part in parts if len(part)])
        arcs += [float(means.std()), float(means[-1] - means[0]), float(means.argmax() / 7.0)]
    return [
        *(_repetition(notes, n) for n in (2, 4, 8, 16)),
        *lags,
        *_spread(middle),
        float(middle.max()),
        float(middle.argmax()),
        *arcs,
    ]


FAMILIES: Final[Mapping[str, Callable[[Notes], list[float]]]] = {
    "melody": _melody,
    "harmony": _harmony,
    "rhythm": _rhythm,
    "touch": _touch,
    "form": _form,
}
"""Family → its features of one clip of at least eight onsets."""


def describe_real(clips: Sequence[Notes]) -> dict[str, np.ndarray]:
    """Return the features of each family, float64, shape (clips, features); NaN-free."""
    return {
        name: np.nan_to_num(np.array([family(clip) for clip in clips], np.float64))
        for name, family in FAMILIES.items()
    }
