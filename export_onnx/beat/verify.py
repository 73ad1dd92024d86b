"""The beat network's graph held to the contract: any chunking equals the whole, ONNX PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.beat.frontend import N_FEATURES
from engine.beat.model import BeatModel
from export_onnx.beat.export import CHECKPOINTS, BeatGraph, load_networks
from export_onnx.training.contract import Sequences, verify_contract
from export_onnx.training.options import option

__all__ = ["VerifyOptions", "verify", "verify_files"]

_OUTPUTS = ("beat", "downbeat", "tempo")


class _Onnx:
    """The ONNX graph as `verify_contract` drives it: ``features``, shape (1, frames, bands)."""

    longest = None
    batches = False

    def __init__(self, model: BeatModel) -> None:
        self._model = model

    def start(self, batch: int) -> Any:
        return self._model.start()

    def run(self, inputs: Sequences, state: Any) -> tuple[Sequences, Any]:
        *outputs, state = self._model.step(inputs["features"][0], state)
        named = zip(_OUTPUTS, outputs, strict=True)
        return {name: np.asarray(value)[None] for name, value in named}, state


@dataclass(frozen=True)
class VerifyOptions:
    """An ONNX file, and the checkpoints it was made from."""

    checkpoints: tuple[Path, ...] = option(CHECKPOINTS, flag="--checkpoint")
    model: Path | None = option(None, "default: the shipped one")


def verify_files(options: VerifyOptions) -> dict[str, float]:
    """Check a file against its checkpoints (see `verify`)."""
    networks, _ = load_networks(options.checkpoints)
    return verify(BeatModel(options.model), BeatGraph(networks))


def verify(
    model: BeatModel, graph: BeatGraph, frames: int = 200, seed: int = 3
) -> dict[str, float]:
    """Check the contract on random frames."""
    seen = np.random.default_rng(seed).gamma(0.5, 0.5, (1, frames, N_FEATURES)).astype(np.float32)

    @torch.no_grad()
    def reference(inputs: Sequences) -> Sequences:
        given = torch.from_numpy(inputs["features"])
        wanted = graph.eval()(given, *graph.start())
        return {name: wanted[i].numpy() for i, name in enumerate(_OUTPUTS)}

    return verify_contract(_Onnx(model), {"features": seen}, reference)
