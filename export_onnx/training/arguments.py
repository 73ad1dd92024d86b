"""Options and answers that the commands of several models share."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from engine.errors import InputError
from export_onnx.training.contract import TOLERANCE

__all__ = ["data_folder", "print_differences", "read_worker"]


def data_folder(arguments: argparse.Namespace) -> Path:
    """Return ``--data``.

    Raises
    ------
    InputError
        It was not given.
    """
    if arguments.data is None:
        raise InputError("--data DIR is required: the folder with a sub-folder per data set")
    return Path(arguments.data)


def read_worker(text: str) -> tuple[int, int]:
    """Return index and number of workers of ``--worker I/N``.

    Raises
    ------
    InputError
        It is not I/N with 0 <= I < N.
    """
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise InputError(f"--worker {text}: must look like 0/2")
    return int(index), int(count)


def print_differences(report: Mapping[str, float]) -> int:
    """Print what `verify_contract` found; return the exit code: 0 if all is within `TOLERANCE`."""
    for title, difference in report.items():
        print(f"{title}: largest difference {difference:.1e}")
    return 0 if max(report.values()) < TOLERANCE else 1
