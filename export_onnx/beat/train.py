"""Train the beat network; a stopped run goes on where it was, `torchrun` may share the work."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from export_onnx.beat.batches import Batch, SamplerConfig, draw_batches, load_prepared
from export_onnx.beat.network import (
    BEAT,
    DOWNBEAT,
    NONE,
    BeatNetwork,
    NetworkConfig,
    load_published,
    load_weights,
)
from export_onnx.training import parallel
from export_onnx.training.options import nested, option
from export_onnx.training.stage import Stage, save_checkpoint
from export_onnx.training.stage import TrainConfig as StageConfig

__all__ = ["TrainConfig", "TrainOptions", "loss_of", "train"]


@dataclass(frozen=True)
class TrainConfig:
    """One training run."""

    seed: int = 20261201
    epochs: int = 20
    steps: int = 60
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    average_decay: float = 0.99
    positive: float = 4.0
    downbeat: float = 0.5
    tempo: float = 0.3
    bfloat16: bool = False


@dataclass(frozen=True)
class TrainOptions:
    """Where to read and write, what to train; without weights the network begins at random."""

    prepared: Path = option(Path("runs/beat/prepared"), "prepared clips")
    out: Path = option(Path("runs/beat/train"), "folder of checkpoints")
    name: str = option("beat", "of the checkpoint")
    published: Path | None = option(None, "BeatNet's weights to begin with")
    weights: Path | None = option(None, "a checkpoint to begin with")
    threads: int = option(1)
    stop_after_epochs: int = option(
        0, "epoch to stop after; 0 trains to the end", flag="--stop-after"
    )
    without: tuple[str, ...] = option((), "kinds of clip to leave out")
    network: NetworkConfig = field(default_factory=NetworkConfig)
    sampler: SamplerConfig = nested(SamplerConfig, spoiling="0 leaves the sound as it is")
    train: TrainConfig = nested(
        TrainConfig,
        epochs="",
        steps="batches in an epoch",
        learning_rate="highest",
        bfloat16="multiply in half precision: twice as fast where the processor can",
        seed="",
    )


def loss_of(
    network: BeatNetwork, batch: Batch, config: TrainConfig
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of a batch and its parts: beat, downbeat given a beat, tempo."""
    with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16):
        logits, tempo, _, _ = network(batch.features, *network.start(len(batch.features)))
    logits, tempo = logits.float(), tempo.float()
    logs = logits.log_softmax(-1)
    any_beat = torch.logsumexp(logs[..., [BEAT, DOWNBEAT]], -1)
    surprise = -config.positive * batch.beat * any_beat - (1.0 - batch.beat) * logs[..., NONE]
    beat = (surprise * batch.beat_weight).sum() / batch.beat_weight.sum().clamp(min=1.0)
    among = logs[..., [BEAT, DOWNBEAT]] - any_beat[..., None]
    missed = -batch.downbeat * among[..., 1] - (1.0 - batch.downbeat) * among[..., 0]
    weight = batch.downbeat_weight * batch.beat_weight
    downbeat = (missed * weight).sum() / weight.sum().clamp(min=1.0)
    apart = -(batch.tempo * tempo.log_softmax(-1)).sum(-1)
    speed = (apart * batch.tempo_weight).sum() / batch.tempo_weight.sum().clamp(min=1.0)
    parts = {"beat": float(beat.detach()), "downbeat": float(downbeat.detach())}
    parts["tempo"] = float(speed.detach())
    return beat + config.downbeat * downbeat + config.tempo * speed, parts


def train(options: TrainOptions) -> Path | None:
    """Train and write ``OUT/NAME.pt`` when done; returns its path, None if stopped before.

    Raises
    ------
    InputError
        There are no prepared clips, or the checkpoint is of another run.
    """
    with parallel.together():
        return _train(options)


def _train(options: TrainOptions) -> Path | None:
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    config = options.train
    started = time.monotonic()
    clips = load_prepared(options.prepared, "train")
    shares = [
        (kind, share) for kind, share in options.sampler.shares if kind not in options.without
    ]
    sampler = replace(options.sampler, shares=tuple(shares))
    torch.manual_seed(config.seed)
    network = BeatNetwork(options.network)
    if options.published is not None:
        load_published(network, options.published)
    if options.weights is not None:
        load_weights(network, options.weights)
    recipe = replace(
        StageConfig(),
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        average_decay=config.average_decay,
    )
    steps = config.steps * config.epochs
    stage = Stage(f"{options.name}.stage", network, options.out, recipe, steps)

    def losses(seed: int) -> Iterator[tuple[Tensor, dict[str, float]]]:
        for batch in draw_batches(clips, sampler, options.network, seed):
            yield loss_of(network, batch, config)

    if not stage.train(
        options.name, config.epochs, config.steps, losses, config.seed, options.stop_after_epochs
    ):
        return None
    path = options.out / f"{options.name}.pt"
    save_checkpoint(
        path,
        {
            "model": stage.average.module.state_dict(),
            "network": asdict(options.network),
            "train": asdict(config),
            "seconds": time.monotonic() - started,
        },
    )
    return path
