"""MERT-v1-95M: frozen embeddings of recordings, an optional teacher through `transformers`.

MERT is a HuBERT network trained on music at 24 kHz: seven convolutions give 75 frames per second,
twelve transformer blocks of 768 channels follow. The embedding is the output of blocks 6 and 7
(counted from 1) averaged over time and concatenated, 1,536 numbers, as in Music2Emotion.

The checkpoint is read from a local folder or fetched from the Hugging Face hub. The Python files in
it are never executed: `transformers`' own HuBERT has the same parameters as long as the three MERT
extensions (constant-Q input, deep norm, relaxed attention) are off, which is checked in
``config.json``, and every weight must find its place. Weights come from ``model.safetensors`` or,
as published, ``pytorch_model.bin`` read as weights only; no pickled object is built.

**Not evaluated.** The published weights were not available when this was written: loading and
embedding are tested with random networks of the same architecture, and nothing is known of what
they would add to the tracker. Their licence is CC BY-NC 4.0.

A MERT window is not causal and costs far more than the tracker (about 290 GMAC per 30 s for the
seven blocks used); it can teach the live network, not replace it.

References
----------
Li et al.: MERT: acoustic music understanding model with large-scale self-supervised training. ICLR
2024, arXiv 2306.00107. https://huggingface.co/m-a-p/MERT-v1-95M
Kang, Herremans: Towards unified music emotion recognition across dimensional and categorical
models. arXiv 2502.03979.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import InputError
from export_onnx.tracker.prepare import resample
from export_onnx.training.checkpoint import find_checkpoint, load_weights, optional

__all__ = ["LAYERS", "PUBLISHED", "SAMPLE_RATE", "Mert", "chunk_edges", "load_mert"]

PUBLISHED = "m-a-p/MERT-v1-95M"
SAMPLE_RATE = 24000
LAYERS = (6, 7)

# MERT was trained on 5 s; Music2Emotion embeds 30 s at once.
_SHORTEST_S, _LONGEST_S = 5.0, 30.0
_FILES = ["config.json", "preprocessor_config.json", "model.safetensors", "pytorch_model.bin"]
# What transformers' HuBERT does not have, and the value that leaves it out.
_EXTENSIONS: dict[str, tuple[Any, ...]] = {
    "feature_extractor_cqt": (False,),
    "deepnorm": (False,),
    "attention_relax": (-1, -1.0),
}
# The weight-normalised position convolution has had two sets of names.
_RENAMED = {
    "encoder.pos_conv_embed.conv.weight_g": (
        "encoder.pos_conv_embed.conv.parametrizations.weight.original0"
    ),
    "encoder.pos_conv_embed.conv.weight_v": (
        "encoder.pos_conv_embed.conv.parametrizations.weight.original1"
    ),
}


def chunk_edges(n_samples: int, chunk_s: float) -> list[int]:
    """Cut `n_samples` at 24 kHz into pieces of equal length; returns their n + 1 edges.

    The pieces are at most `chunk_s` long, unless that made them shorter than 5 s. Being equal,
    they need no padding, and no short remainder counts as much as a whole piece.

    Raises
    ------
    InputError
        `chunk_s` is not in 5..30.
    """
    if not _SHORTEST_S <= chunk_s <= _LONGEST_S:
        raise InputError(f"chunk_s {chunk_s}: must be in {_SHORTEST_S:g}..{_LONGEST_S:g} s")
    wanted = math.ceil(n_samples / (chunk_s * SAMPLE_RATE))
    possible = int(n_samples / (_SHORTEST_S * SAMPLE_RATE))
    count = max(1, min(wanted, possible))
    return [round(index * n_samples / count) for index in range(count + 1)]


class Mert:
    """A loaded network and its preprocessor; frozen.

    Parameters
    ----------
    network : torch.nn.Module
        `transformers.HubertModel`; blocks above the last one asked for are cut off.
    preprocessor : object
        `transformers.Wav2Vec2FeatureExtractor`.
    layers : tuple of int
        Blocks whose outputs are concatenated, counted from 1.

    Raises
    ------
    InputError
        A block that the network does not have, or a preprocessor for another sample rate.
    """

    def __init__(
        self, network: nn.Module, preprocessor: Any, layers: tuple[int, ...] = LAYERS
    ) -> None:
        config: Any = network.config
        if not layers or min(layers) < 1 or max(layers) > config.num_hidden_layers:
            raise InputError(f"layers {layers}: must be in 1..{config.num_hidden_layers}")
        if preprocessor.sampling_rate != SAMPLE_RATE:
            raise InputError(f"preprocessor at {preprocessor.sampling_rate} Hz, not {SAMPLE_RATE}")
        encoder: Any = network.encoder
        del encoder.layers[max(layers) :]
        self.network = network.eval().requires_grad_(False)
        self.layers = layers
        self.size = int(config.hidden_size) * len(layers)
        self._preprocessor = preprocessor
        self._step = math.prod(config.conv_stride)
        self._field = _receptive_field(config.conv_kernel, config.conv_stride)

    def embed_clip(
        self, sound: np.ndarray, sample_rate: float, chunk_s: float = _LONGEST_S
    ) -> np.ndarray:
        """Embed a whole recording.

        Parameters
        ----------
        sound : float32 array, shape (n,)
            Mono audio at `sample_rate` [Hz], at least 17 ms.
        chunk_s : float
            Longest piece that the network sees at once [s], 5..30.

        Returns
        -------
        float32 array, shape (size,)
            Mean over time; 1,536 numbers for the published network.
        """
        frames, _ = self._frames(sound, sample_rate, chunk_s)
        return np.asarray(frames.mean(0).cpu().numpy(), np.float32)

    def embed_course(
        self,
        sound: np.ndarray,
        sample_rate: float,
        chunk_s: float = _SHORTEST_S,
        step_s: float = 1.0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Embed a recording step by step; every step is heard with the rest of its piece around it.

        Returns
        -------
        time_s : float64 array, shape (n,)
            End of each step [s]; the last may be shorter.
        embeddings : float32 array, shape (n, size)
        """
        if not step_s >= self._step / SAMPLE_RATE:
            raise InputError(f"step_s {step_s}: must be at least {self._step / SAMPLE_RATE:.4f} s")
        frames, time_s = self._frames(sound, sample_rate, chunk_s)
        steps = torch.from_numpy((time_s / step_s).astype(np.int64))
        present, index, counts = torch.unique(steps, return_inverse=True, return_counts=True)
        sums = torch.zeros(len(present), self.size)
        sums.index_add_(0, index, frames.cpu())
        ends = np.minimum((present.numpy() + 1) * step_s, len(sound) / sample_rate)
        return ends, np.asarray((sums / counts[:, None]).numpy(), np.float32)

    def _frames(
        self, sound: np.ndarray, sample_rate: float, chunk_s: float
    ) -> tuple[Tensor, np.ndarray]:
        """Frames of all pieces, (n, size), and the middle of what each frame sees [s]."""
        if sound.ndim != 1:
            raise InputError(f"sound of shape {sound.shape}: must be mono, shape (n,)")
        if sample_rate != SAMPLE_RATE:
            sound = resample(sound.astype(np.float32), sample_rate, SAMPLE_RATE)
        if len(sound) < self._field:
            shortest_ms = 1000 * self._field / SAMPLE_RATE
            raise InputError(f"sound of {len(sound)} samples: MERT needs {shortest_ms:.0f} ms")
        edges = chunk_edges(len(sound), chunk_s)
        device = next(self.network.parameters()).device
        frames, time_s = [], []
        for start, end in zip(edges, edges[1:], strict=False):
            prepared = self._preprocessor(
                sound[start:end], sampling_rate=SAMPLE_RATE, return_tensors="pt"
            )
            with torch.inference_mode():
                output = self.network(
                    prepared.input_values.float().to(device), output_hidden_states=True
                )
            # Entry 0 is what enters the first block.
            states = [output.hidden_states[layer][0] for layer in self.layers]
            frames.append(torch.cat(states, 1))
            middle = np.arange(len(states[0])) * self._step + self._field / 2
            time_s.append((start + middle) / SAMPLE_RATE)
        return torch.cat(frames), np.concatenate(time_s)


def _receptive_field(kernels: list[int], strides: list[int]) -> int:
    """Return how many samples one frame sees: 400 for the published convolutions."""
    field, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        field += (kernel - 1) * step
        step *= stride
    return field


def _configuration(path: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    for name, allowed in _EXTENSIONS.items():
        if stored.get(name, allowed[0]) not in allowed:
            raise InputError(f"{path}: {name} is {stored[name]}; only {allowed[0]} is supported")
    if stored.get("sample_rate", SAMPLE_RATE) != SAMPLE_RATE:
        raise InputError(f"{path}: sample_rate is {stored['sample_rate']}, must be {SAMPLE_RATE}")
    return stored


def _weights(folder: Path) -> dict[str, Tensor]:
    stored = load_weights(folder, "MERT")
    return {_RENAMED.get(name, name): value for name, value in stored.items()}


def load_mert(
    source: str | Path = PUBLISHED,
    revision: str | None = None,
    layers: tuple[int, ...] = LAYERS,
    device: str = "cpu",
) -> Mert:
    """Load MERT from a folder or from the Hugging Face hub.

    Parameters
    ----------
    source : str or Path
        Folder with ``config.json``, ``preprocessor_config.json`` and the weights, or a hub name.
    revision : str or None
        Commit on the hub; None takes the newest.
    layers : tuple of int
        Blocks to concatenate, counted from 1.
    device : str
        As PyTorch names it.

    Raises
    ------
    InputError
        `transformers` is not installed; the checkpoint is missing, of another architecture, or
        does not fill the network exactly.
    """
    transformers = optional("transformers", "MERT")
    folder = find_checkpoint(source, revision, _FILES, "MERT", PUBLISHED)
    stored = _configuration(folder / "config.json")
    known = transformers.HubertConfig().to_dict()
    sizes = {name: value for name, value in stored.items() if name in known}
    for name in ("model_type", "architectures"):
        sizes.pop(name, None)
    network = transformers.HubertModel(transformers.HubertConfig(**sizes))
    try:
        network.load_state_dict(_weights(folder), strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{folder}: weights do not fit the network ({reason})") from error
    try:
        preprocessor = transformers.Wav2Vec2FeatureExtractor.from_pretrained(
            folder, local_files_only=True
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{folder}: no usable preprocessor_config.json ({reason})") from error
    return Mert(network.to(device), preprocessor, layers)
