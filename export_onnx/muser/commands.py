"""Commands of MusER that join several functions."""

from dataclasses import dataclass
from pathlib import Path

from export_onnx.muser.export import CHECKPOINTS, load_networks
from export_onnx.muser.likelihood import report
from export_onnx.muser.prepare import DATASETS
from export_onnx.muser.verify import verify as verify_networks
from export_onnx.training.options import option

__all__ = [
    "LikelihoodOptions",
    "VerifyOptions",
    "likelihood",
    "verify",
]


@dataclass(frozen=True)
class VerifyOptions:
    """A folder of ONNX files, and the checkpoints they were made from."""

    model: Path | None = option(None, "folder; default: the shipped one")
    checkpoints: Path = option(CHECKPOINTS, "folder of checkpoints")


def verify(options: VerifyOptions) -> dict[str, float]:
    """Compare ONNX with PyTorch, and steps with wholes."""
    return verify_networks(options.model, load_networks(options.checkpoints))


@dataclass(frozen=True)
class LikelihoodOptions:
    """Which networks on which music."""

    checkpoints: Path = option(CHECKPOINTS, "folder of checkpoints")
    beats: Path = option(Path("runs/muser/beats"), "prepared beats")
    split: str = option("val")
    dataset: str = option("emopia", flag="--set", choices=DATASETS)


def likelihood(options: LikelihoodOptions) -> list[str]:
    """Score held-out music, per element."""
    networks = load_networks(options.checkpoints)
    return report(networks, options.beats, options.split, options.dataset)
