"""Write a network of MERT-v1-95M's shape with random weights as ONNX, to measure its cost.

``python -m export_onnx.studies.mert_shape OUT SECONDS`` is what ``stimmung bench tracker`` starts,
which itself never imports PyTorch. The graph takes ``pcm``, float32 of shape (1, SECONDS * 24000),
and returns the outputs of blocks 6 and 7, which is where emotion is read; later blocks are left
out.
"""

import sys
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import InputError
from export_onnx.studies.mert import LAYERS, SAMPLE_RATE
from export_onnx.training.checkpoint import optional

__all__ = ["main", "write_random_mert"]

_OPSET = 17


class _Blocks(nn.Module):
    """The outputs that are used, from PCM."""

    def __init__(self, network: nn.Module, layers: tuple[int, ...]) -> None:
        super().__init__()
        self.network = network
        self.layers = layers

    def forward(self, pcm: Tensor) -> Tensor:
        """Return (1, frames, 768 per block)."""
        states = self.network(pcm, output_hidden_states=True).hidden_states
        return torch.cat([states[layer] for layer in self.layers], 2)


def write_random_mert(out: Path, seconds: float, **sizes: int) -> int:
    """Write the network; returns its number of parameters.

    Parameters
    ----------
    seconds : float
        Length of the window [s].
    **sizes : int
        Of `transformers.HubertConfig`, to make it smaller; MERT-95M has its defaults.

    Raises
    ------
    InputError
        `transformers` is not installed.
    """
    transformers = optional("transformers", "MERT")
    config = transformers.HubertConfig(attn_implementation="eager", **sizes)
    network = transformers.HubertModel(config)
    del network.encoder.layers[max(LAYERS) :]
    network = network.eval().requires_grad_(False)
    pcm = torch.zeros(1, round(seconds * SAMPLE_RATE))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Blocks(network, LAYERS),
            (pcm,),
            str(out),
            input_names=["pcm"],
            output_names=["embedding"],
            opset_version=_OPSET,
            dynamo=False,
        )
    return sum(parameter.numel() for parameter in network.parameters())


def main(arguments: list[str]) -> int:
    """Write the file named first, for windows as long as named second [s]."""
    if len(arguments) != 2:
        raise InputError("usage: python -m export_onnx.studies.mert_shape OUT.onnx SECONDS")
    torch.set_num_threads(1)
    print(write_random_mert(Path(arguments[0]), float(arguments[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
