"""Checks the chord model's contract: steps equal whole songs, ONNX equals PyTorch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.generators.amt.conditioning import SLICES, WIDTH
from engine.generators.amt.model import AmtModel, AmtState
from engine.generators.amt.vocabulary import END, N_CHORDS
from export_onnx.amt.export import CHECKPOINTS, StepGraph, load_networks
from export_onnx.amt.network import Amt, Prediction, State
from export_onnx.training.contract import Sequences, verify_contract
from export_onnx.training.options import option

__all__ = ["VerifyOptions", "verify", "verify_network", "verify_onnx"]


def probe_song(slots: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Chords that repeat with variations, int64 (slots,), and conditioning (slots, WIDTH)."""
    rng = np.random.default_rng(seed)
    phrase = np.repeat(rng.integers(0, N_CHORDS, 8), rng.integers(1, 4, 8))
    chord = np.resize(phrase, slots).astype(np.int64)
    varied = rng.random(slots) < 0.1
    chord[varied] = rng.integers(0, N_CHORDS, int(varied.sum()))
    told = rng.normal(0.0, 0.4, (slots, WIDTH)).astype(np.float32)
    told[:, SLICES["phase"]] = np.eye(3)[np.arange(slots) % 2]
    return chord, told


def _inputs(songs: int, slots: int) -> Sequences:
    """Return the graph's inputs for songs: the chord before each slot, and the conditioning."""
    probed = [probe_song(slots, seed) for seed in range(3, 3 + songs)]
    before = np.stack([np.concatenate([[END], chord[:-1]]) for chord, _ in probed])
    guidance = np.tile(0.5 * (np.arange(slots, dtype=np.float32) % 5), (songs, 1))
    return {"chord": before, "told": np.stack([told for _, told in probed]), "guidance": guidance}


class _Network:
    """A PyTorch network slot by slot, as `verify_contract` drives it."""

    longest = None
    batches = True

    def __init__(self, network: Amt) -> None:
        self.network = network.eval()

    def start(self, batch: int) -> State:
        return self.network.start(batch)

    @torch.no_grad()
    def run(self, inputs: Sequences, state: State) -> tuple[Sequences, State]:
        chord, told = (torch.from_numpy(inputs[name]) for name in ("chord", "told"))
        steps = []
        for slot in range(chord.shape[1]):
            one = slice(slot, slot + 1)
            step, state = self.network.step(chord[:, one], told[:, one], state)
            steps.append(step)
        return _arrays(steps), state

    @torch.no_grad()
    def whole(self, inputs: Sequences) -> Sequences:
        chord, told = (torch.from_numpy(inputs[name]) for name in ("chord", "told"))
        return _arrays([self.network(chord, told)])


def _arrays(parts: list[Prediction]) -> Sequences:
    return {
        "change": torch.cat([part.change for part in parts], 1).numpy(),
        "stay": torch.cat([part.stay for part in parts], 1).numpy(),
    }


class _Onnx:
    """The ONNX step as `verify_contract` drives it: probabilities, not their logarithms."""

    longest = 1
    batches = False

    def __init__(self, model: AmtModel) -> None:
        self._model = model

    def start(self, batch: int) -> AmtState:
        return self._model.initial_state()

    def run(self, inputs: Sequences, state: AmtState) -> tuple[Sequences, AmtState]:
        chord, told, guidance = (inputs[name][0, 0] for name in ("chord", "told", "guidance"))
        seen, state = self._model.foresee(int(chord), told, state, float(guidance))
        return _row(np.exp(seen.slot), np.exp(seen.change), seen.stay), state


def _row(slot: np.ndarray, change: np.ndarray, stay: float) -> Sequences:
    return {
        "slot": slot[None, None],
        "change": change[None, None],
        "stay": np.array([[stay]], np.float32),
    }


@torch.no_grad()
def _torch_rows(graph: StepGraph, inputs: Sequences) -> Iterator[Sequences]:
    states = list(graph.eval().start().values())
    for chord, told, guidance in zip(
        inputs["chord"][0], inputs["told"][0], inputs["guidance"][0], strict=True
    ):
        own, change, stay, *states = graph(
            torch.tensor([chord]), torch.from_numpy(told), torch.tensor([guidance]), *states
        )
        yield _row(own.exp().numpy(), change.exp().numpy(), float(stay[0]))


def verify_network(network: Amt, slots: int = 60) -> dict[str, float]:
    """Check steps of a PyTorch network against whole songs."""
    graph = _Network(network)
    return verify_contract(graph, _inputs(2, slots), graph.whole)


def verify_onnx(model: AmtModel, graph: StepGraph, slots: int = 60) -> dict[str, float]:
    """Check the ONNX file against the networks it was made from, guided."""

    def reference(inputs: Sequences) -> Sequences:
        rows = list(_torch_rows(graph, inputs))
        return {name: np.concatenate([row[name] for row in rows], 1) for name in rows[0]}

    return verify_contract(_Onnx(model), _inputs(1, slots), reference)


@dataclass(frozen=True)
class VerifyOptions:
    """An ONNX file, and the checkpoints it was made from."""

    model: Path | None = option(None, "default: the shipped one")
    checkpoints: tuple[Path, ...] = option(CHECKPOINTS, "as given to export", flag="--checkpoint")


def verify(options: VerifyOptions) -> dict[str, float]:
    """Compare ONNX with PyTorch, and steps with whole songs, for every network."""
    networks, _ = load_networks(options.checkpoints)
    found = verify_onnx(AmtModel(options.model), StepGraph(networks))
    report = {f"ONNX: {name}": gap for name, gap in found.items()}
    for index, network in enumerate(networks):
        for name, gap in verify_network(network, 200).items():
            report[f"network {index}: {name}"] = gap
    return report
