"""Checks the tracker's contract: any chunking equals the whole, ONNX equals PyTorch."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.emotion.model import TrackerModel
from export_onnx.tracker.export import load_tracker
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.weights import DIGEST_FILE, PRESENCE_FILE
from export_onnx.training.contract import Sequences, verify_contract
from export_onnx.training.options import option

__all__ = [
    "TrackerGraph",
    "VerifyOptions",
    "compare_torch",
    "probe_sound",
    "verify",
    "verify_files",
]


def probe_sound(n_hops: int, hop_length: int, sample_rate: int, seed: int = 3) -> np.ndarray:
    """Chords of decaying partials, noise bursts and a pause: float32, shape (n_hops * hop,)."""
    rng = np.random.default_rng(seed)
    total = n_hops * hop_length
    time_s = np.arange(total) / sample_rate
    sound = np.zeros(total)
    for onset in np.arange(0.0, total / sample_rate, 0.4):
        for pitch in rng.choice(np.arange(40, 84), 3, replace=False):
            age = time_s - onset
            tone = 0.1 * np.exp(-4.0 * age.clip(0)) * (age >= 0)
            frequency = 440.0 * 2.0 ** ((int(pitch) - 69) / 12)
            for partial in range(1, 5):
                sound += tone / partial * np.sin(2 * np.pi * partial * frequency * age)
    sound += 0.003 * rng.standard_normal(total)
    pause = slice(total // 2, total // 2 + 4 * hop_length)
    sound[pause] = 0.0
    return sound.astype(np.float32)


class TrackerGraph:
    """The tracker as `verify_contract` drives it: ``pcm``, shape (1, n_hops, hop_length)."""

    longest = None
    batches = False

    def __init__(self, model: TrackerModel) -> None:
        self._model = model

    def start(self, batch: int) -> dict[str, np.ndarray]:
        """Return fresh states."""
        return self._model.start()

    def run(
        self, inputs: Sequences, state: dict[str, np.ndarray]
    ) -> tuple[Sequences, dict[str, np.ndarray]]:
        """Run over some hops."""
        outputs, state = self._model.step(inputs["pcm"].reshape(-1), state)
        return {name: value[None] for name, value in outputs.items()}, state


def compare_torch(model: TrackerModel, tracker: Tracker, sound: np.ndarray) -> dict[str, float]:
    """Largest difference of every output between the ONNX file and the network."""
    wanted = _torch(model, tracker, sound)
    found, _ = model.step(sound, model.start())
    return {name: float(np.abs(found[name] - wanted[name][0]).max()) for name in model.outputs}


def _torch(model: TrackerModel, tracker: Tracker, sound: np.ndarray) -> Sequences:
    tracker.eval()
    tracker.set_closed_form()
    with torch.no_grad():
        results = tracker(torch.from_numpy(sound[None]), *zeros(tracker.state_shapes()).values())
    return {name: results[i].numpy() for i, name in enumerate(model.outputs)}


@dataclass(frozen=True)
class VerifyOptions:
    """An ONNX file, and the checkpoint it is compared with."""

    model: Path | None = option(None, "default: the shipped one")
    checkpoint: Path | None = option(None, "also compare with this checkpoint's network")
    also: tuple[Path, ...] = option((), "as given to export")
    presence: Path = option(PRESENCE_FILE, "as given to export")
    digest: Path = option(DIGEST_FILE, "as given to export")


def verify_files(options: VerifyOptions) -> dict[str, float]:
    """Check the contract of a file (see `verify`)."""
    tracker = None
    if options.checkpoint is not None:
        tracker, _ = load_tracker(
            options.checkpoint, options.also, options.presence, options.digest
        )
    return verify(options.model, tracker)


def verify(model_path: Path | None, tracker: Tracker | None) -> dict[str, float]:
    """Check the contract on 20 s of probe sound; PyTorch only where a network is given."""
    model = TrackerModel(model_path)
    n_hops = round(20 * model.sample_rate / model.hop_length)
    sound = probe_sound(n_hops, model.hop_length, model.sample_rate)
    reference = None
    if tracker is not None:
        # The deviations are scaled at export, not in the checkpoint.
        factors = json.loads(model.metadata.get("std_scale", "[1.0, 1.0]"))
        tracker.std_scale.copy_(torch.tensor(factors))
        network = tracker

        def reference(_inputs: Sequences) -> Sequences:
            return _torch(model, network, sound)

    inputs = {"pcm": sound.reshape(1, n_hops, model.hop_length)}
    return verify_contract(TrackerGraph(model), inputs, reference)
