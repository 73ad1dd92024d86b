"""Copies the plug-in to where this user's workstations look for plug-ins, and removes it again."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.plugin.build import BUILT, FORMATS, native

__all__ = ["Installed", "install", "places", "remove", "status"]

_NOT_BUILT = (
    "the plug-in is not built; from a source checkout run `stimmung plugin build` first (wheels "
    "and the frozen program carry it)"
)


@dataclass(frozen=True, slots=True)
class Installed:
    """One format: where it belongs, whether it is there, and whether it is the one we carry.

    Where none is carried, what is there counts as current.
    """

    format: str
    path: Path
    there: bool
    current: bool


def places(system: str, environment: Mapping[str, str], home: Path) -> dict[str, Path]:
    """Return the user's folder for each format.

    Parameters
    ----------
    system : str
        ``linux``, ``windows`` or ``macos``.
    environment : mapping of str to str
        Holds ``LOCALAPPDATA`` and ``APPDATA`` on Windows.
    home : Path
        The user's home folder.
    """
    if system == "macos":
        shared = home / "Library" / "Audio" / "Plug-Ins"
        return {"clap": shared / "CLAP", "vst3": shared / "VST3", "lv2": shared / "LV2"}
    if system == "windows":
        local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
        roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
        common = local / "Programs" / "Common"
        return {"clap": common / "CLAP", "vst3": common / "VST3", "lv2": roaming / "LV2"}
    return {kind: home / f".{kind}" for kind in FORMATS}


def install(source: Path = BUILT) -> list[Path]:
    """Copy all formats; return where they are now. A format that is there is replaced.

    Raises
    ------
    InputError
        The plug-in is not built, or a folder cannot be written.
    """
    carried = source / native()
    if not carried.is_dir():
        raise InputError(_NOT_BUILT)
    copied = []
    for entry in status(source):
        try:
            entry.path.parent.mkdir(parents=True, exist_ok=True)
            draft = entry.path.with_name(f".{entry.path.name}.{os.getpid()}")
            _delete(draft)
            _copy(carried / entry.path.name, draft)
            _delete(entry.path)  # a workstation that has it open keeps the old file
            draft.rename(entry.path)
        except OSError as error:
            raise InputError(f"cannot write {entry.path}: {error.strerror or error}") from error
        copied.append(entry.path)
    return copied


def remove() -> list[Path]:
    """Remove what `install` has copied; return what was there.

    Raises
    ------
    InputError
        Something cannot be removed.
    """
    removed = []
    for entry in status():
        if entry.there:
            try:
                _delete(entry.path)
            except OSError as error:
                raise InputError(
                    f"cannot remove {entry.path}: {error.strerror or error}"
                ) from error
            removed.append(entry.path)
    return removed


def status(source: Path = BUILT) -> list[Installed]:
    """Return how it stands with each format.

    Raises
    ------
    InputError
        The plug-in is not built for this system.
    """
    target = native()
    carried = source / target
    found = []
    for kind, folder in places(target.partition("-")[0], os.environ, Path.home()).items():
        path = folder / f"stimmung.{kind}"
        there = path.exists()
        current = there and (not carried.is_dir() or _same(path, carried / path.name))
        found.append(Installed(kind, path, there, current))
    return found


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _same(one: Path, other: Path) -> bool:
    if one.is_file():
        return other.is_file() and one.read_bytes() == other.read_bytes()
    files = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    others = {path.relative_to(other) for path in other.rglob("*") if path.is_file()}
    return files == others and all(_same(one / name, other / name) for name in files)
