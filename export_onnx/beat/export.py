"""Write the beat network as one ONNX file that carries all the engine must know about it."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.beat.frontend import HOP_LENGTH, N_FEATURES, SAMPLE_RATE
from engine.beat.model import MODEL_VERSION
from engine.errors import InputError
from export_onnx.beat.network import BEAT, DOWNBEAT, BeatNetwork, NetworkConfig, load_weights
from export_onnx.training.graph import write_graph
from export_onnx.training.options import option
from export_onnx.training.stage import load_checkpoint

__all__ = ["BeatGraph", "ExportOptions", "export", "load_network"]

CHECKPOINT = Path("runs/beat/train/beat.pt")
_LICENCE = "CC BY-NC-SA 4.0"
_TRAINING_DATA = (
    "begun with BeatNet (CC BY 4.0); Groove MIDI, ASAP, POP909 rendered; Emotify and 4Q recordings "
    "labelled by madmom (train parts)"
)


@dataclass(frozen=True)
class ExportOptions:
    """Checkpoint in, ONNX file out.

    Attributes
    ----------
    checkpoint : Path
        Finished (``NAME.pt``), or that of a stopped run (``NAME.stage.pt``): its average is taken.
    """

    checkpoint: Path = option(CHECKPOINT)
    out: Path = option(Path("presets/models/beat.onnx"))
    late_ms: float = option(18.0, "how much later beats are than the decoder says, by evaluate")
    commit: str = option("", "source the model was trained with, for the metadata")


class BeatGraph(nn.Module):
    """The network with probabilities for logits, as it is exported."""

    def __init__(self, network: BeatNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, features: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return beat, downbeat, tempo as `engine.beat.model.BeatModel.step` says, and states."""
        logits, tempo, hidden, cell = self.network(features, hidden, cell)
        chances = logits.softmax(-1)
        beat = chances[..., BEAT] + chances[..., DOWNBEAT]
        downbeat = chances[..., DOWNBEAT] / beat.clamp(min=1e-9)
        return beat, downbeat, tempo.log_softmax(-1), hidden, cell


def load_network(path: Path) -> tuple[BeatNetwork, dict[str, str]]:
    """Build the network of a checkpoint; also returns facts for the metadata.

    Raises
    ------
    InputError
        Missing, unreadable or of another architecture.
    """
    stored = load_checkpoint(path)
    try:
        network = BeatNetwork(NetworkConfig(**stored.get("network", {})))
    except TypeError as error:
        raise InputError(f"{path}: not a checkpoint of the beat network ({error})") from error
    load_weights(network, path)
    facts = {"seed": str(stored["train"]["seed"])} if "train" in stored else {}
    return network.eval(), facts


def export(options: ExportOptions) -> Path:
    """Export a checkpoint; returns the file."""
    network, facts = load_network(options.checkpoint)
    if options.commit:
        facts["commit"] = options.commit
    metadata = {
        "stimmung_model": "beat",
        "version": str(MODEL_VERSION),
        "sample_rate": str(SAMPLE_RATE),
        "hop_length": str(HOP_LENGTH),
        "features": str(N_FEATURES),
        "tempi_bpm": json.dumps([round(float(bpm), 3) for bpm in network.config.tempi_bpm()]),
        "late_s": json.dumps(options.late_ms / 1e3),
        "licence": _LICENCE,
        "training_data": _TRAINING_DATA,
        "parameters": str(sum(p.numel() for p in network.parameters())),
        **facts,
    }
    hidden, cell = network.start(1)
    write_graph(
        BeatGraph(network),
        {"features": torch.zeros(1, 3, N_FEATURES), "hidden": hidden, "cell": cell},
        ["beat", "downbeat", "tempo", "next_hidden", "next_cell"],
        options.out,
        metadata,
        lengths={name: {1: "frames"} for name in ("features", "beat", "downbeat", "tempo")},
    )
    return options.out
