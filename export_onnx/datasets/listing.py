"""``python -m export_onnx datasets``: lists data sets, their licences, and what was found."""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets import DATASETS
from export_onnx.training.options import option

__all__ = ["ListOptions", "describe", "list_sets"]


def describe(data: Path | None) -> str:
    """Return the registry as text, with what `data` has of each set."""
    blocks = []
    for dataset in DATASETS.values():
        lines = [
            dataset.name,
            f"  labels   {dataset.labels}",
            f"  scale    {dataset.scale}",
            f"  licence  {dataset.licence}",
            f"  get      {dataset.obtain}",
            f"  cite     {dataset.citation}",
        ]
        if data is not None:
            missing = dataset.lacks(data / dataset.name)
            state = f"not found: {missing}" if missing else "found"
            lines.append(f"  here     {state}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


@dataclass(frozen=True)
class ListOptions:
    """Where to look for the data sets."""

    data: Path | None = option(None, "folder with a sub-folder per data set")


def list_sets(options: ListOptions) -> str:
    """Return the registry as text."""
    if options.data is not None and not options.data.is_dir():
        raise InputError(f"data folder {options.data}: not a folder")
    return describe(options.data)
