"""``python -m export_onnx evaluate muser``: the engine on trial, its codes under the lens."""

import argparse

from export_onnx.judges import trial

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    trial.add_options(parser, engine="muser")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write."""
    return trial.run(arguments)
