"""The command that trains the chord model, or another network of its kind."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import InputError
from export_onnx.amt import train as training
from export_onnx.amt.paper import PaperOptions, train_paper
from export_onnx.amt.paper_dynamics import PaperDynamicsOptions, train_paper_dynamics
from export_onnx.amt.regressor import RegressorOptions, train_regressor
from export_onnx.training.options import option

__all__ = ["TrainOptions", "train"]

_SETUPS = ("live", "dynamics", "paper", "paper-dynamics")


@dataclass(frozen=True)
class TrainOptions(training.TrainOptions):
    """Those of the chord model, and which network is trained; others use a part of them."""

    setup: str = option(
        "live",
        "live: the chord model; dynamics: density and loudness; paper, paper-dynamics: "
        "as published, on MuVi-Sync (need --data)",
        choices=_SETUPS,
    )
    data: Path | None = option(None, "folder with a sub-folder per data set")
    epochs: int | None = option(None, "default: that of the network")
    seed: int | None = option(None, "default: that of the network")


def train(options: TrainOptions) -> Path | list[Path] | None:
    """Train the network of a setup; returns what was written, None if stopped before its end."""
    given: dict[str, Any] = {"epochs": options.epochs, "seed": options.seed}
    given = {name: value for name, value in given.items() if value is not None}
    place, threads = options.out, options.threads
    if options.setup == "live":
        return training.train(replace(options, train=replace(options.train, **given)))
    if options.setup == "dynamics":
        seed = {"seed": given.pop("seed")} if "seed" in given else {}
        kinds = [
            RegressorOptions(options.prepared, place, both_ways, threads=threads, **given)
            for both_ways in (True, False)
        ]
        return [train_regressor(replace(one, train=replace(one.train, **seed))) for one in kinds]
    if options.data is None:
        raise InputError("--data is required: the folder that holds muvisync")
    if options.setup == "paper":
        return train_paper(PaperOptions(options.data, place, threads=threads, **given))
    return train_paper_dynamics(PaperDynamicsOptions(options.data, place, threads=threads, **given))
