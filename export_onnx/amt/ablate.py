"""Short trainings with parts of the chord model left out, compared on songs left out of training.

All variants see the same few songs for the same few epochs: what is compared is what a part brings,
not how good the shipped model is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import InputError
from export_onnx.amt.batches import hold_out
from export_onnx.amt.config import NetworkConfig, TrainConfig
from export_onnx.amt.evaluate import score_rows
from export_onnx.amt.export import load_networks
from export_onnx.amt.songs import load_songs
from export_onnx.amt.train import TrainOptions, score_songs, train
from export_onnx.training.answers import Row
from export_onnx.training.options import option

__all__ = ["VARIANTS", "AblateOptions", "ablate"]

VARIANTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "everything": {},
    "no memory": {"network": {"copy": False}},
    "no conditioning": {"train": {"drop_all": 1.0}},
    "no affective loss": {"train": {"affect": 0.0}},
}
"""Name → what differs in `NetworkConfig` and `TrainConfig`."""


@dataclass(frozen=True)
class AblateOptions:
    """Where songs are and checkpoints go, how short the trainings are."""

    prepared: Path = option(Path("runs/amt/prepared"), "prepared songs")
    out: Path = option(Path("runs/amt/ablate"), "folder of checkpoints")
    songs: int = option(240, "songs to train on")
    epochs: int = option(6)
    choose: float = 0.1  # share of the training songs left out and measured on
    threads: int = option(1)
    seed: int = option(20251121)
    network: NetworkConfig = NetworkConfig()
    json: Path | None = option(None, "also write the table here")


def ablate(options: AblateOptions) -> list[Row]:
    """Train and measure all variants; returns hits and perplexity of each.

    Raises
    ------
    InputError
        There are no prepared songs of POP909.
    """
    everything = load_songs(options.prepared / "train.npz")
    _, aside = hold_out(everything, options.choose, options.seed)
    aside = [song for song in aside if song.dataset == "pop909"]
    if not aside:
        raise InputError(f"{options.prepared}: no songs of pop909 to measure on")
    base = TrainConfig(
        epochs=options.epochs, seed=options.seed, shares=(("pop909", 1),), average_decay=0.97
    )
    rows = []
    for name, change in VARIANTS.items():
        path = train(
            TrainOptions(
                prepared=options.prepared,
                out=options.out,
                name=name.replace(" ", "-"),
                choose=options.choose,
                limit=options.songs,
                threads=options.threads,
                network=replace(options.network, **change.get("network", {})),
                train=replace(base, **change.get("train", {})),
            )
        )
        assert path is not None
        (model,), _ = load_networks([path])
        moving = [song for song in aside if len(set(song.chord.tolist())) > 1]
        scores = score_songs(model, moving, untold=name == "no conditioning")
        rows += score_rows("pop909", name, moving, scores)
    return rows
