"""Read EMOPIA, VGMIDI and POP909 into beats, once: MIDI, beats, keys, chords, labels.

EMOPIA's transcriptions have no tempo: their beats are tracked, and the median tempo of a clip is
taken for all of it, as on stage the tempo is steady. POP909 comes with beats and keys, VGMIDI with
a tempo map and time signatures. Chords are estimated the same way in all three.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.generators.muser.features import beat_features, statistics
from engine.generators.muser.pieces import (
    Piece,
    join_beats,
    piece_of,
)
from engine.midi.file import read_score
from engine.music.reading.beats import BeatTrack
from engine.music.reading.score import (
    Score,
    score_from_beats,
)
from engine.music.rhythm import TICKS
from export_onnx.datasets import read_items
from export_onnx.datasets.item import Item, read_member
from export_onnx.muser.store import Corpus, save_corpus
from export_onnx.training.options import data_option, option
from export_onnx.training.progress import Progress

__all__ = [
    "DATASETS",
    "PrepareOptions",
    "annotated_key",
    "prepare",
    "read_piece",
    "round_trip_losses",
]

DATASETS = ("emopia", "vgmidi", "pop909")

_REACTION_S = 2.5
"""Raters answer this much later than they hear."""


@dataclass(frozen=True)
class PrepareOptions:
    """Data in, corpora out."""

    data: Path = data_option()
    out: Path = option(Path("runs/muser/beats"), "folder of beats")
    splits: tuple[str, ...] = option(("train", "val"), "parts of the data sets", flag="--split")
    datasets: tuple[str, ...] = option(DATASETS, "data sets", flag="--sets")


def _annotated_beats(item: Item, score: Score) -> Score:
    """POP909: the notes on the beats of ``beat_midi.txt``."""
    text = read_member(item.folder, item.archive, f"{item.path.rsplit('/', 1)[0]}/beat_midi.txt")
    table = np.array([line.split()[:3] for line in text.decode().splitlines()], np.float64)
    units = np.flatnonzero(table[:, 1] > 0)
    beats_per_bar = 3 if len(units) > 1 and np.median(np.diff(units)) == 3 else 4
    opens = np.flatnonzero(table[:, 2 if beats_per_bar == 4 else 1] > 0)
    first = int(opens[0]) % beats_per_bar if len(opens) else 0
    tempo_bpm = 60.0 / float(np.median(np.diff(table[:, 0])))
    begin = np.array([score.seconds(note.onset) for note in score.notes])
    end = np.array([score.seconds(note.onset + note.duration) for note in score.notes])
    track = BeatTrack(table[:, 0], tempo_bpm, beats_per_bar, first)
    placed = score_from_beats(score.notes, begin, end, track)
    return replace(placed, performed=False)


def _steady(score: Score) -> Score:
    tempo = float(np.median([tempo_bpm for _, tempo_bpm in score.song_map.tempos]))
    return replace(score, song_map=replace(score.song_map, tempos=((0.0, tempo),)))


def annotated_key(item: Item) -> tuple[int, int] | None:
    """Annotated key of a POP909 song: the one that holds longest."""
    held: dict[int, float] = {}
    for span in item.keys:
        held[span.label] = held.get(span.label, 0.0) + span.end_s - span.start_s
    held.pop(-1, None)
    if not held:
        return None
    label = max(held, key=lambda index: held[index])
    return label % 12, int(label < 12)


def read_piece(item: Item) -> tuple[Score, Piece]:
    """Read one item of the three sets; the score keeps what the file said."""
    data = read_member(item.folder, item.archive, item.path)
    score = read_score(data, item.path, track=item.dataset == "emopia")
    if item.dataset == "pop909":
        score = _steady(_annotated_beats(item, score))
        return score, piece_of(score, annotated_key(item))
    if item.dataset == "emopia":
        score = _steady(score)
    return score, piece_of(score)


def _labels(item: Item, score: Score, piece: Piece) -> np.ndarray:
    count = len(piece.beats)
    if item.dataset == "vgmidi" and item.curve is not None:
        times = np.array([score.seconds(start / TICKS) for start in piece.starts[:-1]])
        heard = times + _REACTION_S
        return np.stack(
            [np.interp(heard, item.curve[:, 0], item.curve[:, axis]) for axis in (1, 2)], 1
        )
    if item.valence is None or item.arousal is None:
        return np.full((count, 2), np.nan)
    return np.tile([item.valence, item.arousal], (count, 1))


def round_trip_losses(score: Score, piece: Piece) -> dict[str, float]:
    """Compare a score with its way through the tokens, note by note.

    Returns
    -------
    losses : dict
        ``notes``: how many are in the score; ``missing``: how many of them have no counterpart at
        their nearest tick and pitch (two strikes on one tick count once); ``extra``: tokens without
        a note; ``velocity``, ``onset``: largest errors [MIDI units, ticks]; ``duration``: largest
        error in proportion, of notes up to the longest duration.
    """
    wanted: dict[tuple[int, int], tuple[float, float, int]] = {}
    for note in score.notes:
        place = (round(note.onset * TICKS), note.pitch)
        old = wanted.get(place, (note.onset, 0.0, 0))
        wanted[place] = (note.onset, max(note.duration, old[1]), max(note.velocity, old[2]))
    found = {(round(n.onset * TICKS), n.pitch): n for n in join_beats(piece)}
    losses = {
        "notes": float(len(wanted)),
        "missing": float(len(wanted.keys() - found.keys())),
        "extra": float(len(found.keys() - wanted.keys())),
        "velocity": 0.0,
        "onset": 0.0,
        "duration": 0.0,
    }
    for place in wanted.keys() & found.keys():
        onset, duration, velocity = wanted[place]
        note = found[place]
        losses["velocity"] = max(losses["velocity"], abs(note.velocity - velocity))
        losses["onset"] = max(losses["onset"], abs(note.onset - onset) * TICKS)
        if 1.0 / TICKS <= duration <= 16.0:
            ratio = max(note.duration / duration, duration / note.duration) - 1.0
            losses["duration"] = max(losses["duration"], ratio)
    return losses


class _Builder:
    """Gathers pieces end to end."""

    def __init__(self) -> None:
        self.notes: list[tuple[int, int, int, int]] = []
        self.first_note = [0]
        self.headers: list[tuple[int, ...]] = []
        self.features: list[np.ndarray] = []
        self.statistics: list[np.ndarray] = []
        self.labels: list[np.ndarray] = []
        self.first_beat = [0]
        self.names: list[str] = []
        self.groups: list[str] = []

    def add(self, item: Item, piece: Piece, labels: np.ndarray) -> None:
        for beat in piece.beats:
            self.notes += [(n.onset, n.pitch, n.duration, n.velocity) for n in beat.notes]
            self.first_note.append(len(self.notes))
            head = beat.header
            self.headers.append(
                (
                    head.tempo,
                    head.position,
                    head.beats_per_bar,
                    head.root,
                    head.quality,
                    head.mode,
                    beat.ticks,
                )
            )
            self.features.append(beat_features(beat).astype(np.float16))
            self.statistics.append(statistics(beat))
        self.labels.append(labels.astype(np.float32))
        self.first_beat.append(len(self.headers))
        self.names.append(item.name)
        self.groups.append(item.group)

    def corpus(self) -> Corpus:
        return Corpus(
            notes=np.array(self.notes, np.int16).reshape(-1, 4),
            first_note=np.array(self.first_note, np.int32),
            headers=np.array(self.headers, np.int16),
            features=np.stack(self.features),
            statistics=np.stack(self.statistics),
            labels=np.concatenate(self.labels),
            first_beat=np.array(self.first_beat, np.int32),
            names=np.array(self.names),
            groups=np.array(self.groups),
        )


def _gather(items: Iterable[Item], progress: Progress) -> tuple[Corpus, dict[str, float]]:
    builder = _Builder()
    worst: dict[str, float] = {}
    for item in items:
        score, piece = read_piece(item)
        for name, value in round_trip_losses(score, piece).items():
            total = name in ("notes", "missing", "extra")
            old = worst.get(name, 0.0)
            worst[name] = old + value if total else max(old, value)
        builder.add(item, piece, _labels(item, score, piece))
        progress.advance(item.name)
    return builder.corpus(), worst


def prepare(options: PrepareOptions) -> list[str]:
    """Write ``OUT/<set>_<split>.npz``; returns a line per file with its round-trip losses."""
    lines = []
    for dataset in options.datasets:
        if dataset not in DATASETS:
            raise InputError(f"data set must be one of {', '.join(DATASETS)}; got {dataset!r}")
        for split in options.splits:
            items = read_items(options.data, (split,), (dataset,))
            with Progress(f"{dataset} {split}", len(items)) as progress:
                corpus, worst = _gather(items, progress)
            save_corpus(options.out / f"{dataset}_{split}.npz", corpus)
            lost = ", ".join(f"{name} {value:.3g}" for name, value in worst.items())
            lines.append(f"{dataset} {split}: {len(items)} pieces, {corpus.n_beats} beats; {lost}")
    return lines
