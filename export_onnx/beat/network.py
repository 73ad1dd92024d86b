"""The beat network: a convolution over frequency, two LSTM layers, three heads.

The architecture up to the first head is BeatNet's, so that training can begin with its published
weights (CC BY 4.0); the tempo head is ours.

References
----------
M. Heydari, F. Cwitkowitz, Z. Duan, "BeatNet: CRNN and Particle Filtering for Online Joint Beat
Downbeat and Meter Tracking", ISMIR 2021.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.beat.frontend import N_FEATURES
from engine.errors import InputError
from export_onnx.training.stage import load_checkpoint

__all__ = [
    "BEAT",
    "DOWNBEAT",
    "NONE",
    "BeatNetwork",
    "NetworkConfig",
    "load_published",
    "load_weights",
]

BEAT, DOWNBEAT, NONE = 0, 1, 2
"""Columns of the first head."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network, and its tempo classes."""

    kernel: int = 10
    channels: int = 2
    width: int = 150
    layers: int = 2
    lowest_bpm: float = 40.0
    classes_per_octave: int = 20
    n_tempi: int = 52

    def tempi_bpm(self) -> np.ndarray:
        """Return the centre of each tempo class, shape (n_tempi,)."""
        return self.lowest_bpm * 2.0 ** (np.arange(self.n_tempi) / self.classes_per_octave)


class BeatNetwork(nn.Module):
    """Features to logits; state is kept outside."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = NetworkConfig() if config is None else config
        self.conv1 = nn.Conv1d(1, config.channels, config.kernel)
        pooled = (N_FEATURES - config.kernel + 1) // 2
        self.linear0 = nn.Linear(config.channels * pooled, config.width)
        self.lstm = nn.LSTM(config.width, config.width, config.layers, batch_first=True)
        self.linear = nn.Linear(config.width, 3)
        self.tempo = nn.Linear(config.width, config.n_tempi)

    def start(self, batch: int) -> tuple[Tensor, Tensor]:
        """Return fresh states, each of shape (layers, batch, width)."""
        shape = (self.config.layers, batch, self.config.width)
        return torch.zeros(shape), torch.zeros(shape)

    def forward(
        self, features: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Run over frames.

        Parameters
        ----------
        features : Tensor, shape (batch, n, N_FEATURES)
        hidden, cell : Tensor, shape (layers, batch, width)

        Returns
        -------
        beats, tempo : Tensor
            Logits, shapes (batch, n, 3) and (batch, n, n_tempi).
        hidden, cell : Tensor
            For the next frames.
        """
        batch, n, width = features.shape
        x = self.conv1(features.reshape(batch * n, 1, width)).relu()
        x = nn.functional.max_pool1d(x, 2).flatten(1)
        x = self.linear0(x).reshape(batch, n, -1)
        x, (hidden, cell) = self.lstm(x, (hidden, cell))
        return self.linear(x), self.tempo(x), hidden, cell


def load_published(network: BeatNetwork, path: Path) -> None:
    """Begin with BeatNet's published weights (``model_1_weights.pt`` of its package).

    Raises
    ------
    InputError
        Missing, or weights of another network.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        report = network.load_state_dict(weights, strict=False)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not BeatNet's weights ({reason})") from error
    if report.unexpected_keys or {k.split(".")[0] for k in report.missing_keys} - {"tempo"}:
        raise InputError(f"{path}: not BeatNet's weights")


def load_weights(network: BeatNetwork, path: Path) -> None:
    """Take the weights of a finished checkpoint, or the average of a stopped run.

    Raises
    ------
    InputError
        Missing, or of another network.
    """
    stored = load_checkpoint(path)
    try:
        network.load_state_dict(stored["average"] if "average" in stored else stored["model"])
    except (KeyError, RuntimeError, TypeError) as error:
        raise InputError(f"{path}: not weights of the beat network ({error})") from error
