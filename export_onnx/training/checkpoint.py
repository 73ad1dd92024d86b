"""Published checkpoints: a folder or the Hugging Face hub, weights without pickled objects."""

import importlib
from pathlib import Path
from pickle import UnpicklingError
from types import ModuleType

import torch
from torch import Tensor

from engine.errors import InputError

__all__ = ["find_checkpoint", "load_weights", "optional"]


def optional(module: str, model: str) -> ModuleType:
    """Import a module that only some models need; they come with the extra of the model's name.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"{module} is not installed, and {model} needs it: "
            f"pip install 'stimmung[{model.lower()}]'"
        ) from error


def find_checkpoint(
    source: str | Path, revision: str | None, files: list[str], model: str, published: str
) -> Path:
    """Return the local folder of a checkpoint; anything of the form owner/name is fetched.

    Raises
    ------
    InputError
        It is neither a folder nor a hub name, or cannot be fetched.
    """
    if Path(source).is_dir():
        return Path(source)
    if not isinstance(source, str) or source.count("/") != 1 or source.startswith((".", "/")):
        raise InputError(f"{model} {source}: neither a folder nor a hub name such as {published}")
    hub = optional("huggingface_hub", model)
    try:
        return Path(hub.snapshot_download(source, revision=revision, allow_patterns=files))
    except (OSError, ValueError, hub.errors.HfHubHTTPError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{model} {source}: cannot be fetched ({reason})") from error


def load_weights(folder: Path, model: str) -> dict[str, Tensor]:
    """Return ``model.safetensors``, or ``pytorch_model.bin`` read as weights only.

    Raises
    ------
    InputError
        Neither is there, or it cannot be read.
    """
    safe, plain = folder / "model.safetensors", folder / "pytorch_model.bin"
    if safe.is_file():
        safetensors = optional("safetensors", model)
        load = optional("safetensors.torch", model).load_file
        try:
            stored: dict[str, Tensor] = load(safe)
        except (OSError, safetensors.SafetensorError) as error:
            raise InputError(f"{safe}: not readable weights ({error})") from error
    elif plain.is_file():
        try:
            stored = torch.load(plain, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, ValueError, UnpicklingError) as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"{plain}: not readable as plain weights ({reason})") from error
    else:
        raise InputError(f"{folder}: has neither {safe.name} nor {plain.name}")
    return stored
