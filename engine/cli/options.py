"""Options that several commands share, made from the declared settings."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.files import check_output
from engine.generators.shared.settings import SETTINGS
from engine.settings.fields import Group, Setting, settings_of
from engine.settings.performance import Performance

__all__ = [
    "Commands",
    "add_audio",
    "add_engine_settings",
    "add_seed",
    "add_settings",
    "check_audio",
    "given_settings",
    "read_performance",
    "say_left_out",
    "say_written",
]

Commands = argparse._SubParsersAction  # the type argparse gives no public name


def add_settings(parser: argparse.ArgumentParser, owner: type, *groups: Group) -> None:
    """Add an option for every setting of a dataclass that is in one of the groups."""
    for declared in settings_of(owner).values():
        if declared.group in groups:
            parser.add_argument(declared.option, **_how(declared))


def _how(declared: Setting) -> dict[str, Any]:
    """Return the arguments of `argparse.ArgumentParser.add_argument` for a setting."""
    how: dict[str, Any] = {"dest": declared.name, "default": None, "help": declared.words}
    if declared.kind is bool:
        return {**how, "action": "store_true"}
    words = "|".join(declared.choices) if declared.kind is str else ""
    how["metavar"] = declared.metavar or words or None
    if declared.kind is Path or (declared.kind in (int, float) and declared.read is None):
        how["type"] = declared.kind
    if declared.alone is not None:
        how |= {"nargs": "?", "const": declared.alone}
    if declared.repeated:
        how["action"] = "append"
    return how


def given_settings(parsed: argparse.Namespace, owner: type) -> dict[str, Any]:
    """Return the settings of a dataclass that the command line gives, by name."""
    return {
        name: value
        for name in settings_of(owner)
        if (value := getattr(parsed, name, None)) is not None
    }


def add_engine_settings(parser: argparse.ArgumentParser) -> None:
    """Add ``--set``, the engines' own settings."""
    ranges = dict.fromkeys(
        f"{item.name} {item.low:g}..{item.high:g}" for table in SETTINGS.values() for item in table
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an engine's own setting, may be given repeatedly: {', '.join(ranges)}",
    )


def _read_engine_settings(texts: list[str]) -> dict[str, float]:
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


def add_audio(parser: argparse.ArgumentParser) -> None:
    """Add ``--audio`` and ``--soundfont``: what is written, as sound too."""
    parser.add_argument(
        "--audio",
        type=Path,
        metavar="FILE",
        help="write its sound too, by the built-in instrument: .ogg, .flac or .wav",
    )
    parser.add_argument(
        "--soundfont",
        type=Path,
        metavar="FILE.sf2|sf3",
        help="sounds (default: those that come with Stimmung)",
    )


def check_audio(parsed: argparse.Namespace, *others: Path | None) -> None:
    """Raise `InputError` now, before long work, if the sound cannot be written later.

    ``others`` are files that are read or written.
    """
    from engine.instrument.sound_file import check_sound_file

    if parsed.audio is not None:
        check_sound_file(parsed.audio)
        check_output(parsed.audio, *filter(None, (*others, parsed.soundfont)))
    if parsed.soundfont is not None:
        from engine.instrument.soundfont import SoundFont

        SoundFont(parsed.soundfont)


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add ``--seed``."""
    parser.add_argument("--seed", type=int, default=0, help="fixes every choice (default 0)")


def read_performance(parsed: argparse.Namespace, base: Performance) -> Performance:
    """Return ``base`` with what the command line sets.

    A target without a mode means the manual mode: an emotion that is named is to be played.

    Raises
    ------
    InputError
        A value is out of range.
    """
    given = given_settings(parsed, Performance)
    if "mode" not in given and base.mode != "guide" and {"valence", "arousal"} & set(given):
        given["mode"] = "manual"
    if getattr(parsed, "set", None):
        given["settings"] = _read_engine_settings(parsed.set)
    return base.changed(given) if given else base


def say_written(*paths: Path | None) -> None:
    """Print which files were written; None: it was not asked for."""
    for path in filter(None, paths):
        print(path, file=sys.stderr)


def say_left_out(path: Path, left_out: Sequence[str]) -> None:
    """Print what could not be read of a damaged file."""
    for words in left_out:
        print(f"stimmung: {path}: {words}", file=sys.stderr)
