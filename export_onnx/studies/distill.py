"""Distillation: teachers of single data sets label all sets, and a student learns from them.

Every teacher sees whole clips, in both directions (see `teacher`); the student is exactly the
network that `train` makes. All stages are stored and continue where they were stopped.
"""

import json
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.errors import InputError
from export_onnx.datasets import read_items
from export_onnx.datasets.render import find_soundfonts
from export_onnx.studies.teacher import (
    Teacher,
    TeacherConfig,
    opinions,
    random_batch,
    teacher_loss,
)
from export_onnx.studies.teacher_inputs import TeacherInput, feature_inputs, mert_inputs
from export_onnx.studies.teacher_labels import (
    TeacherOutput,
    combine,
    measure_trust,
    merge_teachers,
    write_teacher_labels,
)
from export_onnx.studies.tracker_ablate import add_teacher_labels
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.network import Tracker
from export_onnx.tracker.prepare import HELD_OUT
from export_onnx.tracker.scores import Measure, measure_pieces
from export_onnx.tracker.store import load_clips
from export_onnx.tracker.train import MOOD_SHARE, Course, TrainOptions, train_mood
from export_onnx.tracker.weights import save_tracker
from export_onnx.training import parallel
from export_onnx.training.progress import Progress
from export_onnx.training.stage import Stage, TrainConfig, load_checkpoint

__all__ = ["DistillOptions", "distill"]

_STEPS = 25  # per epoch of a teacher


@dataclass(frozen=True)
class DistillOptions:
    """Where to read and write, and the budgets.

    Attributes
    ----------
    harmony : Path
        Trained harmony stage (``harmony.pt``), used by teachers and student.
    mert : str or None
        Folder or hub name of MERT: teachers see its embeddings instead; needs `data`.
    folds : int
        Teachers per set, each trained without one fold of the songs.
    variants : int
        Renderings per training piece that teachers see.
    lesson : float
        Share of the teachers in the student's loss.
    students : int
        Networks to train and average; 0 stops after the lessons.
    """

    features: Path
    out: Path
    harmony: Path
    data: Path | None = None
    mert: str | None = None
    split: str = "val"
    folds: int = 3
    variants: int = 2
    teacher_epochs: int = 8
    batch_size: int = 24
    lesson: float = 0.5
    students: int = 1
    steps: int = 0
    threads: int = 1
    commit: str = ""
    teacher: TeacherConfig = TeacherConfig()
    train: TrainConfig = TrainConfig()


def _fold(group: str, folds: int) -> int:
    return zlib.crc32(f"fold {group}".encode()) % folds


def _tracker(options: DistillOptions, n_emotions: int) -> Tracker:
    torch.manual_seed(options.train.seed)
    tracker = Tracker(FrontEndConfig(), NetworkConfig(), n_emotions)
    tracker.harmony.load_state_dict(load_checkpoint(options.harmony)["average"])
    return tracker.eval()


def _views(options: DistillOptions) -> tuple[list[TeacherInput], list[TeacherInput]]:
    """Make the views of the training and the held-out part."""
    sets = tuple(MOOD_SHARE)
    if options.mert is None:
        tracker = _tracker(options, 1)
        shown = [
            clip
            for variant in range(options.variants)
            for clip in load_clips(options.features, "train", sets, variant)
        ]
        held_out = load_clips(options.features, options.split, sets)
        return (
            feature_inputs(tracker, shown, "views train"),
            feature_inputs(tracker, held_out, f"views {options.split}"),
        )
    if options.data is None:
        raise InputError("--mert: needs --data DIR, because MERT reads the sound itself")
    from export_onnx.studies.mert import load_mert

    fonts = find_soundfonts()
    training = sorted(name for name in fonts if name not in HELD_OUT)
    held = [name for name in HELD_OUT if name in fonts]
    if not training or not held:
        raise InputError(f"soundfonts found: {', '.join(fonts) or 'none'}; `prepare` names them")
    mert = load_mert(options.mert)
    parts = [("train", fonts[training[0]]), (options.split, fonts[held[0]])]
    train, held_out_views = (
        mert_inputs(mert, read_items(options.data, (split,), sets), font, f"MERT {split}")
        for split, font in parts
    )
    return train, held_out_views


def _train_teacher(
    name: str, fold: int, views: Sequence[TeacherInput], options: DistillOptions
) -> Teacher:
    known = [v for v in views if v.dataset == name and _fold(v.group, options.folds) != fold]
    if options.folds == 1:
        known = [view for view in views if view.dataset == name]
    if not known:
        raise InputError(f"{name}: no training piece outside fold {fold} of {options.folds}")
    rows = np.concatenate([view.steps for view in known])
    torch.manual_seed(options.train.seed + fold)
    centre = torch.from_numpy(rows.mean(0).astype(np.float32))
    scale = torch.from_numpy((rows.std(0) + 1e-2).astype(np.float32))
    teacher = Teacher(centre, scale, options.teacher)
    title = f"teacher_{name}_{fold}"
    stage = Stage(title, teacher, options.out, options.train, _STEPS * options.teacher_epochs)
    for epoch in range(stage.epoch, options.teacher_epochs):
        seed = [options.train.seed, fold, epoch, parallel.rank()]
        rng = np.random.default_rng(seed)
        torch.manual_seed(int(rng.integers(2**31)))
        teacher.train()
        total = 0.0
        label = f"{title} {epoch + 1}/{options.teacher_epochs}"
        with Progress(label, _STEPS, silent=parallel.rank() > 0) as progress:
            for step in range(_STEPS):
                batch = random_batch(known, options.batch_size, rng)
                loss = teacher_loss(teacher(batch.steps, batch.present), batch)
                stage.step(loss)
                total += float(loss.detach())
                progress.advance(f"loss {total / (step + 1):.3f}")
        stage.epoch = epoch + 1
        stage.save()
    teacher.load_state_dict(stage.average.module.state_dict())
    return teacher


def _lessons(
    said: dict[str, list[np.ndarray]], views: Sequence[TeacherInput], folds: int
) -> dict[str, np.ndarray]:
    """Pseudo-labels of each piece, averaged over renderings and teachers."""
    pieces: dict[str, list[int]] = {}
    for index, view in enumerate(views):
        pieces.setdefault(f"{view.dataset}/{view.name}", []).append(index)
    lessons: dict[str, list[TeacherOutput]] = {piece: [] for piece in pieces}
    for name, answers in said.items():
        mine = [view for view in views if view.dataset == name]
        quadrants = any(view.quadrant >= 0 for view in mine)
        tags = any(view.tags is not None for view in mine)
        for dataset in dict.fromkeys(view.dataset for view in views):
            words, labels = {}, []
            for piece, rows in pieces.items():
                view = views[rows[0]]
                if view.dataset != dataset:
                    continue
                speaking = [answers[_fold(view.group, folds)]] if dataset == name else answers
                words[piece] = combine([answer[row] for answer in speaking for row in rows])
                labels.append((np.nan, np.nan) if view.affect is None else view.affect)
            trust = measure_trust(np.array(list(words.values())), np.array(labels))
            shown = " ".join(f"{skill:.2f}" for skill in trust.skill)
            print(f"teachers of {name} on {dataset}: explain {shown} of valence, arousal")
            for piece, word in words.items():
                opinion = TeacherOutput(word, trust, dataset == name, quadrants, tags)
                lessons[piece].append(opinion)
    return {piece: merge_teachers(heard) for piece, heard in lessons.items()}


def _judge(said: dict[str, list[np.ndarray]], views: Sequence[TeacherInput]) -> dict[str, Measure]:
    """Measures of each set's own teachers together on held-out pieces."""
    measures: dict[str, Measure] = {}
    for name, answers in said.items():
        rows = [index for index, view in enumerate(views) if view.dataset == name]
        words = np.array([combine([answer[row] for answer in answers]) for row in rows])
        chosen = [views[row] for row in rows]
        measures.update(
            measure_pieces(
                name,
                [view.group for view in chosen],
                (words[:, :2], words[:, :2]),
                words[:, 4:8].argmax(1),
                words[:, 8:17],
                np.array([view.quadrant for view in chosen]),
                [view.affect for view in chosen],
                [view.tags for view in chosen],
            )
        )
    return measures


def distill(options: DistillOptions) -> Path:
    """Train teachers, write ``lessons.npz`` and ``teachers.json``, then the student.

    Returns
    -------
    Path
        ``OUT/tracker.pt``, or the lessons if no student was asked for.

    Raises
    ------
    InputError
        Missing features, harmony, data or MERT; a fold without pieces.
    """
    if not 1 <= options.folds <= 10:
        raise InputError(f"folds {options.folds}: must be in 1..10")
    with parallel.together():
        return _distill(options)


def _distill(options: DistillOptions) -> Path:
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    path = options.out / "lessons.npz"
    if not path.exists():
        _teach(options, path, started)
    parallel.same_everywhere(0)  # the first process has written the lessons
    if options.students == 0:
        return path
    tracker = _tracker(options, options.students)
    clips = add_teacher_labels(load_clips(options.features, "train", tuple(MOOD_SHARE)), path)
    training = TrainOptions(options.features, options.out, options.students, train=options.train)
    course = Course(name="student", steps=options.steps, lesson=options.lesson)
    for number in range(options.students):
        train_mood(tracker, number, clips, training, course)
    written = options.out / "tracker.pt"
    seconds = time.monotonic() - started
    save_tracker(written, tracker, NetworkConfig(), options.train, seconds)
    return written


def _teach(options: DistillOptions, path: Path, started: float) -> None:
    """Train the teachers, measure them, and write their lessons."""
    views, held_out = _views(options)
    said: dict[str, list[np.ndarray]] = {}
    examined: dict[str, list[np.ndarray]] = {}
    for name in MOOD_SHARE:
        teachers = [_train_teacher(name, fold, views, options) for fold in range(options.folds)]
        said[name] = [opinions(teacher, views) for teacher in teachers]
        examined[name] = [opinions(teacher, held_out) for teacher in teachers]
    if parallel.rank() > 0:
        return
    facts = {
        "row": "teachers",
        "title": "teachers (whole clip, not causal)",
        "split": options.split,
        "epochs": options.teacher_epochs,
        "steps_per_epoch": _STEPS,
        "crop_s": 0.0,
        "seed": options.train.seed,
        "folds": options.folds,
        "seconds": round(time.monotonic() - started, 1),
        "commit": options.commit,
        "measures": {key: one.to_json() for key, one in _judge(examined, held_out).items()},
    }
    (options.out / "teachers.json").write_text(json.dumps(facts), encoding="utf-8")
    write_teacher_labels(path, _lessons(said, views, options.folds))
