"""Average the weights of emotion networks that were trained from the same start.

Networks trained differently from one start, or one network at several epochs, lie in one valley of
the loss: the mean of their weights predicts about as well as the mean of their outputs, at the cost
of one network.

References
----------
Wortsman et al.: Model soups (arXiv 2203.05482).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.errors import InputError
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.emotion import Emotion
from export_onnx.tracker.weights import load_emotion
from export_onnx.training.options import option
from export_onnx.training.stage import load_checkpoint, save_checkpoint

__all__ = ["BlendOptions", "blend", "blend_files"]

_PREFIX = "emotions."


@dataclass(frozen=True)
class BlendOptions:
    """A checkpoint and the stage files whose weights are averaged into it."""

    checkpoint: Path = option(Path("runs/tracker/train/tracker.pt"))
    parts: tuple[str, ...] = option((), "stage file and its share, FILE=0.5", flag="--part")
    out: Path = option(Path("runs/tracker/blend.pt"))


def blend_files(options: BlendOptions) -> Path:
    """Average as the options say (see `blend`); returns the file written."""
    parts = []
    for part in options.parts:
        path, _, share = part.rpartition("=")
        try:
            parts.append((Path(path), float(share)))
        except ValueError as error:
            raise InputError(f"--part {part}: must look like FILE=0.5") from error
    blend(options.checkpoint, parts, options.out)
    return options.out


def blend(checkpoint: Path, parts: Sequence[tuple[Path, float]], out: Path) -> None:
    """Write `checkpoint` with one emotion network: the weighted mean of stage files.

    Parameters
    ----------
    parts : sequence of (Path, float)
        Stage files and their shares, > 0; the shares are brought to a sum of 1.

    Raises
    ------
    InputError
        No part, a share that is not positive, or a file that is not what it should be.
    """
    if not parts or min(share for _, share in parts) <= 0.0:
        raise InputError("--part FILE=SHARE: at least one is needed, each share above 0")
    stored = load_checkpoint(checkpoint)
    try:
        sizes: dict[str, Any] = dict(stored["network"])
        sizes = {k: tuple(v) if isinstance(v, list) else v for k, v in sizes.items()}
        network = NetworkConfig(**sizes)
        rest = {k: v for k, v in stored["tracker"].items() if not k.startswith(_PREFIX)}
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{checkpoint}: not a tracker checkpoint ({error})") from error
    whole = sum(share for _, share in parts)
    mean: dict[str, torch.Tensor] = {}
    emotion = Emotion(FrontEndConfig(), network)
    for path, share in parts:
        load_emotion(emotion, path)
        for name, value in emotion.state_dict().items():
            scaled = value * (share / whole)
            mean[name] = mean[name] + scaled if name in mean else scaled.clone()
    joined = {f"{_PREFIX}0.{name}": value for name, value in mean.items()}
    save_checkpoint(out, {**stored, "tracker": {**rest, **joined}, "n_emotions": 1})
