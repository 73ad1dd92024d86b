"""Weights of the tracker: a stage file loaded, a trained tracker written."""

from dataclasses import asdict
from pathlib import Path

from torch import nn

from engine.errors import InputError
from export_onnx.tracker.config import NetworkConfig
from export_onnx.tracker.network import Tracker
from export_onnx.training.stage import TrainConfig, load_checkpoint, save_checkpoint

__all__ = ["load_emotion", "save_tracker"]


# Trained by commands of their own, joined at export.
_APART = ("presence.", "digest.", "digest_share")


def load_emotion(emotion: nn.Module, path: Path) -> None:
    """Give an emotion network the averaged weights of a stage file.

    Runs from before the note statistics lack that head: it then stays as it is.

    Raises
    ------
    InputError
        Not the stage file of such a network.
    """
    try:
        report = emotion.load_state_dict(load_checkpoint(path)["average"], strict=False)
    except (KeyError, RuntimeError, TypeError) as error:
        raise InputError(f"{path}: not a stage of an emotion network ({error})") from error
    strange = [name for name in report.missing_keys if not name.startswith("statistics.")]
    if strange or report.unexpected_keys:
        raise InputError(f"{path}: weights of another network, not a stage of an emotion network")


def save_tracker(
    path: Path, tracker: Tracker, network: NetworkConfig, config: TrainConfig, seconds: float
) -> None:
    """Write a trained tracker as `export` reads it."""
    content = {
        "tracker": {
            name: value
            for name, value in tracker.eval().state_dict().items()
            if not name.startswith(_APART)
        },
        "network": network.to_json(),
        "n_emotions": len(tracker.emotions),
        "train": asdict(config),
        "seconds": seconds,
    }
    save_checkpoint(path, content)
