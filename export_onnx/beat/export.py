"""Write the beat network as one ONNX file that carries all the engine must know about it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.beat.frontend import HOP_LENGTH, N_FEATURES, SAMPLE_RATE
from engine.beat.model import MODEL_VERSION
from engine.errors import InputError
from export_onnx.beat.network import BEAT, DOWNBEAT, NONE, BeatNetwork, NetworkConfig, load_weights
from export_onnx.training.graph import write_graph
from export_onnx.training.options import option
from export_onnx.training.stage import load_checkpoint

__all__ = ["BeatGraph", "ExportOptions", "export", "load_networks"]

CHECKPOINTS = (Path("runs/beat/train/beat.pt"),)
_LICENCE = "CC BY-NC-SA 4.0"
_TRAINING_DATA = (
    "begun with BeatNet (CC BY 4.0); Groove MIDI, ASAP, POP909 rendered; Emotify and 4Q recordings "
    "labelled by madmom (train parts)"
)


@dataclass(frozen=True)
class ExportOptions:
    """Checkpoints in, one ONNX file out.

    Attributes
    ----------
    checkpoints : tuple of Path
        Finished (``NAME.pt``), or of a stopped run (``NAME.stage.pt``): its average is taken.
    """

    checkpoints: tuple[Path, ...] = option(CHECKPOINTS, "networks to average", flag="--checkpoint")
    out: Path = option(Path("presets/models/beat.onnx"))
    late_ms: float = option(18.0, "how much later beats are than the decoder says, by evaluate")
    commit: str = option("", "source the model was trained with, for the metadata")


class BeatGraph(nn.Module):
    """One or more networks whose logits are averaged, with probabilities for logits.

    Their states lie behind one another in the first dimension.
    """

    def __init__(self, networks: Sequence[BeatNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self._begun = [network.start(1) for network in networks]

    def start(self) -> tuple[Tensor, Tensor]:
        """Return fresh states, each of shape (layers of all, 1, width)."""
        hiddens, cells = zip(*self._begun, strict=True)
        return torch.cat(hiddens), torch.cat(cells)

    def forward(
        self, features: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return beat, downbeat, tempo as `engine.beat.model.BeatModel.step` says, and states."""
        states = zip(hidden.chunk(len(self.networks)), cell.chunk(len(self.networks)), strict=True)
        found = [
            network(features, *state) for network, state in zip(self.networks, states, strict=True)
        ]
        logits, tempi, hiddens, cells = zip(*found, strict=True)
        logs = torch.stack([each.log_softmax(-1) for each in logits])
        any_beat = torch.logsumexp(logs[..., [BEAT, DOWNBEAT]], -1)
        beat = (any_beat - logs[..., NONE]).mean(0).sigmoid()
        downbeat = (logs[..., DOWNBEAT] - logs[..., BEAT]).mean(0).sigmoid()
        tempo = torch.stack([each.log_softmax(-1) for each in tempi]).mean(0).log_softmax(-1)
        return beat, downbeat, tempo, torch.cat(hiddens), torch.cat(cells)


def load_networks(paths: Sequence[Path]) -> tuple[list[BeatNetwork], dict[str, str]]:
    """Build the networks of checkpoints; also returns facts for the metadata.

    Raises
    ------
    InputError
        Missing, unreadable, of another architecture, or of different sizes.
    """
    networks: list[BeatNetwork] = []
    seeds: list[str] = []
    for path in paths:
        stored = load_checkpoint(path)
        try:
            network = BeatNetwork(NetworkConfig(**stored.get("network", {})))
        except TypeError as error:
            raise InputError(f"{path}: not a checkpoint of the beat network ({error})") from error
        if networks and network.config != networks[0].config:
            raise InputError(f"{path}: not of the same size as {paths[0]}")
        load_weights(network, path)
        networks.append(network.eval())
        seeds += [str(stored["train"]["seed"])] if "train" in stored else []
    return networks, {"seed": ", ".join(seeds)} if seeds else {}


def export(options: ExportOptions) -> Path:
    """Export checkpoints; returns the file."""
    networks, facts = load_networks(options.checkpoints)
    if options.commit:
        facts["commit"] = options.commit
    graph = BeatGraph(networks)
    metadata = {
        "stimmung_model": "beat",
        "version": str(MODEL_VERSION),
        "sample_rate": str(SAMPLE_RATE),
        "hop_length": str(HOP_LENGTH),
        "features": str(N_FEATURES),
        "tempi_bpm": json.dumps([round(float(bpm), 3) for bpm in networks[0].config.tempi_bpm()]),
        "late_s": json.dumps(options.late_ms / 1e3),
        "licence": _LICENCE,
        "training_data": _TRAINING_DATA,
        "parameters": str(sum(p.numel() for p in graph.parameters())),
        **facts,
    }
    hidden, cell = graph.start()
    write_graph(
        graph,
        {"features": torch.zeros(1, 3, N_FEATURES), "hidden": hidden, "cell": cell},
        ["beat", "downbeat", "tempo", "next_hidden", "next_cell"],
        options.out,
        metadata,
        lengths={name: {1: "frames"} for name in ("features", "beat", "downbeat", "tempo")},
    )
    return options.out
