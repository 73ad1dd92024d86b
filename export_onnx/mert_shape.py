"""Write a network of MERT-v1-95M's shape with random weights as ONNX, to measure its cost.

``python -m export_onnx.mert_shape OUT SECONDS`` is what ``stimmung bench tracker`` starts,
which itself never imports PyTorch. The graph takes ``pcm``, float32 of shape (1, SECONDS * 24000),
and returns the outputs of blocks 6 and 7, which is where emotion is read; later blocks are left
out.

References
----------
Li et al.: MERT: acoustic music understanding model with large-scale self-supervised training. ICLR
2024, arXiv 2306.00107. https://huggingface.co/m-a-p/MERT-v1-95M
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import InputError
from export_onnx.training.graph import write_graph

__all__ = ["main", "write_random_mert"]

_SAMPLE_RATE = 24000
_KERNELS, _STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
_BLOCKS = 7
_POSITIONS, _GROUPS = 128, 16


class _Mert(nn.Module):
    """Seven convolutions, 75 frames a second, then seven transformer blocks."""

    def __init__(self, size: int, heads: int, feed_forward: int, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (kernel, stride) in enumerate(zip(_KERNELS, _STRIDES, strict=True)):
            entering = channels if index else 1
            layers += [nn.Conv1d(entering, channels, kernel, stride, bias=False), nn.GELU()]
        layers.insert(1, nn.GroupNorm(channels, channels))
        self.convolutions = nn.Sequential(*layers)
        self.project = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, size))
        self.position = nn.Conv1d(size, size, _POSITIONS, padding=_POSITIONS // 2, groups=_GROUPS)
        self.norm = nn.LayerNorm(size)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                size, heads, feed_forward, 0.0, activation="gelu", batch_first=True
            )
            for _ in range(_BLOCKS)
        )

    def forward(self, pcm: Tensor) -> Tensor:
        """Return (1, frames, 2 * size), the outputs of the last two blocks."""
        frames = self.project(self.convolutions(pcm[:, None]).transpose(1, 2))
        # An even kernel with this padding gives one frame too many.
        place = self.position(frames.transpose(1, 2))[..., :-1].transpose(1, 2)
        frames = self.norm(frames + nn.functional.gelu(place))
        outputs = []
        for block in self.blocks:
            frames = block(frames)
            outputs.append(frames)
        return torch.cat(outputs[-2:], 2)


def write_random_mert(
    out: Path,
    seconds: float,
    size: int = 768,
    heads: int = 12,
    feed_forward: int = 3072,
    channels: int = 512,
) -> int:
    """Write the network for windows of a length [s]; returns its number of parameters."""
    network = _Mert(size, heads, feed_forward, channels).eval().requires_grad_(False)
    # PyTorch's fused block has no ONNX operator.
    torch.backends.mha.set_fastpath_enabled(False)
    pcm = torch.zeros(1, round(seconds * _SAMPLE_RATE))
    write_graph(network, {"pcm": pcm}, ["embedding"], out, {})
    return sum(parameter.numel() for parameter in network.parameters())


def main(arguments: list[str]) -> int:
    """Write the file named first, for windows as long as named second [s]."""
    if len(arguments) != 2:
        raise InputError("usage: python -m export_onnx.mert_shape OUT.onnx SECONDS")
    torch.set_num_threads(1)
    print(write_random_mert(Path(arguments[0]), float(arguments[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
