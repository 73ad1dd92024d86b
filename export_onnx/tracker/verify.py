"""Compare the ONNX file with the PyTorch network, and any chunking with the whole."""

import json
from pathlib import Path

import numpy as np
import torch

from engine.emotion.model import TrackerModel
from export_onnx.tracker.network import Tracker, zeros

__all__ = ["TOLERANCE", "compare_chunks", "compare_torch", "probe_sound", "verify"]

TOLERANCE = 1e-4


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


def _run(model: TrackerModel, sound: np.ndarray, sizes: list[int]) -> dict[str, np.ndarray]:
    states = model.start()
    parts: dict[str, list[np.ndarray]] = {name: [] for name in model.outputs}
    position = 0
    for size in sizes:
        stop = position + size * model.hop_length
        outputs, states = model.step(sound[position:stop], states)
        for name, value in outputs.items():
            parts[name].append(value)
        position = stop
    return {name: np.concatenate(value) for name, value in parts.items()}


def compare_torch(model: TrackerModel, tracker: Tracker, sound: np.ndarray) -> dict[str, float]:
    """Largest difference of every output between the ONNX file and the network."""
    tracker.eval()
    tracker.set_closed_form()
    with torch.no_grad():
        results = tracker(torch.from_numpy(sound[None]), *zeros(tracker.state_shapes()).values())
    heard = _run(model, sound, [len(sound) // model.hop_length])
    return {
        name: float(np.abs(heard[name] - results[i][0].numpy()).max())
        for i, name in enumerate(model.outputs)
    }


def compare_chunks(model: TrackerModel, sound: np.ndarray, seed: int = 5) -> dict[str, float]:
    """Largest difference of every output between one call and calls of 1..9 hops."""
    rng = np.random.default_rng(seed)
    left = len(sound) // model.hop_length
    whole = _run(model, sound, [left])
    sizes = []
    while left:
        sizes.append(min(left, int(rng.integers(1, 10))))
        left -= sizes[-1]
    chunked = _run(model, sound, sizes)
    return {name: float(np.abs(whole[name] - chunked[name]).max()) for name in whole}


def verify(model_path: Path | None, tracker: Tracker | None) -> dict[str, dict[str, float]]:
    """Both comparisons over 20 s of probe sound; the first only where a network is given."""
    model = TrackerModel(model_path)
    n_hops = round(20 * model.sample_rate / model.hop_length)
    sound = probe_sound(n_hops, model.hop_length, model.sample_rate)
    report = {"chunked against whole": compare_chunks(model, sound)}
    if tracker is not None:
        # The deviations are scaled at export, not in the checkpoint.
        factors = json.loads(model.metadata.get("std_scale", "[1.0, 1.0]"))
        tracker.std_scale.copy_(torch.tensor(factors))
        report["ONNX against PyTorch"] = compare_torch(model, tracker, sound)
    return report
