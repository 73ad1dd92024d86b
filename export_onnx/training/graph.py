"""Writes a module as an ONNX file with its metadata."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = ["write_graph"]

_OPSET = 17


def write_graph(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    out: Path,
    metadata: Mapping[str, str],
    *,
    lengths: Mapping[str, Mapping[int, str]] | None = None,
    edit: Callable[[Path], None] = lambda _path: None,
) -> None:
    """Export a module; the file appears whole or not at all.

    Parameters
    ----------
    inputs : mapping
        Name → an example, in the order of the module's arguments.
    outputs : sequence of str
        Names, in the order in which the module returns them.
    metadata : mapping
        What the file says about itself.
    lengths : mapping
        Tensor → axis → name of a length that is not fixed.
    edit : callable
        Changes the file before the metadata are added, or raises what is wrong with it.
    """
    import onnx

    module.eval()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f"{out.name}.part")
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # The TorchScript exporter keeps a recurrent layer as one operator for any length.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module,
                tuple(inputs.values()),
                str(partial),
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_axes=dict(lengths or {}),
                opset_version=_OPSET,
                dynamo=False,
            )
        edit(partial)
        model = onnx.load(str(partial))
        onnx.helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        onnx.save(model, str(partial))
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
