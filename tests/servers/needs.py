"""Skip a test whose tools are missing; in CI, where they must not be, fail it."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

__all__ = ["missing", "need_file", "need_program", "need_soundfont"]

_BIN = (Path("/usr/bin"), Path("/usr/local/bin"))
_SOUNDS = Path("/usr/share/sounds")


def missing(what: str) -> NoReturn:
    """Skip with a reason, or fail if the environment says this is CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and nothing may be skipped in CI")
    pytest.skip(f"{what} is missing")


def need_program(pattern: str) -> str:
    """Return the path of a program; the name may hold wildcards (``ardour*-lua``)."""
    found = shutil.which(pattern)
    if found is None:
        matches = sorted(path for folder in _BIN for path in folder.glob(pattern))
        found = str(matches[-1]) if matches else None
    if found is None:
        missing(pattern)
    return found


def need_file(patterns: Iterable[str], what: str) -> Path:
    """Return the smallest file below /usr/share/sounds that fits one of the patterns."""
    found = [path for pattern in patterns for path in _SOUNDS.rglob(pattern) if path.is_file()]
    if not found:
        missing(what)
    return min(found, key=lambda path: path.stat().st_size)


def need_soundfont() -> Path:
    """Return a General MIDI soundfont, the smallest there is."""
    return need_file(("TimGM6mb.sf2", "*GM*.sf[23]", "MuseScore*.sf3"), "a soundfont")
