"""``python -m export_onnx datasets``: lists the data sets, and which of them are in a folder."""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets import DATASETS
from export_onnx.training.options import data_option

__all__ = ["ListOptions", "list_sets"]


@dataclass(frozen=True)
class ListOptions:
    """Where to look for the data sets."""

    data: Path = data_option()


def list_sets(options: ListOptions) -> dict[str, str]:
    """Return what of each set is there."""
    if not options.data.is_dir():
        raise InputError(f"data folder {options.data}: not a folder")
    return {
        name: f"not found: {missing}" if (missing := known.lacks(options.data / name)) else "found"
        for name, known in DATASETS.items()
    }
