"""Find beats and bars in notes that were played without a click.

Transcriptions carry no tempo. Onsets become accents (velocity, bass, number of notes at once, long
notes), the tempo is read off their autocorrelation with a preference near 100 BPM, and dynamic
programming lays the beats so that they fall on accents at nearly even distances. The bar is the
grouping by three or four, and its phase, that puts most bass, chord change and weight on first
beats.

References
----------
Ellis: Beat tracking by dynamic programming. Journal of New Music Research 36 (2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.events import NoteEvent
from engine.music.reading.harmony import pitch_class_weights

__all__ = ["BeatTrack", "track_beats"]

_RATE = 50.0
"""Accent curve samples per second."""
_TEMPO_RANGE = (50.0, 200.0)
_PREFERRED_BPM = 88.0
_TEMPO_SPREAD = 0.75  # octaves
_TIGHTNESS = 30.0
_TOGETHER_S = 0.035
_TRIPLE_COST = 1.2
"""Groups of three must be this much better than groups of four."""


@dataclass(frozen=True, slots=True)
class BeatTrack:
    """Beats of a performance.

    Attributes
    ----------
    times_s : float64 array, shape (n_beats,)
        From before the first note to after the last one [s].
    tempo_bpm : float
        Of the median distance.
    beats_per_bar : int
        3 or 4.
    first_downbeat : int
        Index of the first beat that opens a bar, below `beats_per_bar`.
    """

    times_s: np.ndarray
    tempo_bpm: float
    beats_per_bar: int
    first_downbeat: int

    def beat_at(self, time_s: np.ndarray) -> np.ndarray:
        """Return positions in beats of times in seconds, continued evenly beyond the ends."""
        times = self.times_s
        step = 60.0 / self.tempo_bpm
        inside = np.interp(time_s, times, np.arange(len(times), dtype=np.float64))
        before = np.minimum(time_s - times[0], 0.0) / step
        after = np.maximum(time_s - times[-1], 0.0) / step
        beats: np.ndarray = inside + before + after
        return beats


def _accents(onsets: np.ndarray, notes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return times [s] and weights of the chords that begin; `notes`: end, pitch, velocity."""
    order = np.argsort(onsets, kind="stable")
    times: list[float] = []
    weights: list[float] = []
    index = 0
    while index < len(order):
        stop = index
        while stop < len(order) and onsets[order[stop]] - onsets[order[index]] < _TOGETHER_S:
            stop += 1
        group = order[index:stop]
        ends, pitches, velocities = notes[group].T
        long = np.clip(ends.max() - onsets[group[0]], 0.0, 1.0)
        low = np.clip((60.0 - pitches.min()) / 24.0, 0.0, 1.0)
        weight = np.sqrt(len(group)) * (0.3 + velocities.max() / 127.0) * (0.5 + 0.5 * long + low)
        times.append(float(np.average(onsets[group], weights=velocities)))
        weights.append(float(weight))
        index = stop
    return np.array(times), np.array(weights)


def _curve(times: np.ndarray, weights: np.ndarray, start: float, count: int) -> np.ndarray:
    """Accent strength sampled at `_RATE`, blurred by 25 ms; unit deviation."""
    curve = np.zeros(count)
    place = np.clip(np.round((times - start) * _RATE).astype(int), 0, count - 1)
    np.add.at(curve, place, weights)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / (0.025 * _RATE)) ** 2)
    blurred: np.ndarray = np.convolve(curve, kernel, mode="same")
    return blurred / max(float(blurred.std()), 1e-9)


def _period(curve: np.ndarray) -> float:
    """Return the beat's length in samples from the autocorrelation, its double and its half."""
    size = 1 << (2 * len(curve) - 1).bit_length()
    centred = curve - curve.mean()
    spectrum = np.fft.rfft(centred, size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, size)[: len(curve)]
    correlation /= np.arange(len(curve), 0, -1)
    shortest = 60.0 * _RATE / _TEMPO_RANGE[1]
    longest = 60.0 * _RATE / _TEMPO_RANGE[0]
    periods = np.arange(shortest, longest, 0.1)
    lags = np.arange(len(correlation))
    score = np.zeros(len(periods))
    for multiple, share in ((1, 1.0), (2, 0.5), (4, 0.35), (0.5, 0.25), (3, 0.15)):
        reached = np.interp(periods * multiple, lags, correlation, right=0.0)
        score += share * np.maximum(reached, 0.0)
    bpm = 60.0 * _RATE / periods
    score *= np.exp(-0.5 * (np.log2(bpm / _PREFERRED_BPM) / _TEMPO_SPREAD) ** 2)
    return float(periods[int(score.argmax())])


def _lay_beats(curve: np.ndarray, period: float) -> np.ndarray:
    """Return the samples on which beats fall."""
    low, high = int(round(period / 1.6)), int(round(period * 1.6))
    gaps = np.arange(low, high + 1)
    cost = -_TIGHTNESS * np.log(gaps / period) ** 2
    total = curve.copy()
    back = np.full(len(curve), -1)
    for sample in range(low, len(curve)):
        reach = gaps[: np.searchsorted(gaps, sample, side="right")]
        candidates = total[sample - reach] + cost[: len(reach)]
        best = int(candidates.argmax())
        if candidates[best] > 0.0:
            total[sample] += candidates[best]
            back[sample] = sample - reach[best]
    tail = max(len(curve) - high, 0)
    sample = tail + int(total[tail:].argmax())
    beats = []
    while sample >= 0:
        beats.append(sample)
        sample = int(back[sample])
    return np.array(beats[::-1])


def _bars(times: np.ndarray, notes: Sequence[NoteEvent]) -> tuple[int, int]:
    """Return beats per bar and the first downbeat; `notes` have onsets in beats of `times`."""
    count = len(times) - 1
    weights, bass = pitch_class_weights(notes, list(range(count + 1)))
    unit = weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-9)
    change = np.zeros(count)
    change[1:] = 1.0 - (unit[1:] * unit[:-1]).sum(1)
    low = np.zeros(count)
    strong = np.zeros(count)
    for note in notes:
        beat = round(note.onset)
        if 0 <= beat < count and abs(note.onset - beat) < 0.15:
            low[beat] = max(low[beat], (66.0 - note.pitch) / 30.0 * min(note.duration, 2.0))
            strong[beat] += note.velocity / 127.0
    moved = np.zeros(count)
    moved[1:] = np.abs(np.diff(bass.argmax(1))) > 0
    accent = change + 0.5 * low + 0.25 * np.sqrt(strong) + 0.4 * moved * (low > 0)
    accent -= accent.mean()
    best = (-np.inf, 4, 0)
    for length in (4, 3):
        for phase in range(length):
            mean = float(accent[phase::length].mean()) if count > phase else -np.inf
            if length == 3:
                mean /= _TRIPLE_COST
            best = max(best, (mean, length, phase))
    return best[1], best[2]


def track_beats(onsets_s: np.ndarray, notes: np.ndarray) -> BeatTrack:
    """Find the beats of a performance.

    Parameters
    ----------
    onsets_s : float64 array, shape (n_notes,)
        [s], in any order.
    notes : float64 array, shape (n_notes, 3)
        End [s], pitch and velocity of each note.

    Raises
    ------
    InputError
        Fewer than four notes, or all within a second.
    """
    if len(onsets_s) < 4 or float(np.ptp(onsets_s)) < 1.0:
        raise InputError(f"beat tracking needs 4 notes over 1 s; got {len(onsets_s)} notes")
    times, weights = _accents(onsets_s, notes)
    start = float(times[0]) - 0.1
    count = int((float(times[-1]) - start) * _RATE) + 10
    curve = _curve(times, weights, start, count)
    samples = _lay_beats(curve, _period(curve))
    beats = start + samples / _RATE
    if len(beats) < 2:
        raise InputError("beat tracking: no two beats found")
    step = float(np.median(np.diff(beats)))
    before = int(np.ceil(max(beats[0] - float(times[0]) - 0.05, 0.0) / step))
    after = int(np.ceil(max(float(notes[:, 0].max()) - beats[-1], 0.0) / step)) + 1
    beats = np.concatenate(
        [
            beats[0] - step * np.arange(before, 0, -1),
            beats,
            beats[-1] + step * np.arange(1, after + 1),
        ]
    )
    track = BeatTrack(beats, 60.0 / step, 4, 0)
    begin, end = track.beat_at(onsets_s), track.beat_at(notes[:, 0])
    events = [
        NoteEvent(0, float(b), max(float(e - b), 0.01), int(p), max(int(v), 1), 0, "lead")
        for b, e, p, v in zip(begin, end, notes[:, 1], notes[:, 2], strict=True)
    ]
    beats_per_bar, first = _bars(beats, events)
    return BeatTrack(beats, 60.0 / step, beats_per_bar, first)
