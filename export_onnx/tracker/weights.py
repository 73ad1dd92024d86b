"""Weights of the tracker: load a stage file, write a trained tracker, replace a part."""

from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from engine.errors import InputError
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.network import Tracker
from export_onnx.tracker.presence import Presence
from export_onnx.training.stage import TrainConfig, load_checkpoint, save_checkpoint

__all__ = [
    "DIGEST_FILE",
    "PRESENCE_FILE",
    "load_emotion",
    "load_presence",
    "replace_presence",
    "save_tracker",
]


PRESENCE_FILE = Path("runs/tracker/train/presence.pt")
DIGEST_FILE = Path("runs/tracker/train/digest.pt")

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


def load_presence(path: Path) -> Presence:
    """Build the detector of music, speech and noise from its stage file.

    Raises
    ------
    InputError
        Not the stage file of such a network.
    """
    presence = Presence(FrontEndConfig())
    try:
        presence.load_state_dict(load_checkpoint(path)["average"])
    except (KeyError, RuntimeError, TypeError) as error:
        raise InputError(f"{path}: not a stage of the presence network ({error})") from error
    return presence.eval()


def replace_presence(model: Path, presence: Presence, out: Path) -> None:
    """Write `model` with other weights of the presence network, and nothing else changed.

    Raises
    ------
    InputError
        The graph has no such network of the same shape.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(model))
    stored = {tensor.name: tensor for tensor in graph.graph.initializer}
    wanted = {f"presence.{name}": value for name, value in presence.state_dict().items()}
    for node in graph.graph.node:
        # The exporter turns these around and gives them names of its own.
        if node.name.startswith("/presence/gru/") and node.op_type == "GRU":
            layer = {name: _gates(value) for name, value in presence.gru.state_dict().items()}
            wanted[node.input[1]] = layer["weight_ih_l0"][None]
            wanted[node.input[2]] = layer["weight_hh_l0"][None]
            wanted[node.input[3]] = torch.cat([layer["bias_ih_l0"], layer["bias_hh_l0"]])[None]
        for name in ("mix", "out"):
            if node.name == f"/presence/{name}/MatMul":
                wanted[node.input[1]] = wanted[f"presence.{name}.weight"].T
    replaced = 0
    for name, value in wanted.items():
        tensor = stored.get(name)
        if tensor is None:
            continue
        array = value.detach().numpy().astype("float32")
        if tuple(tensor.dims) != array.shape:
            raise InputError(f"{model}: {name} is {list(tensor.dims)}, expected {array.shape}")
        tensor.CopyFrom(numpy_helper.from_array(array.copy(), name))
        replaced += array.size
    expected = sum(value.numel() for value in presence.parameters())
    if replaced != expected:
        raise InputError(f"{model}: {replaced} of {expected} presence weights found in the graph")
    onnx.checker.check_model(graph)
    partial = out.with_suffix(".part")
    onnx.save(graph, str(partial))
    partial.replace(out)


def _gates(weight: torch.Tensor) -> torch.Tensor:
    """Reorder the gates of a recurrent layer: reset, update, new becomes update, reset, new."""
    reset, update, new = weight.chunk(3)
    return torch.cat([update, reset, new])
