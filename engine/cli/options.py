"""Options that several commands share, and how their values become a `Performance`."""

import argparse
from pathlib import Path
from typing import Any

from engine.choices import MODES, PARTS
from engine.errors import InputError
from engine.generators.registry import GENERATORS
from engine.generators.shared.settings import SETTINGS
from engine.settings.performance import Performance

__all__ = [
    "Commands",
    "add_performance",
    "add_seed",
    "add_settings",
    "check_output",
    "read_performance",
]

Commands = argparse._SubParsersAction  # the type argparse gives no public name
_PLAIN = ("engine", "mode", "valence", "arousal", "tempo_bpm", "key", "beats_per_bar")


def add_performance(parser: argparse.ArgumentParser) -> None:
    """Add the options that override a preset."""
    parser.add_argument("--engine", help=f"generator: {', '.join(GENERATORS)}")
    parser.add_argument("--mode", help=f"how the target follows: {', '.join(MODES)}")
    parser.add_argument("--valence", type=float, metavar="V", help="target valence, -1..1")
    parser.add_argument("--arousal", type=float, metavar="A", help="target arousal, -1..1")
    parser.add_argument("--tempo", type=float, dest="tempo_bpm", metavar="BPM", help="20..300")
    parser.add_argument("--key", help="key such as C:maj or F#:min, or auto (the tracked key)")
    parser.add_argument("--beats-per-bar", type=int, metavar="N", help="2..7")
    parser.add_argument(
        "--parts", metavar="LIST", help=f"what sounds, with commas: {', '.join(PARTS)}"
    )
    add_settings(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add ``--set``, the engines' own settings."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an engine's own setting, may be given repeatedly: {_settings_help()}",
    )


def _settings_help() -> str:
    names = dict.fromkeys(
        f"{item.name} {item.low:g}..{item.high:g}" for table in SETTINGS.values() for item in table
    )
    return ", ".join(names)


def _read_settings(texts: list[str]) -> dict[str, float]:
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            settings[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f"--set must be NAME=VALUE with a number; got {text!r}")
    return settings


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add ``--seed``."""
    parser.add_argument("--seed", type=int, default=0, help="fixes every choice (default 0)")


def read_performance(parsed: argparse.Namespace, base: Performance) -> Performance:
    """Return ``base`` with what the command line sets.

    A target without a mode means the manual mode: whoever names an emotion wants it played.

    Raises
    ------
    InputError
        A value is out of range.
    """
    given: dict[str, Any] = {
        name: value for name in _PLAIN if (value := getattr(parsed, name, None)) is not None
    }
    if "mode" not in given and base.mode != "guide" and {"valence", "arousal"} & set(given):
        given["mode"] = "manual"
    if getattr(parsed, "parts", None) is not None:
        given["parts"] = tuple(part.strip() for part in parsed.parts.split(",") if part.strip())
    if getattr(parsed, "set", None):
        given["settings"] = _read_settings(parsed.set)
    return base.changed(given)


def check_output(path: Path) -> None:
    """Raise `InputError` now, before long work, if a file cannot be written there later."""
    import os

    if path.is_dir():
        raise InputError(f"output must be a file; {path} is a folder")
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"output folder {folder} does not exist")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise InputError(f"no permission to write {path}")
