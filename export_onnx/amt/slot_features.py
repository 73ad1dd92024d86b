"""Features of the notes of each slot: density, loudness, rhythm, register, pitch classes.

Only `chroma` uses pitch classes: density, loudness, motion and section boundaries must not reveal
the chord that they condition.
"""

from dataclasses import dataclass

import numpy as np

from export_onnx.amt.grid import Grid
from export_onnx.judges.notes import Notes

__all__ = ["Texture", "boundaries", "chroma", "distances", "motion", "section_energy", "texture"]

_PATTERN_BINS = 8
_SILENT_PITCH = 60.0
_KERNEL_SLOTS = 8
_SHORTEST_SECTION = 8
_NOVELTY_SD = 0.5


@dataclass(frozen=True)
class Texture:
    """Per slot, all float64.

    Attributes
    ----------
    density : shape (n,)
        Onsets per beat; simultaneous notes count once.
    loudness : shape (n,)
        Mean velocity / 127 of the notes that begin; held in slots without onsets.
    pitch : shape (n,)
        Mean pitch, held likewise.
    span : shape (n,)
        Highest minus lowest pitch, held likewise [semitones].
    chord_size : shape (n,)
        Notes per onset, 0 where there are none.
    pattern : shape (n, 8)
        Onsets in each eighth of the slot; 0 or 1.
    """

    density: np.ndarray
    loudness: np.ndarray
    pitch: np.ndarray
    span: np.ndarray
    chord_size: np.ndarray
    pattern: np.ndarray


def _held(values: np.ndarray, known: np.ndarray, start: float) -> np.ndarray:
    index = np.where(known, np.arange(len(values)), -1)
    index = np.maximum.accumulate(index)
    return np.where(index >= 0, values[np.maximum(index, 0)], start)


def texture(notes: Notes, grid: Grid) -> Texture:
    """Measure the notes on the slots."""
    n = len(grid)
    slot = np.searchsorted(grid.edges_s, notes.start_s + 0.03, "right") - 1
    inside = (slot >= 0) & (slot < n)
    notes, slot = notes.take(inside), slot[inside]
    count = np.bincount(slot, minlength=n).astype(float)
    safe = np.maximum(count, 1.0)
    known = count > 0
    fresh = np.diff(notes.onset_groups(), prepend=-1) > 0
    onsets = np.bincount(slot[fresh], minlength=n).astype(float)
    highest, lowest = np.zeros(n), np.full(n, 127.0)
    np.maximum.at(highest, slot, notes.pitch)
    np.minimum.at(lowest, slot, notes.pitch)
    place = (notes.start_s + 0.03 - grid.edges_s[slot]) / np.diff(grid.edges_s)[slot]
    pattern = np.zeros((n, _PATTERN_BINS))
    bins = np.clip((place * _PATTERN_BINS).astype(int), 0, _PATTERN_BINS - 1)
    pattern[slot[fresh], bins[fresh]] = 1.0
    return Texture(
        density=onsets / grid.beats,
        loudness=_held(np.bincount(slot, notes.velocity, n) / safe / 127.0, known, 0.0),
        pitch=_held(np.bincount(slot, notes.pitch, n) / safe, known, _SILENT_PITCH),
        span=_held(np.where(known, highest - lowest, 0.0), known, 0.0),
        chord_size=count / np.maximum(onsets, 1.0),
        pattern=pattern,
    )


def motion(of: Texture) -> np.ndarray:
    """How much rhythm and register change from one slot to the next, in [0, 1], shape (n,).

    Half of it is the share of the slot's eighths whose onset appears or disappears, half the shift
    of the mean pitch, an octave and more counting as 1. The first slot has 0.
    """
    rhythm = np.abs(np.diff(of.pattern, axis=0)).mean(1)
    register = np.minimum(np.abs(np.diff(of.pitch)) / 12.0, 1.0)
    return np.concatenate([[0.0], 0.5 * rhythm + 0.5 * register])[: len(of.density)]


def boundaries(of: Texture, grid: Grid) -> np.ndarray:
    """Find section lines as peaks of novelty in the texture (no harmony); slots, ascending.

    The first slot is always one. Candidates are starts of bars, at least eight slots apart.

    References
    ----------
    Foote: Automatic audio segmentation using a measure of audio novelty. ICME 2000.
    """
    columns = [np.log1p(of.density), of.loudness, of.pitch / 12, of.span / 12, of.chord_size]
    rows = np.column_stack([*columns, of.pattern])
    spread = rows.std(0)
    rows = (rows - rows.mean(0)) / np.where(spread > 1e-6, spread, 1.0)
    rows[:, len(columns) :] *= 0.5
    n, half = len(rows), _KERNEL_SLOTS
    if n <= 2 * half:
        return np.array([0])
    smooth = np.cumsum(np.vstack([np.zeros(rows.shape[1]), rows]), 0)
    novelty = np.zeros(n)
    for at in range(4, n - 4):
        low, high = max(0, at - half), min(n, at + half)
        before = (smooth[at] - smooth[low]) / (at - low)
        after = (smooth[high] - smooth[at]) / (high - at)
        novelty[at] = np.linalg.norm(after - before)
    novelty[grid.phase == 1] = 0.0
    limit = novelty[novelty > 0].mean() + _NOVELTY_SD * novelty[novelty > 0].std()
    found = [0]
    for at in np.argsort(-novelty):
        if novelty[at] < limit:
            break
        if min(abs(int(at) - other) for other in found) >= _SHORTEST_SECTION:
            found.append(int(at))
    return np.array(sorted(found))


def distances(lines: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Slots since the last and until the next section line; the end of the piece is one."""
    slots = np.arange(n)
    since = slots - lines[np.searchsorted(lines, slots, "right") - 1]
    following = np.append(lines, n)
    until = following[np.searchsorted(following, slots, "right")] - slots
    return since, until


def section_energy(of: Texture, lines: np.ndarray) -> np.ndarray:
    """Energy of the section each slot is in, from density and loudness, in [0, 1]."""
    parts = []
    for values in (np.log1p(of.density), of.loudness):
        spread = values.std()
        parts.append((values - values.mean()) / (spread if spread > 1e-6 else 1.0))
    level = sum(parts) / 2.0
    bounds = np.append(lines, len(level))
    energy = np.empty(len(level))
    for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
        energy[start:stop] = 1.0 / (1.0 + np.exp(-2.0 * level[start:stop].mean()))
    return energy


def chroma(notes: Notes, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Sounding time per pitch class, of all notes and of the lowest one.

    Returns
    -------
    whole, bass : float64 arrays, shape (n, 12)
        Each row sums to 1, or to 0 where nothing sounds.
    """
    n = len(grid)
    whole, bass = np.zeros((n, 12)), np.zeros((n, 12))
    first = np.clip(np.searchsorted(grid.edges_s, notes.start_s, "right") - 1, 0, n - 1)
    last = np.clip(np.searchsorted(grid.edges_s, notes.end_s, "left") - 1, 0, n - 1)
    lowest = np.full(n, 128)
    for index in range(len(notes)):
        for slot in range(first[index], last[index] + 1):
            time = min(notes.end_s[index], grid.edges_s[slot + 1])
            time -= max(notes.start_s[index], grid.edges_s[slot])
            if time <= 0.01:
                continue
            pitch = int(notes.pitch[index])
            whole[slot, pitch % 12] += time
            if pitch < lowest[slot] - 2:
                bass[slot] = 0.0
            if pitch <= lowest[slot] + 2:
                bass[slot, pitch % 12] += time
            lowest[slot] = min(lowest[slot], pitch)
    for table in (whole, bass):
        table /= np.maximum(table.sum(1, keepdims=True), 1e-9)
    return whole, bass
