"""Commands of the chord model that join several functions."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.generators.amt.model import AmtModel
from export_onnx.amt import export as exporting
from export_onnx.amt import train as training
from export_onnx.amt.paper import PaperOptions, train_paper
from export_onnx.amt.paper_dynamics import PaperDynamicsOptions, train_paper_dynamics
from export_onnx.amt.regressor import RegressorOptions, export_regressor, train_regressor
from export_onnx.amt.verify import verify as verify_model
from export_onnx.training.options import option

__all__ = ["ExportOptions", "TrainOptions", "VerifyOptions", "export", "train", "verify"]

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


@dataclass(frozen=True)
class ExportOptions(exporting.ExportOptions):
    """Those of the chord model, and the networks of density and loudness."""

    dynamics: Path = option(Path("runs/amt/train"), "folder with dynamics_*.pt")


def export(options: ExportOptions) -> list[Path]:
    """Export the chord model, and the networks of density and loudness that are there."""
    exporting.export(options)
    written = [options.out]
    for kind in ("whole", "live"):
        checkpoint = options.dynamics / f"dynamics_{kind}.pt"
        if checkpoint.is_file():
            written.append(options.out.with_name(f"{options.out.stem}_dynamics_{kind}.onnx"))
            export_regressor(checkpoint, written[-1])
    return written


@dataclass(frozen=True)
class VerifyOptions:
    """An ONNX file, and the checkpoints it was made from."""

    model: Path | None = option(None, "default: the shipped one")
    checkpoints: tuple[Path, ...] = option(
        exporting.CHECKPOINTS, "as given to export", flag="--checkpoint"
    )


def verify(options: VerifyOptions) -> dict[str, float]:
    """Compare ONNX with PyTorch, and steps with whole songs."""
    networks, _ = exporting.load_networks(options.checkpoints)
    return verify_model(AmtModel(options.model), networks)
