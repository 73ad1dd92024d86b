"""``python -m export_onnx datasets``: lists data sets, their licences, and what was found."""

import argparse
from pathlib import Path

from engine.errors import InputError
from export_onnx.datasets import DATASETS

__all__ = ["add_options", "describe", "run"]


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


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--data", type=Path, default=None, help="folder with a sub-folder per data set"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the registry."""
    if arguments.data is not None and not arguments.data.is_dir():
        raise InputError(f"data folder {arguments.data}: not a folder")
    print(describe(arguments.data))
    return 0
