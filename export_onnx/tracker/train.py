"""Train the tracker in two stages: harmony first, then the emotion networks on top of it.

Harmony learns chords and keys (POP909, and the other rendered sets' estimated keys) and is then
kept fixed; each emotion network is trained with its own seed on all sets with emotion labels at
once, with masks for the labels that a set lacks. Weights are averaged over time; no checkpoint is
picked by a score: the last average is the result. Every epoch is stored, and a run that was stopped
goes on where it was. Under `torchrun` every process draws its own sequences (see `parallel`).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from engine.errors import InputError
from export_onnx.datasets.jamendo import MOODS
from export_onnx.tracker.augment import Augmenter
from export_onnx.tracker.batches import Batch, Sampler
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.emotion import Emotion
from export_onnx.tracker.losses import harmony_loss, mood_loss, words_loss
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.store import Clip, give_courses, load_clips
from export_onnx.tracker.teacher_losses import score_teacher_loss
from export_onnx.tracker.weights import load_emotion, save_tracker
from export_onnx.training import parallel
from export_onnx.training.options import nested, option
from export_onnx.training.stage import Stage, TrainConfig

__all__ = [
    "HARMONY_SHARE",
    "MOOD_SHARE",
    "MORE_SHARE",
    "SCORE_SHARE",
    "TrainOptions",
    "prepared",
    "train",
    "train_harmony",
    "train_mood",
]

HARMONY_SHARE = {"pop909": 16, "emopia": 4, "vgmidi": 4}
# Sequences per batch from each set with labels of emotion, where it was prepared.
MOOD_SHARE = {"emopia": 10, "vgmidi": 8, "emotify": 8}
MORE_SHARE = {"deam": 8, "emomusic": 4, "pmemo": 6, "mtg_jamendo": 8}
# Rendered sets without labels of emotion, learned from what their notes say.
SCORE_SHARE = {"pop909": 4}
# Between the random draws of two processes.


@dataclass(frozen=True)
class TrainOptions:
    """Where to read features, where to write checkpoints, and how many networks to train."""

    features: Path = option(Path("runs/tracker/features"), "prepared features")
    out: Path = option(Path("runs/tracker/train"), "folder of checkpoints")
    n_emotions: int = option(1, "emotion networks to average", flag="--emotions")
    threads: int = option(1)
    stop_after_epochs: int = option(
        0, "epochs per emotion network in this call; 0 trains to the end", flag="--stop-after"
    )
    start: tuple[Path, ...] = option(
        (), "stage files whose averages the emotion networks begin with, in order"
    )
    courses: Path | None = option(None, "what `courses` wrote: learn from the notes too")
    train: TrainConfig = nested(
        TrainConfig,
        harmony_epochs="",
        mood_epochs="",
        crop_s="length of a sequence [s]",
        seed="",
        learning_rate="highest",
    )


def train_harmony(tracker: Tracker, clips: list[Clip], options: TrainOptions) -> None:
    """Train the harmony network, or go on with it."""
    config, front = options.train, tracker.front_end.config
    sampler = Sampler(clips, HARMONY_SHARE, config, front, config.seed, splices=False)
    steps = max(1, sampler.steps_per_epoch() // parallel.world_size())
    stage = Stage("harmony", tracker.harmony, options.out, config, steps * config.harmony_epochs)
    delay = round(config.chord_delay_s * front.hops_per_second)

    def losses(seed: int) -> Iterator[tuple[torch.Tensor, dict[str, float]]]:
        drawn = Sampler(clips, HARMONY_SHARE, config, front, seed, splices=False)
        augment = Augmenter(front, config.gain_range_db, seed)
        while True:
            batch = drawn.draw()
            states = zeros(tracker.state_shapes(), batch.mel.shape[0])
            with torch.no_grad():
                mel, pitch = augment(batch.mel, batch.pitch)
                analysis, _ = tracker.level(mel, pitch, states["state_level"])
            out, _, _ = tracker.harmony(
                analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
            )
            loss = harmony_loss(out.chord, out.key, batch, delay)
            yield loss, {"loss": float(loss.detach())}

    stage.train("harmony", config.harmony_epochs, steps, losses, config.seed)
    tracker.harmony.load_state_dict(stage.average.module.state_dict())


def _mood_step(
    tracker: Tracker, emotion: Emotion, batch: Batch, augment: Augmenter, n_sources: int
) -> tuple[torch.Tensor, dict[str, float]]:
    states = zeros(tracker.state_shapes(), batch.mel.shape[0])
    with torch.no_grad():
        mel, pitch = augment(batch.mel, batch.pitch)
        analysis, _ = tracker.level(mel, pitch, states["state_level"])
        harmony, _, _ = tracker.harmony(
            analysis.pitch, analysis.activity, states["state_chord"], states["state_key"]
        )
    hidden, *_ = emotion.hear(
        analysis.mel,
        analysis.contrast,
        analysis.activity,
        harmony,
        states["state_flux_0"],
        states["state_pool_0"],
        states["state_gru_0"],
        states["state_hold_0"],
    )
    affect, quadrant, tags = emotion.affect(hidden), emotion.quadrant(hidden), emotion.tags(hidden)
    loss, parts = mood_loss(affect, quadrant, tags, batch, n_sources)
    if emotion.moods is not None:
        loss = loss + words_loss(emotion.moods(hidden), batch.moods, batch.weight)
    if not bool(torch.isnan(batch.course[..., 0]).all()):
        taught, more = score_teacher_loss(
            affect, quadrant, emotion.statistics(hidden), batch, n_sources
        )
        loss = loss + taught
        parts.update(more)
    return loss, parts


def train_mood(
    tracker: Tracker,
    number: int,
    clips: list[Clip],
    options: TrainOptions,
    share: dict[str, int],
) -> bool:
    """Train one emotion network; returns False if it was stopped before its last epoch.

    `share` says how many sequences of each data set a batch has.
    """
    front = tracker.front_end.config
    config = replace(options.train, seed=options.train.seed + 1000 * (number + 1))
    emotion = tracker.emotions[number]
    assert isinstance(emotion, Emotion)
    sampler = Sampler(clips, share, config, front, config.seed, splices=True)
    steps = max(1, sampler.steps_per_epoch() // parallel.world_size())
    total = steps * config.mood_epochs
    stage = Stage(f"emotion{number}", emotion, options.out, config, total)
    tracker.harmony.eval()

    def losses(seed: int) -> Iterator[tuple[torch.Tensor, dict[str, float]]]:
        drawn = Sampler(clips, share, config, front, seed, splices=True)
        augment = Augmenter(front, config.gain_range_db, seed)
        while True:
            yield _mood_step(tracker, emotion, drawn.draw(), augment, len(share))

    ended = stage.train(
        f"emotion {number + 1}",
        config.mood_epochs,
        steps,
        losses,
        config.seed,
        options.stop_after_epochs,
    )
    emotion.load_state_dict(stage.average.module.state_dict())
    emotion.eval()
    return ended


def train(options: TrainOptions) -> Path | None:
    """Train both stages and write ``OUT/tracker.pt``; returns its path, None if stopped before."""
    with parallel.together():
        return _train(options)


def prepared(features: Path) -> dict[str, int]:
    """Sequences per batch of every rated or tagged set that was prepared.

    Raises
    ------
    InputError
        None of those the tracker is built on is there.
    """
    everything = {**MOOD_SHARE, **MORE_SHARE}
    share = {name: n for name, n in everything.items() if (features / "train" / name).is_dir()}
    if not share.keys() & MOOD_SHARE.keys():
        raise InputError(
            f"{features / 'train'}: none of {', '.join(MOOD_SHARE)}; run "
            "`python -m export_onnx prepare tracker` first"
        )
    return share


def _train(options: TrainOptions) -> Path | None:
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    config = options.train
    torch.manual_seed(config.seed)
    share = prepared(options.features)
    front = FrontEndConfig()
    network = NetworkConfig(n_moods=len(MOODS) if "mtg_jamendo" in share else 0)
    tracker = Tracker(front, network, options.n_emotions)
    started = time.monotonic()
    clips = load_clips(options.features, "train", tuple(HARMONY_SHARE))
    train_harmony(tracker, clips, options)
    rest = tuple(name for name in share if name not in HARMONY_SHARE)
    clips += load_clips(options.features, "train", rest)
    if options.courses is not None:
        clips = give_courses(clips, options.courses, 1.0 / front.hops_per_second)
        share = {**share, **SCORE_SHARE}
    clips = [clip for clip in clips if clip.dataset in share]
    for number in range(options.n_emotions):
        if number < len(options.start):
            load_emotion(tracker.emotions[number], options.start[number])
        if not train_mood(tracker, number, clips, options, share):
            return None
    path = options.out / "tracker.pt"
    save_tracker(path, tracker, network, config, time.monotonic() - started)
    return path
