"""Train the tracker in two stages: harmony first, then the emotion networks on top of it.

Harmony learns chords and keys (POP909, and the other rendered sets' estimated keys) and is then
kept fixed; each emotion network is trained with its own seed on all sets with emotion labels at
once, masks leaving out what a set does not tell. Weights are averaged over time; no checkpoint is
picked by a score: the last average is the result. Every epoch is stored, and a run that was stopped
goes on where it was. Under `torchrun` every process draws its own sequences (see `parallel`).
"""

import copy
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from engine.errors import InputError
from export_onnx.progress import Progress
from export_onnx.tracker import parallel
from export_onnx.tracker.augment import Augmenter
from export_onnx.tracker.batches import Batch, Sampler
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig, TrainConfig
from export_onnx.tracker.emotion import Emotion
from export_onnx.tracker.lesson import lesson_loss
from export_onnx.tracker.losses import harmony_loss, mood_loss
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.store import Clip, load_clips

__all__ = [
    "HARMONY_SHARE",
    "MOOD_SHARE",
    "Course",
    "Stage",
    "TrainOptions",
    "load_checkpoint",
    "save_checkpoint",
    "save_tracker",
    "train",
    "train_harmony",
    "train_mood",
]

HARMONY_SHARE = {"pop909": 16, "emopia": 4, "vgmidi": 4}
MOOD_SHARE = {"emopia": 10, "vgmidi": 6, "emotify": 8}
# Between the random draws of two processes.
_RANK_SEED = 100_003


@dataclass(frozen=True)
class TrainOptions:
    """Where to read features, where to write checkpoints, and how many networks to train.

    Attributes
    ----------
    stop_after_epochs : int
        End the run after so many epochs of the emotion networks; started again it goes on. 0 runs
        to the end.
    """

    features: Path
    out: Path
    n_emotions: int = 1
    threads: int = 1
    stop_after_epochs: int = 0
    train: TrainConfig = TrainConfig()


@dataclass(frozen=True)
class Course:
    """What an emotion network learns from.

    Attributes
    ----------
    name : str
        Of its checkpoint files.
    share : mapping of str to int
        Sequences per batch from each data set.
    steps : int
        Per epoch; 0 takes as many as show the first set once.
    lesson : float
        Share of the teachers in the loss, 0..1; the rest are the labels.
    """

    name: str = "emotion"
    share: Mapping[str, int] = field(default_factory=lambda: MOOD_SHARE)
    steps: int = 0
    lesson: float = 0.0


class _Average:
    """Exponential average of a module's weights."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.module = copy.deepcopy(module).eval()
        self.steps = 0

    def update(self, module: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        with torch.no_grad():
            for kept, new in zip(self.module.parameters(), module.parameters(), strict=True):
                kept.lerp_(new, 1.0 - decay)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint written by `train` (weights only: nothing in it is executed).

    Raises
    ------
    InputError
        Missing or not a checkpoint.
    """
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not a readable checkpoint ({reason})") from error
    return stored


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all, in the first process only."""
    if parallel.rank() != 0:
        return
    partial = path.with_suffix(".part")
    torch.save(content, partial)
    partial.replace(path)


def save_tracker(
    path: Path, tracker: Tracker, network: NetworkConfig, config: TrainConfig, seconds: float
) -> None:
    """Write a trained tracker as `export` reads it."""
    content = {
        "tracker": tracker.eval().state_dict(),
        "network": network.to_json(),
        "n_emotions": len(tracker.emotions),
        "train": asdict(config),
        "seconds": seconds,
    }
    save_checkpoint(path, content)


class Stage:
    """One stage: a trainable module, its optimiser, its average, and its checkpoint file.

    Raises
    ------
    InputError
        The file is of a run with another number of steps or processes.
    """

    def __init__(self, name: str, module: nn.Module, options: TrainOptions, steps: int) -> None:
        config = options.train
        self.module = module
        self.path = options.out / f"{name}.pt"
        self.average = _Average(module, config.average_decay)
        decayed = [p for p in module.parameters() if p.ndim > 1]
        plain = [p for p in module.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, config.learning_rate, total_steps=steps + 1, pct_start=0.15
        )
        self.epoch = 0
        if self.path.exists():
            stored = load_checkpoint(self.path)
            begun = int(stored["schedule"]["total_steps"]) - 1
            if begun != steps:
                raise InputError(
                    f"{self.path}: begun with {begun} steps, this run has {steps}; give another "
                    "folder, or the epochs and processes it was begun with"
                )
            module.load_state_dict(stored["module"])
            self.average.module.load_state_dict(stored["average"])
            self.average.steps = int(stored["steps"])
            self.optimiser.load_state_dict(stored["optimiser"])
            self.schedule.load_state_dict(stored["schedule"])
            self.epoch = int(stored["epoch"])
        if not parallel.same_everywhere(self.epoch):
            raise InputError(f"{self.path}: not the same in all processes; share one folder")
        parallel.share_weights(module)
        parallel.share_weights(self.average.module)

    def step(self, loss: torch.Tensor) -> None:
        """Learn from one batch."""
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        parallel.average_gradients(self.module)
        nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self.average.update(self.module)

    def save(self) -> None:
        """Store the epoch; the run goes on from here if it is stopped."""
        save_checkpoint(
            self.path,
            {
                "module": self.module.state_dict(),
                "average": self.average.module.state_dict(),
                "steps": self.average.steps,
                "optimiser": self.optimiser.state_dict(),
                "schedule": self.schedule.state_dict(),
                "epoch": self.epoch,
            },
        )


def train_harmony(tracker: Tracker, clips: list[Clip], options: TrainOptions) -> None:
    """Train the harmony network, or go on with it."""
    config, front = options.train, tracker.front_end.config
    sampler = Sampler(clips, HARMONY_SHARE, config, front, config.seed, splices=False)
    steps = max(1, sampler.steps_per_epoch() // parallel.world_size())
    stage = Stage("harmony", tracker.harmony, options, steps * config.harmony_epochs)
    delay = round(config.chord_delay_s * front.hops_per_second)
    for epoch in range(stage.epoch, config.harmony_epochs):
        seed = config.seed + epoch + _RANK_SEED * parallel.rank()
        sampler = Sampler(clips, HARMONY_SHARE, config, front, seed, splices=False)
        augment = Augmenter(front, config.gain_range_db, seed)
        total = 0.0
        title = f"harmony {epoch + 1}/{config.harmony_epochs}"
        with Progress(title, steps, silent=parallel.rank() > 0) as progress:
            for step in range(steps):
                batch = sampler.draw()
                shapes = tracker.state_shapes()
                states = zeros(shapes, batch.mel.shape[0])
                with torch.no_grad():
                    mel, pitch = augment(batch.mel, batch.pitch)
                    analysis, _ = tracker.level(mel, pitch, states["state_level"])
                out, _, _ = tracker.harmony(
                    analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
                )
                loss = harmony_loss(out.chord, out.key, batch, delay)
                stage.step(loss)
                total += float(loss.detach())
                progress.advance(f"loss {total / (step + 1):.3f}")
        stage.epoch = epoch + 1
        stage.save()
    tracker.harmony.load_state_dict(stage.average.module.state_dict())


def _mood_step(
    tracker: Tracker, emotion: Emotion, batch: Batch, augment: Augmenter, course: Course
) -> tuple[torch.Tensor, dict[str, float]]:
    states = zeros(tracker.state_shapes(), batch.mel.shape[0])
    with torch.no_grad():
        mel, pitch = augment(batch.mel, batch.pitch)
        analysis, _ = tracker.level(mel, pitch, states["state_level"])
        harmony, _, _ = tracker.harmony(
            analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
        )
    affect, quadrant, tags, *_ = emotion(
        analysis.mel,
        analysis.contrast,
        analysis.activity,
        harmony,
        states["state_flux_0"],
        states["state_pool_0"],
        states["state_gru_0"],
        states["state_hold_0"],
    )
    loss, parts = mood_loss(affect, quadrant, tags, batch, len(course.share))
    if course.lesson > 0.0:
        lesson, more = lesson_loss(affect, quadrant, tags, batch, len(course.share))
        loss = (1.0 - course.lesson) * loss + course.lesson * lesson
        parts.update(more)
    return loss, parts


def train_mood(
    tracker: Tracker,
    number: int,
    clips: list[Clip],
    options: TrainOptions,
    course: Course | None = None,
) -> bool:
    """Train one emotion network; returns False if it was stopped before its last epoch."""
    course = course or Course()
    share = dict(course.share)
    front = tracker.front_end.config
    config = replace(options.train, seed=options.train.seed + 1000 * (number + 1))
    emotion = tracker.emotions[number]
    assert isinstance(emotion, Emotion)
    sampler = Sampler(clips, share, config, front, config.seed, splices=True)
    steps = max(1, (course.steps or sampler.steps_per_epoch()) // parallel.world_size())
    stage = Stage(f"{course.name}{number}", emotion, options, steps * config.mood_epochs)
    tracker.harmony.eval()
    last = min(config.mood_epochs, options.stop_after_epochs or config.mood_epochs)
    for epoch in range(stage.epoch, last):
        seed = config.seed + epoch + _RANK_SEED * parallel.rank()
        sampler = Sampler(clips, share, config, front, seed, splices=True)
        augment = Augmenter(front, config.gain_range_db, seed)
        torch.manual_seed(seed)
        emotion.train()
        sums: dict[str, float] = {}
        title = f"{course.name} {number + 1}, epoch {epoch + 1}/{config.mood_epochs}"
        with Progress(title, steps, silent=parallel.rank() > 0) as progress:
            for step in range(steps):
                loss, parts = _mood_step(tracker, emotion, sampler.draw(), augment, course)
                stage.step(loss)
                for key, value in parts.items():
                    sums[key] = sums.get(key, 0.0) + value
                shown = " ".join(f"{k} {v / (step + 1):.3f}" for k, v in sums.items())
                progress.advance(shown if step % 20 == 19 or step == steps - 1 else "")
        if parallel.rank() == 0:
            shown = " ".join(f"{k} {v / steps:.3f}" for k, v in sums.items())
            print(f"{title}: {shown}", flush=True)
        stage.epoch = epoch + 1
        stage.save()
    emotion.load_state_dict(stage.average.module.state_dict())
    emotion.eval()
    return stage.epoch >= config.mood_epochs


def train(options: TrainOptions) -> Path | None:
    """Train both stages and write ``OUT/tracker.pt``; returns its path, None if stopped before."""
    with parallel.together():
        return _train(options)


def _train(options: TrainOptions) -> Path | None:
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    config = options.train
    torch.manual_seed(config.seed)
    front, network = FrontEndConfig(), NetworkConfig()
    tracker = Tracker(front, network, options.n_emotions)
    started = time.monotonic()
    clips = load_clips(options.features, "train", tuple(HARMONY_SHARE))
    train_harmony(tracker, clips, options)
    clips = [clip for clip in clips if clip.dataset in MOOD_SHARE]
    rest = tuple(name for name in MOOD_SHARE if name not in HARMONY_SHARE)
    clips += load_clips(options.features, "train", rest)
    for number in range(options.n_emotions):
        if not train_mood(tracker, number, clips, options):
            return None
    path = options.out / "tracker.pt"
    save_tracker(path, tracker, network, config, time.monotonic() - started)
    return path
