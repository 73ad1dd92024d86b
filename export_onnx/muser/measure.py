"""Accuracy of the estimated beats, bars, keys and chords, against POP909's annotations.

EMOPIA has no such annotations, and the training uses estimates there. So the same code is
run on POP909's notes with their beats hidden, in windows as long as EMOPIA's clips.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.midi.file import read_score
from engine.music.reading.beats import track_beats
from engine.music.reading.harmony import (
    NO_ROOT,
    QUALITY_NAMES,
    chord_fit,
    chord_parts,
    chord_path,
    estimate_key,
    pitch_class_weights,
)
from engine.music.reading.score import Score
from export_onnx.datasets import read_items
from export_onnx.datasets.item import Item, read_member
from export_onnx.muser.prepare import annotated_key
from export_onnx.training.metrics import Score as Measured
from export_onnx.training.metrics import bootstrap

__all__ = ["MEASURES", "measure"]

MEASURES = (
    "beat F-measure (70 ms)",
    "tempo right (6 %)",
    "tempo half or double",
    "downbeat F-measure (70 ms)",
    "bars of three or four right",
    "key right",
    "mode right",
    "chord right (major/minor, share of time)",
)

_START_S, _LENGTH_S = 30.0, 45.0
_NEAR_S = 0.07
_MINOR = ("min", "min7", "dim", "hdim7")


@dataclass(frozen=True)
class _Notes:
    """Begin [s], end [s], pitch, velocity; shape (n,) each."""

    begin: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray

    @classmethod
    def of(cls, score: Score) -> "_Notes":
        begin = [score.seconds(note.onset) for note in score.notes]
        end = [score.seconds(note.onset + note.duration) for note in score.notes]
        pitch = [float(note.pitch) for note in score.notes]
        velocity = [float(note.velocity) for note in score.notes]
        return cls(*(np.array(column) for column in (begin, end, pitch, velocity)))


def _f_measure(found: np.ndarray, wanted: np.ndarray) -> float:
    if not len(found) or not len(wanted):
        return 0.0
    distance = np.abs(found[:, None] - wanted[None, :])
    precision = float((distance.min(1) < _NEAR_S).mean())
    recall = float((distance.min(0) < _NEAR_S).mean())
    return 2.0 * precision * recall / max(precision + recall, 1e-9)


def _beats(item: Item, notes: _Notes) -> list[float]:
    text = read_member(item.folder, item.archive, f"{item.path.rsplit('/', 1)[0]}/beat_midi.txt")
    table = np.array([line.split()[:3] for line in text.decode().splitlines()], np.float64)
    inside = (notes.begin >= _START_S) & (notes.begin < _START_S + _LENGTH_S)
    if inside.sum() < 8:
        return [float("nan")] * 5
    track = track_beats(
        notes.begin[inside],
        np.column_stack([notes.end[inside], notes.pitch[inside], notes.velocity[inside]]),
    )
    low, high = _START_S + 1.0, _START_S + _LENGTH_S - 1.0

    def window(times: np.ndarray) -> np.ndarray:
        return times[(times > low) & (times < high)]

    wanted = window(table[:, 0])
    units = np.flatnonzero(table[:, 1] > 0)
    triple = len(units) > 1 and float(np.median(np.diff(units))) == 3.0
    bars = table[table[:, 1 if triple else 2] > 0, 0]
    found_bars = track.times_s[track.first_downbeat :: track.beats_per_bar]
    ratio = track.tempo_bpm * float(np.median(np.diff(wanted))) / 60.0
    return [
        _f_measure(window(track.times_s), wanted),
        float(abs(ratio - 1.0) < 0.06),
        float(abs(ratio - 2.0) < 0.12 or abs(ratio - 0.5) < 0.03),
        _f_measure(window(found_bars), window(bars)),
        float((track.beats_per_bar == 3) == triple),
    ]


def _harmony(item: Item, score: Score) -> list[float]:
    """Key and mode right or not; share of the annotated triads' time that is found."""
    starts = list(range(int(score.end) + 2))
    weights, bass = pitch_class_weights(score.notes, starts)
    tonic, mode, _ = estimate_key(weights, bass)
    key = annotated_key(item)
    right = (
        [float("nan")] * 2 if key is None else [float(key == (tonic, mode)), float(key[1] == mode)]
    )
    labels = chord_path(chord_fit(weights, bass), [start % 4 for start in starts[:-1]])
    hit = total = 0.0
    for beat, label in enumerate(labels):
        middle = score.seconds(beat + 0.5)
        wanted = next((s.label for s in item.chords if s.start_s <= middle < s.end_s), -1)
        if wanted < 1:
            continue
        root, quality = chord_parts(int(label))
        minor = QUALITY_NAMES[quality] in _MINOR
        total += 1.0
        hit += float(root != NO_ROOT and wanted == 1 + root + 12 * minor)
    return [*right, hit / total if total else float("nan")]


def measure(data: Path, split: str, limit: int = 0) -> dict[str, Measured]:
    """Run on POP909's songs of a split; returns every measure with its interval over songs.

    `limit` takes only so many songs; 0 takes all.
    """
    items = read_items(data, (split,), ("pop909",))
    rows = []
    for item in items[: limit or None]:
        score = read_score(
            read_member(item.folder, item.archive, item.path), item.path, track=False
        )
        rows.append(_beats(item, _Notes.of(score)) + _harmony(item, score))
    table = np.array(rows)
    names = [str(number) for number in range(len(rows))]
    return {
        name: bootstrap(lambda x: float(np.nanmean(x)), [table[:, column]], names)
        for column, name in enumerate(MEASURES)
    }
