"""Write the chord model as one ONNX graph: a step with all state going in and out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from engine.errors import InputError
from engine.generators.amt.conditioning import GROUPS, MASKS, SLICES, WIDTH
from engine.generators.amt.model import MODEL_VERSION
from engine.generators.amt.vocabulary import AMT_QUALITIES, PAD, SIZE
from export_onnx.amt.config import INTENT_GROUPS, NetworkConfig
from export_onnx.amt.memory import Memory, empty_memory
from export_onnx.amt.network import Amt, Prediction, State
from export_onnx.amt.regressor import export_regressor
from export_onnx.training.graph import write_graph
from export_onnx.training.options import option
from export_onnx.training.stage import load_checkpoint

__all__ = ["OUTPUTS", "ExportOptions", "StepGraph", "export", "load_networks", "write_onnx"]

OUTPUTS = ("slot", "change", "stay")

_LICENCE = "CC BY-NC-SA 4.0"
_TRAINING_DATA = "POP909, EMOPIA 1.0, VGMIDI, MuVi-Sync (train parts)"
CHECKPOINTS = (Path("runs/amt/train/amt.pt"),)
_LOWEST = 1e-9


@dataclass(frozen=True)
class ExportOptions:
    """Checkpoints whose opinions are averaged in, one ONNX file and those of the dynamics out."""

    checkpoints: tuple[Path, ...] = option(CHECKPOINTS, "networks to average", flag="--checkpoint")
    out: Path = option(Path("presets/models/amt.onnx"))
    readers: Path = option(Path("runs/amt/prepared/readers.json"), "written by prepare")
    commit: str = option("", "source the model was trained with, for the metadata")
    dynamics: Path = option(Path("runs/amt/train"), "folder with dynamics_*.pt")


def _without_intent() -> torch.Tensor:
    kept = torch.ones(WIDTH)
    for name in INTENT_GROUPS:
        kept[SLICES[name]] = 0.0
        kept[MASKS[name]] = 0.0
    return kept


class StepGraph(nn.Module):
    """One step of one or more networks whose probabilities are averaged, with guidance.

    Every network runs twice, with all conditioning and with only key, tempo and metre; guidance
    moves from the second prediction through the first and beyond. The chord history is stored once.
    """

    def __init__(self, networks: Sequence[Amt]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.register_buffer("kept", _without_intent(), persistent=False)

    def start(self) -> dict[str, torch.Tensor]:
        """State before the first slot, by the names of the graph's inputs."""
        states: dict[str, torch.Tensor] = {}
        config = None
        for index, network in enumerate(self.networks):
            assert isinstance(network, Amt)
            config = network.config
            state = network.start(2)
            states[f"state_keys_{index}"] = state.keys
            states[f"state_values_{index}"] = state.values
            states[f"state_memory_keys_{index}"] = state.memory_keys
        assert config is not None
        states["state_filled"] = torch.zeros(1, config.window)
        memory = empty_memory(1, config.memory)
        return states | {f"state_{name}": row for name, row in memory._asdict().items()}

    def forward(
        self,
        chord: torch.Tensor,
        conditioning: torch.Tensor,
        guidance: torch.Tensor,
        *states: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Run one step.

        Parameters
        ----------
        chord : int64 tensor, shape (1,)
            The chord just heard, END before the first.
        conditioning : float tensor, shape (WIDTH,)
            Of the slot to come.
        guidance : float tensor, shape (1,)
            0 ignores what is intended, 1 follows it, more exaggerates.

        Returns
        -------
        slot, change : float tensors, shape (SIZE,)
            Log-probabilities of the slot's chord, and of the next chord should it change.
        stay : float tensor, shape (1,)
            Probability that the chord stays.
        then the states, in the order they came in.
        """
        named = dict(zip(self.start(), states, strict=True))
        heard = Memory(*(named[f"state_{name}"] for name in Memory._fields))
        told = torch.stack([conditioning, conditioning * self.get_buffer("kept")])[:, None]
        opinions: list[Prediction] = []
        for index, network in enumerate(self.networks):
            assert isinstance(network, Amt)
            own = (f"state_keys_{index}", f"state_values_{index}", f"state_memory_keys_{index}")
            state = State(named[own[0]], named[own[1]], named["state_filled"], named[own[2]], heard)
            prediction, after = network.step(chord[None], told, state)
            opinions.append(prediction)
            for name, value in zip(own, (after.keys, after.values, after.memory_keys), strict=True):
                named[name] = value
            last = after
        named["state_filled"] = last.filled
        for name, row in last.memory._asdict().items():
            named[f"state_{name}"] = row
        stay = torch.stack([opinion.stay[:, 0] for opinion in opinions]).mean(0)
        change = torch.stack([opinion.change[:, 0] for opinion in opinions]).mean(0)
        logit = torch.log(stay / (1.0 - stay))
        stay = torch.sigmoid(logit[1] + guidance * (logit[0] - logit[1]))
        known = change.clamp(min=_LOWEST).log()
        change = torch.softmax(known[1] + guidance * (known[0] - known[1]), -1)
        held = torch.nn.functional.one_hot(chord, SIZE)[0] * stay
        slot = held + (1.0 - stay) * change
        return (
            slot.clamp(min=_LOWEST).log(),
            change.clamp(min=_LOWEST).log(),
            stay,
            *named.values(),
        )


def load_networks(paths: Sequence[Path]) -> tuple[list[Amt], dict[str, str]]:
    """Build the networks of training checkpoints; also returns facts for the metadata.

    Raises
    ------
    InputError
        A file is missing, unreadable or of another architecture.
    """
    networks, seeds = [], []
    for path in paths:
        stored = load_checkpoint(path)
        try:
            network = Amt(NetworkConfig(**stored["network"]))
            network.load_state_dict(stored["model"])
            seeds.append(str(stored["train"]["seed"]))
        except (KeyError, TypeError, RuntimeError) as error:
            raise InputError(f"{path}: not a checkpoint of the chord model ({error})") from error
        networks.append(network.eval())
    return networks, {"seed": ", ".join(seeds)}


def write_onnx(graph: StepGraph, out: Path, facts: dict[str, str]) -> None:
    """Export a step with its metadata; `facts` are added to them."""
    graph.eval()
    states = graph.start()
    metadata = {
        "stimmung_model": "amt",
        "version": str(MODEL_VERSION),
        "qualities": json.dumps(AMT_QUALITIES),
        "groups": json.dumps(GROUPS),
        "states": json.dumps(
            {
                name: {
                    "shape": list(value.shape),
                    "type": str(value.dtype).removeprefix("torch."),
                    "start": float(value.flatten()[0]),
                }
                for name, value in states.items()
            }
        ),
        "licence": _LICENCE,
        "training_data": _TRAINING_DATA,
        "parameters": str(sum(p.numel() for p in graph.parameters())),
        **facts,
    }
    told = {
        "chord": torch.tensor([PAD - 1]),
        "conditioning": torch.zeros(WIDTH),
        "guidance": torch.ones(1),
    }
    outputs = [*OUTPUTS, *(f"next_{name}" for name in states)]
    write_graph(graph, {**told, **states}, outputs, out, metadata, edit=_name_relatively)


def export(options: ExportOptions) -> list[Path]:
    """Export the chord model, and the networks of density and loudness that are there."""
    networks, facts = load_networks(options.checkpoints)
    if options.commit:
        facts["commit"] = options.commit
    try:
        facts["readers"] = options.readers.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{options.readers}: cannot be read ({error.strerror})") from error
    write_onnx(StepGraph(networks), options.out, facts)
    written = [options.out]
    for kind in ("whole", "live"):
        checkpoint = options.dynamics / f"dynamics_{kind}.pt"
        if checkpoint.is_file():
            written.append(options.out.with_name(f"{options.out.stem}_dynamics_{kind}.onnx"))
            export_regressor(checkpoint, written[-1])
    return written


def _name_relatively(path: Path) -> None:
    """Take the leading slash off the exporter's names: the chord's root looked like a path."""
    import onnx

    model = onnx.load(str(path))
    for node in model.graph.node:
        node.name = node.name.removeprefix("/")
        for names in (node.input, node.output):
            names[:] = [name.removeprefix("/") for name in names]
    onnx.save(model, str(path))
