"""From files, folders and play lists to the sounds they name, in order."""

import configparser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.audio import SOUND_SUFFIXES
from engine.errors import InputError

__all__ = ["LIST_SUFFIXES", "find_sounds"]

LIST_SUFFIXES: Final = (".m3u", ".m3u8", ".pls")


def find_sounds(paths: Iterable[Path]) -> list[Path]:
    """Return the sounds that are named.

    A folder stands for all sounds in it and below, by name, hidden ones left out. A play list
    (m3u, m3u8, pls) stands for its entries, which are relative to it. Anything else stands for
    itself.

    Raises
    ------
    InputError
        A folder or list has no sound, or a list cannot be read or names an address of the net.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(_within(path))
            if not inside:
                raise InputError(f"{path}: a folder without any sound")
            found += inside
        elif path.suffix.lower() in LIST_SUFFIXES:
            found += _entries(path)
        else:
            found.append(path)
    return found


def _within(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SOUND_SUFFIXES and not hidden and path.is_file():
            yield path


def _entries(path: Path) -> list[Path]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"play list {path}: cannot be read ({error.strerror})") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # what m3u was before m3u8
    named = _of_pls(path, text) if path.suffix.lower() == ".pls" else _of_m3u(text)
    entries = []
    for name in named:
        if "://" in name:
            raise InputError(f"play list {path}: {name} is an address, must be a file")
        entries.append(path.parent / name)
    if not entries:
        raise InputError(f"play list {path}: names no sound")
    return entries


def _of_m3u(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _of_pls(path: Path, text: str) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise InputError(f"play list {path}: not of the format pls ({error})") from error
    files = {
        int(key[4:]): value
        for section in parser.sections()
        for key, value in parser.items(section)
        if key.startswith("file") and key[4:].isdecimal()
    }
    return [files[number] for number in sorted(files)]
