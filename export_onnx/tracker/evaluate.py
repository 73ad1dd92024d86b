"""Measure an exported tracker, streaming from audio, with the code that runs live."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.emotion.model import CHORDS, KEYS, TrackerModel
from engine.emotion.tracker import Tracker
from engine.errors import InputError
from engine.events import EmotionState
from export_onnx.datasets import Item, read_items
from export_onnx.datasets.labels import TAGS, common_scale
from export_onnx.datasets.render import find_soundfonts
from export_onnx.tracker.calibrate import settled_hop
from export_onnx.tracker.contrast import splices
from export_onnx.tracker.listen import Heard, affect, hear
from export_onnx.tracker.not_music import (
    doubted,
    noise_rows,
    noisy_music_rows,
    solo_rows,
    speech_rows,
)
from export_onnx.tracker.prepare import HELD_OUT
from export_onnx.tracker.speech import HELD_OUT_VOICES
from export_onnx.training.answers import Row
from export_onnx.training.metrics import (
    accuracy,
    bootstrap,
    concordance,
    key_score,
    macro_pr_auc,
    macro_roc_auc,
    pearson,
    r_squared,
    rmse,
    roc_auc,
)
from export_onnx.training.options import data_option, option
from export_onnx.training.progress import Progress

__all__ = ["EvaluateOptions", "evaluate"]

# Live delay at which chords are compared with the annotation [s]: half a second altogether.
CHORD_DELAY_S = 0.5
_POP909_EXCERPT_S = (20.0, 90.0)


@dataclass(frozen=True)
class EvaluateOptions:
    """What to evaluate."""

    data: Path = data_option()
    split: str = option("val")
    model: Path | None = option(None, "default: the shipped one")
    soundfont: Path | None = option(None, "renders the MIDI sets; default: the held-out one")
    sets: tuple[str, ...] = option((), "only these data sets, without noises", flag="--set")
    limit: int = option(0, "items per data set; 0 takes all")
    speech: Path | None = option(None, "folder of spoken recordings")
    json: Path | None = option(None, "also write the table here")


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def _groups(heard: list[Heard]) -> list[str]:
    return [one.item.group for one in heard]


def _settled(heard: Heard) -> list[EmotionState]:
    """Return what counts for the mean of a piece: all but silence and what says it settles.

    Ratings of a piece are means of all of it, its beginning included.
    """
    opinions = ("tracking", "uncertain")
    return [state for state in heard.states if state.state in opinions] or heard.states[-1:]


def _means(heard: list[Heard]) -> np.ndarray:
    """Mean valence and arousal of each item where they are stated, shape (n, 2)."""
    return np.asarray([affect(_settled(one)).mean(0) for one in heard])


def _quadrant(values: np.ndarray) -> np.ndarray:
    """Quadrant index of valence and arousal, shape (n, 2) -> (n,)."""
    high_arousal = values[:, 1] >= 0
    high_valence = values[:, 0] >= 0
    return np.where(high_arousal, np.where(high_valence, 0, 1), np.where(high_valence, 3, 2))


def _four(dataset: str, heard: list[Heard]) -> list[Row]:
    """Score sets of quadrants: EMOPIA at the end of a clip, the others by their means."""
    groups = _groups(heard)
    quadrants = np.array([one.item.quadrant for one in heard])
    ends = np.array([affect(one.states)[-1] for one in heard])
    systems = [("tracker", ends if dataset == "emopia" else _means(heard))]
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    majority = np.full(len(heard), np.bincount(quadrants).argmax())
    systems.append(("majority", signs[majority].astype(float)))
    rows = []
    for name, values in systems:
        scores = {"quadrant accuracy": bootstrap(accuracy, (_quadrant(values), quadrants), groups)}
        for column, axis in ((1, "arousal"), (0, "valence")):
            high, truth = values[:, column] >= 0, signs[quadrants][:, column] > 0
            scores[f"{axis} accuracy"] = bootstrap(accuracy, (high, truth), groups)
            if name == "tracker":
                scores[f"{axis} AUC"] = bootstrap(roc_auc, (values[:, column], truth), groups)
        rows += [Row(dataset, measure, name, score) for measure, score in scores.items()]
    return rows + _coverage(dataset, heard)


def _coverage(dataset: str, heard: list[Heard]) -> list[Row]:
    """Count how often the label lies within one stated deviation of the mean.

    Ratings count as the set has them, and on the common scale, on which the tracker speaks.
    """
    labels = np.array([[one.item.valence, one.item.arousal] for one in heard], float)
    stated = np.array(
        [np.mean([[s.valence_std, s.arousal_std] for s in _settled(one)], axis=0) for one in heard]
    )
    rows = []
    for scale, truth in (("", labels), (", common scale", common_scale(dataset, labels))):
        inside = np.abs(_means(heard) - truth) <= stated
        for column, axis in ((1, "arousal"), (0, "valence")):
            score = bootstrap(_mean, (inside[:, column],), _groups(heard))
            rows.append(Row(dataset, f"{axis} within 1 stated std{scale}", "tracker", score))
    return rows


def _dimensional(dataset: str, heard: list[Heard]) -> list[Row]:
    heard = [one for one in heard if one.item.valence is not None and one.item.arousal is not None]
    if not heard:
        return []
    groups = _groups(heard)
    labels = np.array([[one.item.valence, one.item.arousal] for one in heard], float)
    targets, values = common_scale(dataset, labels), _means(heard)
    functions: list[tuple[str, Callable[..., float]]] = [
        ("r", pearson),
        ("CCC", concordance),
        ("R2", r_squared),
        ("RMSE", rmse),
    ]
    rows = []
    for column, axis in ((1, "arousal"), (0, "valence")):
        for label, function in functions:
            score = bootstrap(function, (values[:, column], targets[:, column]), groups)
            rows.append(Row(dataset, f"{axis} {label}", "tracker", score))
    return rows + _coverage(dataset, heard)


def _emotify(heard: list[Heard]) -> list[Row]:
    rows = _dimensional("emotify", heard)
    heard = [one for one in heard if one.item.tags is not None]
    if not heard:
        return rows
    shares = np.array([one.item.tags for one in heard])
    positive = shares > shares.mean(0)
    scores = []
    for one in heard:
        named = [dict(state.tags) for state in _settled(one)]
        scores.append([float(np.mean([tags[tag] for tags in named])) for tag in TAGS])
    return rows + _words("emotify", "tags", np.asarray(scores), positive, _groups(heard))


def _words(
    dataset: str, what: str, scores: np.ndarray, positive: np.ndarray, groups: list[str]
) -> list[Row]:
    """Ranking of pieces by each word; chance is 0.5 and, for PR-AUC, the share of positives."""
    rows = []
    for name, function in (("ROC", macro_roc_auc), ("PR", macro_pr_auc)):
        score = bootstrap(function, (scores, positive), groups)
        rows.append(Row(dataset, f"{what} macro {name}-AUC", "tracker", score))
    chance = bootstrap(_mean, (positive,), groups)
    return [*rows, Row(dataset, f"{what} macro PR-AUC", "chance", chance)]


def _moods(dataset: str, model: TrackerModel, heard: list[Heard]) -> list[Row]:
    """Ranking by MTG-Jamendo's words, if the model was trained on them."""
    heard = [one for one in heard if one.item.moods is not None]
    if not heard or not model.moods:
        return []
    scores, hop = [], model.hop_length
    with Progress(f"{dataset} moods", len(heard)) as progress:
        for one in heard:
            states, said = model.start(), []
            whole = one.sound[: len(one.sound) // hop * hop]
            for block in np.split(whole, range(64 * hop, len(whole), 64 * hop)):
                outputs, states = model.step(block, states)
                said.append(outputs["moods"])
            course = np.concatenate(said)
            scores.append(course[settled_hop(len(course)) :].mean(0))
            progress.advance()
    named = [set(one.item.moods or ()) for one in heard]
    positive = np.array([[mood in words for mood in model.moods] for words in named])
    return _words(dataset, "moods", np.asarray(scores), positive, _groups(heard))


def _pop909(heard: list[Heard]) -> list[Row]:
    start_s = _POP909_EXCERPT_S[0]
    key_scores, recalls, groups = [], [], []
    for one in heard:
        item = one.item
        time_s = start_s + np.array([state.time_s for state in one.states])
        chords = np.array([_index(CHORDS, state.chord) for state in one.states])
        then = time_s - CHORD_DELAY_S
        right = known = 0
        for span in item.chords:
            inside = (then > span.start_s) & (then <= span.end_s) & (then > start_s)
            if span.label > 0:
                known += int(inside.sum())
                right += int((chords[inside] == span.label).sum())
        spans = [s for s in item.keys if s.start_s <= time_s[-1] and s.label >= 0]
        if not known or not spans:
            continue
        key_scores.append(key_score(_index(KEYS, one.states[-1].key), spans[-1].label))
        recalls.append(right / known)
        groups.append(item.group)

    return [
        Row(
            "pop909",
            "key, MIREX weights",
            "tracker",
            bootstrap(_mean, (np.asarray(key_scores),), groups),
        ),
        Row(
            "pop909",
            f"chord recall, {CHORD_DELAY_S:g} s delay",
            "tracker",
            bootstrap(_mean, (np.asarray(recalls),), groups),
        ),
    ]


def _index(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else -1


def _soundfont(options: EvaluateOptions) -> Path:
    if options.soundfont is not None:
        return options.soundfont
    installed = find_soundfonts()
    for name in HELD_OUT:
        if name in installed:
            return installed[name]
    raise InputError(
        f"soundfont {HELD_OUT[0]}: not installed (Debian: apt install timgm6mb-soundfont)"
    )


def evaluate(options: EvaluateOptions) -> list[Row]:
    """Evaluate on one split of every data set that is there."""
    tracker = Tracker(TrackerModel(options.model))
    soundfont = _soundfont(options)
    items = read_items(options.data, (options.split,), options.sets)
    by_set: dict[str, list[Item]] = {}
    for item in items:
        chosen = by_set.setdefault(item.dataset, [])
        if not options.limit or len(chosen) < options.limit:
            chosen.append(item)
    rows: list[Row] = []
    for dataset, chosen in by_set.items():
        excerpt = _POP909_EXCERPT_S if dataset == "pop909" else None
        heard = hear(tracker, chosen, soundfont, f"{dataset} {options.split}", excerpt)
        share = bootstrap(
            _mean, (np.array([doubted(one.states) for one in heard]),), _groups(heard)
        )
        rows.append(Row(dataset, "time called uncertain, share", "tracker", share))
        if not (chosen[0].is_midi or options.sets):
            rows += [Row(dataset, *row) for row in noisy_music_rows(tracker, heard)]
        if dataset == "pop909":
            rows += _pop909(heard)
            continue
        if chosen[0].quadrant is not None:
            rows += _four(dataset, heard)
        if dataset == "emopia":
            rows += [Row("emopia", *row) for row in splices(tracker, heard)]
        elif dataset == "emotify":
            rows += _emotify(heard)
        elif chosen[0].quadrant is None:
            rows += _dimensional(dataset, heard)
            rows += _moods(dataset, tracker.model, heard)
    if options.sets:
        return rows
    if options.speech is not None or any(shutil.which(voice.program) for voice in HELD_OUT_VOICES):
        rows += [Row("speech", *row) for row in speech_rows(tracker, options.speech)]
    rows += [Row("solos", *row) for row in solo_rows(tracker, soundfont)]
    rows += [Row("noise", *row) for row in noise_rows(tracker)]
    return rows
