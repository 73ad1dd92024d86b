"""Ablation of the tracker: the same network and budget, with one part left out or added.

Every row trains on the same number of steps with the same sequences per data set and step, the
single-task row with one network per set, and is scored on the same prepared split. A row that was
stopped goes on where it was; a finished row is kept.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import InputError
from export_onnx.tracker.batches import Sampler
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.harmony import Harmony, HarmonyOutput
from export_onnx.tracker.network import Tracker
from export_onnx.tracker.scores import Measure, measure
from export_onnx.tracker.store import Clip, load_clips
from export_onnx.tracker.train import (
    HARMONY_SHARE,
    MOOD_SHARE,
    Course,
    TrainOptions,
    train_harmony,
    train_mood,
)
from export_onnx.tracker.weights import save_tracker
from export_onnx.training import parallel
from export_onnx.training.stage import TrainConfig, load_checkpoint

__all__ = ["ROWS", "AblateOptions", "DeafHarmony", "Row", "ablate", "add_teacher_labels"]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    sets : tuple of tuple of str
        Data sets of each network; several networks are each scored on their own sets.
    harmony : bool
        False blanks key, chords and pitch classes.
    lesson : float
        Share of the teachers in the loss.
    unseen : bool
        Score on the sets left out of training only.
    """

    title: str
    sets: tuple[tuple[str, ...], ...]
    harmony: bool = True
    lesson: float = 0.0
    unseen: bool = False


_ALL = tuple(MOOD_SHARE)
_AXES = ("arousal", "valence")

ROWS: dict[str, Row] = {
    "single": Row("one network per set", tuple((name,) for name in _ALL)),
    "deaf": Row("all sets, no key or chords", (_ALL,), harmony=False),
    "joint": Row("all sets, key and chords", (_ALL,)),
    "taught": Row("the same, distilled", (_ALL,), lesson=0.5),
    **{
        f"without_{left}": Row(
            f"trained without {left}", (tuple(n for n in _ALL if n != left),), unseen=True
        )
        for left in _ALL
    },
}


@dataclass(frozen=True)
class AblateOptions:
    """Rows to train and their common budget.

    Attributes
    ----------
    harmony : Path or None
        Trained harmony stage to start from (``harmony.pt``); None trains one below `out`.
    lessons : Path or None
        Pseudo-labels that `distill` wrote; needed by distilled rows.
    steps : int
        Per epoch; 0 takes as many as show EMOPIA once.
    """

    features: Path
    out: Path
    rows: tuple[str, ...]
    harmony: Path | None = None
    lessons: Path | None = None
    split: str = "val"
    steps: int = 0
    threads: int = 1
    commit: str = ""
    train: TrainConfig = TrainConfig()


class DeafHarmony(Harmony):
    """Outputs nothing about keys, chords and pitch classes."""

    def forward(
        self, pitch: Tensor, activity: Tensor, chord_state: Tensor, key_state: Tensor
    ) -> tuple[HarmonyOutput, Tensor, Tensor]:
        """Return zeros in the shapes of `Harmony.forward`."""
        batch, n = pitch.shape[0], pitch.shape[1]
        out = HarmonyOutput(
            torch.zeros(batch, n, 25),
            torch.zeros(batch, n, 24),
            torch.zeros(batch, n, self.classes, 12),
        )
        return out, chord_state, key_state


def add_teacher_labels(clips: Sequence[Clip], path: Path) -> list[Clip]:
    """Add the teachers' pseudo-labels to each clip.

    Raises
    ------
    InputError
        The file is missing, or has nothing about one of the clips.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            lessons = dict(zip(stored["names"].tolist(), stored["taught"], strict=True))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no lessons; `distill tracker` writes them ({error})") from error
    taught = []
    for clip in clips:
        name = f"{clip.dataset}/{clip.name}"
        if name not in lessons:
            raise InputError(f"{path}: has nothing about {name}; run `distill tracker` again")
        taught.append(replace(clip, taught=lessons[name]))
    return taught


def _harmony(options: AblateOptions, training: TrainOptions) -> dict[str, Tensor]:
    """Weights of the harmony stage, the same for every row."""
    if options.harmony is not None:
        weights: dict[str, Tensor] = load_checkpoint(options.harmony)["average"]
        return weights
    torch.manual_seed(options.train.seed)
    tracker = Tracker(FrontEndConfig(), NetworkConfig())
    train_harmony(tracker, load_clips(options.features, "train", tuple(HARMONY_SHARE)), training)
    return tracker.harmony.state_dict()


def _fresh(options: AblateOptions, weights: dict[str, Tensor], row: Row) -> Tracker:
    """Build the network every row starts from."""
    torch.manual_seed(options.train.seed)
    front, network = FrontEndConfig(), NetworkConfig()
    tracker = Tracker(front, network)
    if row.harmony:
        tracker.harmony.load_state_dict(weights)
    else:
        tracker.harmony = DeafHarmony(front, network)
    return tracker


def ablate(options: AblateOptions) -> list[Path]:
    """Train and score the rows; returns one JSON file per row.

    Raises
    ------
    InputError
        An unknown row, or a row with lessons and none given.
    """
    for name in options.rows:
        if name not in ROWS:
            raise InputError(f"row {name}: must be one of {', '.join(ROWS)}")
        if ROWS[name].lesson > 0.0 and options.lessons is None:
            raise InputError(f"row {name}: needs --lessons, the file that `distill tracker` wrote")
    with parallel.together():
        return _ablate(options)


def _ablate(options: AblateOptions) -> list[Path]:
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    training = TrainOptions(options.features, options.out, train=options.train)
    weights = _harmony(options, training)
    clips = load_clips(options.features, "train", _ALL)
    held_out = load_clips(options.features, options.split, _ALL)
    front = FrontEndConfig()
    whole = Sampler(clips, MOOD_SHARE, options.train, front, options.train.seed, splices=True)
    steps = options.steps or whole.steps_per_epoch()
    written = []
    for name in options.rows:
        path = options.out / f"{name}.json"
        written.append(path)
        if path.exists():
            continue
        row = ROWS[name]
        started = time.monotonic()
        lessons = options.lessons if row.lesson > 0.0 else None
        shown = clips if lessons is None else add_teacher_labels(clips, lessons)
        measures: dict[str, Measure] = {}
        for sets in row.sets:
            title = name if len(row.sets) == 1 else f"{name}_{'_'.join(sets)}"
            tracker = _fresh(options, weights, row)
            share = {key: count for key, count in MOOD_SHARE.items() if key in sets}
            chosen = [clip for clip in shown if clip.dataset in sets]
            course = Course(name=title, share=share, steps=steps, lesson=row.lesson)
            train_mood(tracker, 0, chosen, training, course)
            if row.harmony:
                kept = options.out / f"{title}.tracker.pt"
                save_tracker(
                    kept, tracker, NetworkConfig(), options.train, time.monotonic() - started
                )
            asked = [clip for clip in held_out if (clip.dataset in sets) != row.unseen]
            scored = measure(tracker, asked)
            if row.unseen:  # nothing taught the other heads
                scored = {key: one for key, one in scored.items() if key.endswith(_AXES)}
            measures.update(scored)
        if parallel.rank() == 0:
            facts = _facts(name, row, options, steps, time.monotonic() - started)
            facts["measures"] = {key: one.to_json() for key, one in measures.items()}
            path.write_text(json.dumps(facts), encoding="utf-8")
    return written


def _facts(
    name: str, row: Row, options: AblateOptions, steps: int, seconds: float
) -> dict[str, Any]:
    config = options.train
    return {
        "row": name,
        "title": row.title,
        "split": options.split,
        "epochs": config.mood_epochs,
        "steps_per_epoch": steps,
        "crop_s": config.crop_s,
        "seed": config.seed,
        "processes": parallel.world_size(),
        "seconds": round(seconds, 1),
        "commit": options.commit,
        "harmony": "given" if options.harmony is not None else "trained here",
    }
