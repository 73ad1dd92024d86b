"""Compare the ONNX step with the PyTorch networks, and steps with whole songs."""

import numpy as np
import torch

from engine.generators.amt.conditioning import SLICES, WIDTH
from engine.generators.amt.model import AmtModel
from engine.generators.amt.vocabulary import END, N_CHORDS
from export_onnx.amt.export import StepGraph
from export_onnx.amt.network import Amt

__all__ = ["TOLERANCE", "compare_onnx", "compare_whole", "probe_song", "verify"]

TOLERANCE = 1e-4


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


def compare_whole(network: Amt, slots: int = 60) -> float:
    """Largest difference of any probability between slot by slot and a whole song at once."""
    network.eval()
    chord, told = probe_song(slots)
    before = torch.from_numpy(np.concatenate([[END], chord[:-1]]))[None]
    known = torch.from_numpy(told)[None]
    worst = 0.0
    with torch.no_grad():
        whole = network(before, known)
        state = network.start(1)
        for slot in range(slots):
            one = slice(slot, slot + 1)
            step, state = network.step(before[:, one], known[:, one], state)
            change = (step.change[:, 0] - whole.change[:, slot]).abs().max()
            stay = (step.stay[:, 0] - whole.stay[:, slot]).abs().max()
            worst = max(worst, float(change), float(stay))
    return worst


def compare_onnx(model: AmtModel, graph: StepGraph, slots: int = 60) -> float:
    """Largest difference of any probability between the ONNX file and the networks, guided."""
    graph.eval()
    chord, told = probe_song(slots)
    states, worst, heard = list(graph.start().values()), 0.0, END
    kept = model.initial_state()
    with torch.no_grad():
        for slot in range(slots):
            guidance = 0.5 * (slot % 5)
            seen, kept = model.foresee(heard, told[slot], kept, guidance)
            own, change, stay, *states = graph(
                torch.tensor([heard]),
                torch.from_numpy(told[slot]),
                torch.tensor([guidance]),
                *states,
            )
            for mine, theirs in ((seen.slot, own), (seen.change, change)):
                gap = np.abs(np.exp(mine) - np.exp(theirs.numpy())).max()
                worst = max(worst, float(gap), abs(seen.stay - float(stay[0])))
            heard = int(chord[slot])
    return worst


def verify(model: AmtModel, networks: list[Amt]) -> dict[str, float]:
    """Both comparisons; the second for the network that differs most."""
    return {
        "ONNX against PyTorch": compare_onnx(model, StepGraph(networks)),
        "steps against whole songs": max(compare_whole(network, 200) for network in networks),
    }
