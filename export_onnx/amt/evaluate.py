"""Measure the ONNX file on a split: hits, perplexity, use of the conditioning, response.

The songs are read with the readers stored in the model; the counting baselines need the prepared
training songs. Nothing is fitted to the split that is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.generators.amt.dynamics import Dynamics, Kind
from engine.generators.amt.model import AmtModel
from engine.generators.amt.vocabulary import END, N_CHORDS
from export_onnx.amt.baselines import BASELINES, CountModel
from export_onnx.amt.emotion_fit import argmax_correspondence, correspondence
from export_onnx.amt.hits import RANKS, VIEWS, SongScore, score_song
from export_onnx.amt.prepare import SETS, read_songs
from export_onnx.amt.readers import Readers
from export_onnx.amt.regressor import measure_regressor
from export_onnx.amt.response import swap_cost, swapped
from export_onnx.amt.songs import Song, condition, load_songs
from export_onnx.amt.videos import picture_song, read_videos
from export_onnx.datasets import DATASETS, read_items
from export_onnx.datasets.muvisync import load_muvisync
from export_onnx.training.answers import Row
from export_onnx.training.metrics import bootstrap
from export_onnx.training.options import data_option, option
from export_onnx.training.progress import Progress

__all__ = ["EvaluateOptions", "evaluate", "predict_song", "score_rows"]

_KINDS: tuple[Kind, ...] = ("whole", "live")
_VIDEOS = "muvisync"
_LONGEST_S = 300

Tables = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class EvaluateOptions:
    """What to measure on what."""

    data: Path = data_option()
    split: str = option("val")
    model: Path | None = option(None, "default: the shipped one")
    prepared: Path | None = option(None, "prepared training songs, for the baselines")
    limit: int = option(0, "songs per data set; 0 takes all")
    sets: tuple[str, ...] = option((*SETS, _VIDEOS), "data sets; missing ones are left out")
    json: Path | None = option(None, "also write the table here")


def predict_song(model: AmtModel, song: Song, told: np.ndarray, guidance: float = 1.0) -> Tables:
    """Step through a song; return the probabilities of every slot and every change, (n, SIZE)."""
    state, heard = model.initial_state(), END
    slots, changes = [], []
    for slot in range(len(song)):
        seen, state = model.foresee(heard, told[slot], state, guidance)
        slots.append(np.exp(seen.slot))
        changes.append(np.exp(seen.change))
        heard = int(song.chord[slot])
    return np.stack(slots), np.stack(changes)


def score_rows(
    dataset: str, system: str, songs: Sequence[Song], scores: Sequence[SongScore | None]
) -> list[Row]:
    """Hits and perplexity of one system, macro over songs, with intervals over groups.

    A slot of MuVi-Sync is a second, any other one a half bar.
    """
    views = ("seconds", VIEWS[1]) if dataset == _VIDEOS else VIEWS
    pairs = [(song.group, s) for song, s in zip(songs, scores, strict=True) if s is not None]
    if not pairs:
        return []
    groups = [group for group, _ in pairs]
    rows = []
    for v, view in enumerate(views):
        for r, rank in enumerate(RANKS):
            values = np.array([score.hits[v, r] for _, score in pairs])
            found = bootstrap(lambda x: float(x.mean()), [values], groups)
            rows.append(Row(dataset, f"{view} hits@{rank}", system, found))
        surprise = np.array([score.surprise[v] for _, score in pairs])
        found = bootstrap(lambda x: float(np.exp(x.mean())), [surprise], groups)
        rows.append(Row(dataset, f"{view} perplexity", system, found))
    return rows


def _repeat_last(unigram: CountModel, song: Song) -> SongScore | None:
    """Score a baseline: the previous chord first, then the most frequent chords."""
    slot, change = unigram.song(song)
    slot[np.arange(1, len(song)), song.chord[:-1]] += 1.0
    return score_song(song.chord, slot / slot.sum(1, keepdims=True), change)


def _baseline_rows(dataset: str, songs: Sequence[Song], train: Sequence[Song]) -> list[Row]:
    unigram = CountModel(train, 1, cache=False)
    last = [_repeat_last(unigram, song) for song in songs]
    rows = score_rows(dataset, "repeat last", songs, last)
    for name, (order, cache) in BASELINES.items():
        counts = CountModel(train, order, cache)
        scores = [score_song(song.chord, *counts.song(song)) for song in songs]
        rows += score_rows(dataset, name, songs, scores)
    return rows


def _model_rows(
    model: AmtModel, dataset: str, songs: Sequence[Song]
) -> tuple[list[Row], list[np.ndarray]]:
    """Rows of the model, and its predictions of every slot with all conditioning."""
    name, tables = "AMT", []
    with Progress(f"{dataset}, {name}", len(songs)) as progress:
        for song in songs:
            tables.append(predict_song(model, song, condition(song)))
            progress.advance(song.name)
    scores = [score_song(s.chord, *t) for s, t in zip(songs, tables, strict=True)]
    rows = score_rows(dataset, name, songs, scores)
    kept = [slot for slot, _ in tables]
    others = [*songs[1:], songs[0]]
    foreign = [
        predict_song(model, song, swapped(song, other))[0]
        for song, other in zip(songs, others, strict=True)
    ]
    rise = swap_cost(songs, kept, foreign)
    rows.append(Row(dataset, "surprise when conditioning is swapped [nats]", name, rise))
    suits = correspondence(songs, kept)
    if suits is not None:
        rows.append(Row(dataset, "emotion correspondence, argmax", name, suits))
    return rows, kept


def _video_rows(model: AmtModel, options: EvaluateOptions) -> list[Row]:
    """MuVi-Sync as published: up to 300 s, teacher-forced, macro over songs."""
    items = read_items(options.data, (options.split,), (_VIDEOS,))[: options.limit or None]
    videos = [load_muvisync(item) for item in items]
    songs = [picture_song(video, _LONGEST_S) for video in videos]
    rows = _baseline_rows(_VIDEOS, songs, read_videos(options.data, "train"))
    found, tables = _model_rows(model, _VIDEOS, songs)
    shares = {
        video.number: argmax_correspondence(table[:, :N_CHORDS].argmax(1), emotion[: len(table)])
        for video, table in zip(videos, tables, strict=True)
        if (emotion := video.emotion) is not None
    }
    known = {number: share for number, share in shares.items() if not np.isnan(share)}
    if known:
        values = np.array(list(known.values()))
        score = bootstrap(lambda x: float(x.mean()), [values], list(known))
        rows.append(Row(_VIDEOS, "emotion correspondence of the videos", "AMT", score))
    return rows + found


def evaluate(options: EvaluateOptions) -> list[Row]:
    """Measure everything; returns one row per measure.

    Raises
    ------
    InputError
        POP909 is missing, or the model was exported without its readers.
    """
    model = AmtModel(options.model)
    if "readers" not in model.metadata:
        raise InputError(f"{model.path}: has no readers of notes; export it with --readers")
    readers = Readers.from_json(model.metadata["readers"])
    if strange := [name for name in options.sets if name not in (*SETS, _VIDEOS)]:
        raise InputError(f"--sets must be of {', '.join((*SETS, _VIDEOS))}; got {strange[0]!r}")
    sets = [name for name in options.sets if not DATASETS[name].lacks(options.data / name)]
    if not sets:
        raise InputError(f"data folder {options.data}: none of {', '.join(options.sets)} is there")
    rows: list[Row] = []
    for name in sets:
        if name == _VIDEOS:
            rows += _video_rows(model, options)
            continue
        songs = read_songs(options.data, options.split, readers, (name,), options.limit)
        if name == "pop909" and options.prepared is not None:
            train = load_songs(options.prepared / "train.npz")
            rows += _baseline_rows(name, songs, [song for song in train if song.dataset == name])
        if len(songs) > 1:
            rows += _model_rows(model, name, songs)[0]
        for kind in _KINDS:
            found = measure_regressor(Dynamics(kind), songs)
            rows += [
                Row(name, measure, system, score) for (measure, system), score in found.items()
            ]
    return rows
