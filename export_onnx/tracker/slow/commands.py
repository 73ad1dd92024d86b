"""Trainings of the slow lane: the head that ships, and how good it is on music left out."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from export_onnx.tracker.slow.change import fit_change
from export_onnx.tracker.slow.features import SETS, Clip, load_features
from export_onnx.tracker.slow.head import FAST_SHARE, HeadConfig
from export_onnx.tracker.slow.study import (
    UNLABELLED,
    cross_validate,
    deviation_factors,
    leave_out,
    score_said,
)
from export_onnx.tracker.slow.train import Bank, SlowTraining, make_bank, train_head
from export_onnx.training.answers import Row
from export_onnx.training.options import nested, option

__all__ = ["HeadOptions", "StudyOptions", "TrainOptions", "study", "train"]


@dataclass(frozen=True)
class HeadOptions:
    """What the head hears and learns from."""

    features: Path = option(Path("runs/slow/features"), "prepared features")
    without: tuple[str, ...] = option((), "leave this set out", choices=SETS)
    deaf: tuple[str, ...] = option(
        (), "leave this input of the head out", choices=("trunk", "digest", "fast")
    )
    head: HeadConfig = nested(HeadConfig, members="networks whose answers are averaged")
    training: SlowTraining = nested(SlowTraining, steps="updates", seed="")

    @property
    def sets(self) -> tuple[str, ...]:
        """The data sets to learn from."""
        return tuple(name for name in SETS if name not in self.without)

    def prepare(self) -> tuple[HeadConfig, Bank]:
        """Return the sizes of the head and the features to learn from."""
        torch.set_num_threads(1)
        config = replace(
            self.head,
            use_trunk="trunk" not in self.deaf,
            use_digest="digest" not in self.deaf,
            use_fast="fast" not in self.deaf,
        )
        clips = load_features(self.features, "train", self.sets)
        return config, make_bank(clips, config, self.training)

    def unlabelled(self) -> list[Clip]:
        """Return the notes that nobody rated, if they were prepared."""
        if not (self.features / "train" / UNLABELLED).is_dir():
            return []
        return load_features(self.features, "train", (UNLABELLED,))


def _shorter(training: SlowTraining) -> SlowTraining:
    return replace(training, steps=training.steps // 2)  # does for the scale of deviations


@dataclass(frozen=True)
class TrainOptions(HeadOptions):
    """The same, and where to write."""

    out: Path = option(Path("runs/slow/head.pt"))


def train(options: TrainOptions) -> Path:
    """Train the head, set the scale of its deviations, and write it; returns the file."""
    training = options.training
    config, bank = options.prepare()
    head = train_head(bank, config, training)
    change = fit_change(
        np.concatenate([clip.steady for clip in bank.clips]),
        np.concatenate([clip.cut for clip in bank.clips]),
        training.false_alarms,
    )
    if len(options.sets) > 2:
        factors = deviation_factors(bank, options.unlabelled(), config, _shorter(training))
        head.std_scale.copy_(torch.from_numpy(factors))
    if config.use_fast:
        # Only now: the fast graph knows the songs of its own training, and would flatter.
        head.fast_share.fill_(FAST_SHARE)
    stored = {
        "head": head.state_dict(),
        "change": change.state_dict(),
        "head_config": config.to_json(),
        "training": training.to_json(),
        "seed": training.seed,
        "sets": list(options.sets),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(stored, options.out)
    return options.out


@dataclass(frozen=True)
class StudyOptions(HeadOptions):
    """The same, and what is left out of training."""

    kind: str = option("sets", "what is left out of training", choices=("songs", "sets"))
    json: Path | None = option(None, "also write the table here")


def study(options: StudyOptions) -> list[Row]:
    """Leave songs or whole sets out of training, and score what was left out."""
    config, bank = options.prepare()
    said = []
    if options.kind == "songs":
        said = cross_validate(bank, config, options.training)
    else:
        unlabelled, shorter = options.unlabelled(), _shorter(options.training)
        for name in options.sets:
            kept = load_features(options.features, "val", (name,))
            factors = deviation_factors(bank, unlabelled, config, shorter, (name,))
            left_out = leave_out((name,), bank, kept, unlabelled, config, options.training)
            said += [(clip, mean, deviation * factors) for clip, mean, deviation in left_out]
    return [Row(name, measure, "tracker", score) for name, measure, score in score_said(said)]
