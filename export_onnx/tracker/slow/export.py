"""Write the slow lane as ONNX, and compare the file with the network."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.emotion.slow_model import FAST_STATE, SLOW_VERSION, SlowModel
from engine.errors import InputError
from export_onnx.tracker.slow.change import ChangeDetector
from export_onnx.tracker.slow.head import Head, HeadConfig
from export_onnx.tracker.slow.musicnn import find_checkpoint, read_checkpoint
from export_onnx.tracker.slow.network import SlowNetwork, zeros_of
from export_onnx.tracker.slow.trunk import HOPS_PER_STEP, STEP_LENGTH, Trunk
from export_onnx.training.contract import Sequences, verify_contract
from export_onnx.training.graph import write_graph
from export_onnx.training.options import option
from export_onnx.training.stage import load_checkpoint

__all__ = [
    "ExportOptions",
    "SlowGraph",
    "VerifyOptions",
    "export",
    "load_slow",
    "verify",
    "verify_slow",
    "write_slow",
]

_LICENCE = (
    "musicnn's weights ISC; the head CC BY-NC-SA 4.0, trained on data for research (see the card)"
)


def load_slow(checkpoint: Path, musicnn: Path) -> tuple[SlowNetwork, dict[str, str]]:
    """Build the network of a trained head and the published tagger, with facts about them.

    Raises
    ------
    InputError
        Missing, unreadable or of another architecture.
    """
    stored = load_checkpoint(checkpoint)
    try:
        config = dict(stored["head_config"])
        config["taus_s"] = tuple(config["taus_s"])
        head = Head(HeadConfig(**config))
        head.load_state_dict(stored["head"])
        change = ChangeDetector()
        change.load_state_dict(stored["change"])
        facts = {"training_data": ", ".join(stored["sets"]), "seed": str(stored["seed"])}
    except (KeyError, TypeError, RuntimeError) as error:
        raise InputError(f"{checkpoint}: not a head of the slow lane ({error})") from error
    trunk = Trunk()
    trunk.net.load(read_checkpoint(find_checkpoint(musicnn)))
    return SlowNetwork(trunk, change, head).eval(), facts


def write_slow(network: SlowNetwork, out: Path, facts: dict[str, str]) -> None:
    """Export the network with its metadata; `facts` are added to them."""
    shapes, inputs = network.state_shapes(), network.inputs()
    parameters = sum(p.numel() for p in network.head.parameters())
    weights = sum(b.numel() for b in network.trunk.net.buffers())
    metadata = {
        "stimmung_model": "tracker_slow",
        "version": str(SLOW_VERSION),
        "sample_rate": "22050",
        "hops_per_step": str(HOPS_PER_STEP),
        "licence": _LICENCE,
        "parameters": json.dumps({"musicnn": weights, "head": parameters}),
        **facts,
    }
    given = {**inputs, **shapes}
    write_graph(
        network,
        dict(zip(given, zeros_of(given), strict=True)),
        ["affect", "affect_std", "changed", *(f"next_{name}" for name in shapes)],
        out,
        metadata,
    )


@dataclass(frozen=True)
class ExportOptions:
    """A trained head, the published tagger, and the file to write."""

    musicnn: Path = option(text="unpacked wheel of the package musicnn")
    checkpoint: Path = option(Path("runs/slow/head.pt"))
    out: Path = option(Path("presets/models/tracker_slow.onnx"))


def export(options: ExportOptions) -> Path:
    """Write trunk and head as ONNX; returns the file."""
    network, facts = load_slow(options.checkpoint, options.musicnn)
    write_slow(network, options.out, facts)
    return options.out


@dataclass(frozen=True)
class VerifyOptions:
    """A file, and what it was exported from."""

    musicnn: Path = option(text="unpacked wheel of the package musicnn")
    checkpoint: Path = option(Path("runs/slow/head.pt"))
    model: Path | None = option(None, "default: the shipped one")


def verify(options: VerifyOptions) -> dict[str, float]:
    """Compare a file with its network (see `verify_slow`)."""
    network, _ = load_slow(options.checkpoint, options.musicnn)
    return verify_slow(options.model, network)


class SlowGraph:
    """The slow lane as `verify_contract` drives it, one step per call."""

    longest = 1
    batches = False

    def __init__(self, model: SlowModel) -> None:
        self._model = model

    def start(self, batch: int) -> dict[str, np.ndarray]:
        """Return fresh states."""
        return self._model.start()

    def run(
        self, inputs: Sequences, state: dict[str, np.ndarray]
    ) -> tuple[Sequences, dict[str, np.ndarray]]:
        """Run one step."""
        given = (inputs["pcm"][0, 0], inputs["fast"][0, 0], inputs["digest"][0])
        said, state = self._model.step(*given, state)
        affect = np.array([[[said.valence, said.arousal]]])
        std = np.array([[[said.valence_std, said.arousal_std]]])
        return {"affect": affect, "std": std, "changed": np.array([[[float(said.changed)]]])}, state


def verify_slow(path: Path | None, network: SlowNetwork, steps: int = 8) -> dict[str, float]:
    """Hold a file to the contract: equal again after a reset, and to the network."""
    model = SlowModel(path)
    rng = np.random.default_rng(7)
    inputs, shapes = network.inputs(), network.state_shapes()
    given = {
        "pcm": rng.normal(0.0, 0.1, (1, steps, STEP_LENGTH)).astype(np.float32),
        "fast": rng.random((1, steps, *inputs["fast"])).astype(np.float32),
        # Running sums of what is never negative grow.
        "digest": rng.random((1, steps, *inputs[FAST_STATE])).cumsum(1).astype(np.float32),
    }

    def torch_says(sequences: Sequences) -> Sequences:
        states, said = zeros_of(shapes), []
        for step in range(steps):
            row = [torch.from_numpy(value[:, step]) for value in sequences.values()]
            with torch.no_grad():
                affect, deviation, changed, *states = network(*row, *states)
            said.append((affect.numpy(), deviation.numpy(), changed.numpy()))
        names = ("affect", "std", "changed")
        return {
            name: np.stack(rows, 1)
            for name, rows in zip(names, zip(*said, strict=True), strict=True)
        }

    return verify_contract(SlowGraph(model), given, torch_says)
