"""A golden input and output beside each shipped model, to check what it computes here.

``NAME.golden.npz`` beside ``NAME.onnx`` holds the inputs of one call (``in_NAME``) and the outputs
that the graph gave for them when it was exported (``out_NAME``). ``python -m export_onnx golden``
writes them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import ModelError
from engine.models.checksums import shipped_folder

__all__ = ["TOLERANCE", "check_golden", "golden_path", "shipped_models", "write_golden"]

TOLERANCE = 1e-3
"""Largest difference that counts as the same: processors round differently."""


def golden_path(model: Path) -> Path:
    """Return where the golden pair of a model is kept."""
    return model.with_suffix(".golden.npz")


def shipped_models() -> list[Path]:
    """Return the ONNX files that come with Stimmung."""
    return sorted(shipped_folder().glob("*.onnx"))


def write_golden(model: Path, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Path:
    """Write the pair of one call: arrays by the names of the graph's inputs and outputs."""
    import numpy as np

    named = {f"in_{name}": value for name, value in inputs.items()}
    named |= {f"out_{name}": value for name, value in outputs.items()}
    path = golden_path(model)
    np.savez_compressed(path, **named)
    return path


def check_golden(model: Path) -> float:
    """Run a model on its golden input; return the largest difference from the golden output.

    Raises
    ------
    ModelError
        There is no pair, or the outputs differ by more than `TOLERANCE`.
    """
    import numpy as np

    from engine.models.onnx_file import ModelFile

    path = golden_path(model)
    if not path.is_file():
        raise ModelError(f"{path}: missing; `python -m export_onnx golden` writes it")
    with np.load(path) as stored:
        inputs = {name[3:]: stored[name] for name in stored.files if name.startswith("in_")}
        wanted = {name[4:]: stored[name] for name in stored.files if name.startswith("out_")}
    found = ModelFile(model, "model").session.run(list(wanted), inputs)
    worst = 0.0
    for (name, value), got in zip(wanted.items(), found, strict=True):
        scale = np.maximum(1.0, np.abs(value))
        gap = float(np.max(np.abs(got - value) / scale)) if value.size else 0.0
        if not gap <= TOLERANCE:  # NaN fails too
            raise ModelError(
                f"{model.name}: output {name} differs by {gap:.1e} from its golden value "
                f"(at most {TOLERANCE:g}); install onnxruntime anew, or another version of it"
            )
        worst = max(worst, gap)
    return worst
