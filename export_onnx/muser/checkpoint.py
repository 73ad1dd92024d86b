"""Checkpoints: written whole, read without executing anything."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from engine.errors import InputError

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values; the file appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(content, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint (weights only: nothing in it is executed).

    Raises
    ------
    InputError
        Missing or not a checkpoint.
    """
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, UnpicklingError) as error:
        raise InputError(f"{path}: not a MusER checkpoint ({error})") from error
    return stored
