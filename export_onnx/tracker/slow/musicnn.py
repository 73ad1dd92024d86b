"""The pretrained tagger `musicnn` (Million Song Dataset weights), rebuilt from its package.

The package on the Python index (0.1.0, ISC licence, Music Technology Group, Universitat Pompeu
Fabra) ships a TensorFlow 1 checkpoint. `read_checkpoint` reads it without TensorFlow.

References
----------
Pons, Serra: musicnn: pre-trained convolutional neural networks for music audio tagging. ISMIR 2019
late-breaking. Weights of `MSD_musicnn`: 50 tags, 16 kHz, 96 mel bands, patches of 187 frames.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InputError

__all__ = ["EMBEDDING", "Musicnn", "find_checkpoint", "mel_filters", "read_checkpoint"]

EMBEDDING = 200
N_MELS = 96
_BATCH_EPSILON = 1e-3
# Channels of the features per frame: two timbral and three temporal banks, then three mid layers.
_TIMBRAL = (0, 1)
_TEMPORAL = ((2, 128), (3, 64), (4, 32))
_MIDDLE = (5, 6, 7)
_HALF = 3  # frames on either side that a timbral or middle kernel reaches

_NUMPY_TYPES = {1: np.float32, 2: np.float64, 3: np.int32, 9: np.int64}
_FOOTER = 48


def find_checkpoint(folder: Path) -> Path:
    """Return the prefix of the MSD checkpoint below an unpacked package.

    Raises
    ------
    InputError
        There is none.
    """
    for index in sorted(folder.rglob("MSD_musicnn/.index")):
        return index.parent
    raise InputError(
        f"{folder}: no MSD_musicnn checkpoint; `pip download musicnn --no-deps` and unzip the wheel"
    )


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _block(data: bytes, offset: int, size: int) -> list[tuple[bytes, bytes]]:
    """Key and value pairs of one block of a sorted-string table (LevelDB's format)."""
    if data[offset + size] != 0:
        raise InputError("checkpoint index: compressed blocks are not supported")
    block = data[offset : offset + size]
    restarts = struct.unpack("<I", block[-4:])[0]
    end = len(block) - 4 - 4 * restarts
    at, key, pairs = 0, b"", []
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        pairs.append((key, block[at : at + length]))
        at += length
    return pairs


def _message(data: bytes) -> dict[int, list[Any]]:
    """Fields of a protocol-buffer message by number."""
    at = 0
    fields: dict[int, list[Any]] = {}
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value: Any
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 2:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
            value, at = data[at : at + length], at + length
        else:
            raise InputError(f"checkpoint index: wire type {wire} is not supported")
        fields.setdefault(number, []).append(value)
    return fields


def read_checkpoint(prefix: Path) -> dict[str, np.ndarray]:
    """Read the variables of a TensorFlow checkpoint of one shard.

    Parameters
    ----------
    prefix : Path
        Folder whose ``.index`` and ``.data-00000-of-00001`` are read.

    Raises
    ------
    InputError
        Files are missing or of another format.
    """
    try:
        index = (prefix / ".index").read_bytes()
        data = (prefix / ".data-00000-of-00001").read_bytes()
    except OSError as error:
        raise InputError(f"{prefix}: not a checkpoint ({error})") from error
    footer = index[-_FOOTER:]
    at = 0
    for _ in range(2):  # the handle of the meta block
        _, at = _varint(footer, at)
    offset, at = _varint(footer, at)
    size, at = _varint(footer, at)
    variables: dict[str, np.ndarray] = {}
    for _, handle in _block(index, offset, size):
        start, after = _varint(handle, 0)
        length, _ = _varint(handle, after)
        for key, value in _block(index, start, length):
            entry = _message(value)
            kind = _NUMPY_TYPES.get(entry.get(1, [1])[0])
            if not key or kind is None or 5 not in entry:
                continue
            dimensions = _message(entry[2][0]).get(2, []) if 2 in entry else []
            shape = [_message(one).get(1, [0])[0] for one in dimensions]
            place, count = entry.get(4, [0])[0], entry[5][0]
            flat = np.frombuffer(data, kind, count // np.dtype(kind).itemsize, place)
            variables[key.decode()] = flat.reshape(shape)
    return variables


def mel_filters(rate: int = 16000, length: int = 512) -> np.ndarray:
    """Triangular mel filters of equal area (Slaney), float64, shape (96, length // 2 + 1)."""

    def to_mel(hertz: np.ndarray) -> np.ndarray:
        high = 15.0 + 27.0 * np.log(np.maximum(hertz, 1e-9) / 1000.0) / np.log(6.4)
        return np.where(hertz < 1000.0, hertz * 3.0 / 200.0, high)

    def to_hertz(mel: np.ndarray) -> np.ndarray:
        high = 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0))
        return np.where(mel < 15.0, mel * 200.0 / 3.0, high)

    bins = np.linspace(0.0, rate / 2, length // 2 + 1)
    ends = to_mel(np.array([0.0, rate / 2]))
    edges = to_hertz(np.linspace(ends[0], ends[1], N_MELS + 2))
    width = np.diff(edges)
    ramps = edges[:, None] - bins[None]
    filters = np.maximum(
        0.0, np.minimum(-ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None])
    )
    return np.asarray(filters * (2.0 / (edges[2:] - edges[:-2]))[:, None])


class Musicnn(nn.Module):
    """Log-mel frames to features, features of a patch to embedding and tags.

    Weights are buffers: the network is used as it was published.
    """

    def __init__(self) -> None:
        super().__init__()
        shapes = {0: (204, 1, 7, 38), 1: (204, 1, 7, 67)}
        shapes |= {layer: (51, 1, length, 1) for layer, length in _TEMPORAL}
        shapes |= {5: (64, 1, 7, 561), 6: (64, 1, 7, 64), 7: (64, 1, 7, 64)}
        for layer, shape in shapes.items():
            self.register_buffer(f"kernel{layer}", torch.zeros(shape))
            self.register_buffer(f"bias{layer}", torch.zeros(shape[0]))
        for layer, size in enumerate((1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, EMBEDDING)):
            self.register_buffer(f"gain{layer}", torch.ones(size))
            self.register_buffer(f"shift{layer}", torch.zeros(size))
        self.register_buffer("dense", torch.zeros(1506, EMBEDDING))
        self.register_buffer("dense_bias", torch.zeros(EMBEDDING))
        self.register_buffer("tag", torch.zeros(EMBEDDING, 50))
        self.register_buffer("tag_bias", torch.zeros(50))

    def load(self, variables: dict[str, np.ndarray]) -> None:
        """Take the weights of the checkpoint, batch normalisation as gain and shift.

        Raises
        ------
        InputError
            A variable is missing or of another shape.
        """

        def name(kind: str, number: int) -> str:
            return f"{kind}_{number}" if number else kind

        try:
            for layer in range(8):
                kernel = variables[name("conv2d", layer) + "/kernel"].transpose(3, 2, 0, 1)
                self._take(f"kernel{layer}", kernel)
                self._take(f"bias{layer}", variables[name("conv2d", layer) + "/bias"])
            for layer in range(11):
                prefix = name("batch_normalization", layer)
                spread = np.sqrt(variables[prefix + "/moving_variance"] + _BATCH_EPSILON)
                gain = variables[prefix + "/gamma"] / spread
                self._take(f"gain{layer}", gain)
                shift = variables[prefix + "/beta"] - variables[prefix + "/moving_mean"] * gain
                self._take(f"shift{layer}", shift)
            for buffer, variable in (("dense", "dense"), ("tag", "dense_1")):
                self._take(buffer, variables[variable + "/kernel"])
                self._take(f"{buffer}_bias", variables[variable + "/bias"])
        except KeyError as error:
            raise InputError(f"checkpoint: no variable {error}") from error

    def _take(self, name: str, values: np.ndarray) -> None:
        buffer = self.get_buffer(name)
        if tuple(values.shape) != tuple(buffer.shape):
            raise InputError(f"checkpoint: {name} is {values.shape}, not {tuple(buffer.shape)}")
        buffer.copy_(torch.from_numpy(np.array(values)))

    def _batch(self, x: Tensor, layer: int) -> Tensor:
        """Batch normalisation of channels (axis 1) of (B, C, T)."""
        gain, shift = self.get_buffer(f"gain{layer}"), self.get_buffer(f"shift{layer}")
        return x * gain[None, :, None] + shift[None, :, None]

    def _convolve(self, x: Tensor, layer: int) -> Tensor:
        kernel, bias = self.get_buffer(f"kernel{layer}"), self.get_buffer(f"bias{layer}")
        return functional.relu(functional.conv2d(x, kernel, bias))

    def normal(self, log_mel: Tensor) -> Tensor:
        """Normalised log-mel frames of the same shape; zero is what padding holds."""
        return log_mel * self.get_buffer("gain0") + self.get_buffer("shift0")

    def timbral(self, normal: Tensor) -> Tensor:
        """Timbral features (B, 408, T - 6) of normalised frames (B, T, 96)."""
        return torch.cat([self._highest(normal[:, None], layer) for layer in _TIMBRAL], 1)

    def temporal(self, normal: Tensor) -> Tensor:
        """Temporal features (B, 153, T) of normalised frames (B, T, 96), zero beyond the ends."""
        parts = []
        for layer, length in _TEMPORAL:
            padded = functional.pad(normal[:, None], (0, 0, (length - 1) // 2, length // 2))
            parts.append(self._highest(padded, layer))
        return torch.cat(parts, 1)

    def _highest(self, x: Tensor, layer: int) -> Tensor:
        """Convolve, take each channel's extreme over frequency, normalise: (B, C, T)."""
        kernel, bias = self.get_buffer(f"kernel{layer}"), self.get_buffer(f"bias{layer}")
        raw = functional.conv2d(x, kernel, bias)
        # The normalisation is affine: with a negative gain the lowest value becomes the highest.
        rising = self.get_buffer(f"gain{layer + 1}")[None, :, None] >= 0
        extreme = torch.where(rising, raw.amax(3), raw.amin(3))
        return self._batch(functional.relu(extreme), layer + 1)

    def embed(self, features: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding (B, 200) and the logits of the 50 tags of a patch.

        Parameters
        ----------
        features : Tensor, shape (B, 561, T)
            Timbral and temporal features.
        known : Tensor, shape (B, 1, T)
            1 where there was sound, 0 before the beginning.
        """
        held = features * known
        first = self._middle(held, 5) * known
        second = (self._middle(first, 6) + first) * known
        third = (self._middle(second, 7) + second) * known
        everything = torch.cat([held, first, second, third], 1)
        mean = everything.sum(2) / known.sum(2).clamp(min=1.0)
        highest = (everything - 1e6 * (1.0 - known)).amax(2)
        pooled = torch.stack([highest, mean], 2).flatten(1)
        normal = pooled * self.get_buffer("gain9") + self.get_buffer("shift9")
        dense = functional.relu(normal @ self.get_buffer("dense") + self.get_buffer("dense_bias"))
        embedding = dense * self.get_buffer("gain10") + self.get_buffer("shift10")
        return embedding, embedding @ self.get_buffer("tag") + self.get_buffer("tag_bias")

    def _middle(self, x: Tensor, layer: int) -> Tensor:
        image = functional.pad(x.transpose(1, 2)[:, None], (0, 0, _HALF, _HALF))
        return self._batch(self._convolve(image, layer)[..., 0], layer + 1)
