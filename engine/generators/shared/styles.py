"""Where learned styles are kept: one file each, in the user's folder."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from engine.errors import InputError

__all__ = [
    "find_style",
    "forget_style",
    "list_styles",
    "style_path",
    "styles_folder",
    "styles_kept_in",
]

_ENDING: Final = ".npz"
_NAME: Final = re.compile(r"\w[\w .-]{0,63}")
_OTHER: ContextVar[Path | None] = ContextVar("styles_folder", default=None)


def styles_folder() -> Path:
    """Return the folder of the learned styles; it may not exist yet."""
    import platformdirs

    usual = platformdirs.user_data_path("stimmung", appauthor=False) / "styles"
    return _OTHER.get() or usual


@contextmanager
def styles_kept_in(folder: Path) -> Iterator[None]:
    """Keep styles in another folder meanwhile, so that the user's own are left alone."""
    before = _OTHER.set(folder)
    try:
        yield
    finally:
        _OTHER.reset(before)


def list_styles() -> list[str]:
    """Return the names of the learned styles, in order."""
    return sorted(path.stem for path in styles_folder().glob(f"*{_ENDING}"))


def style_path(name: str) -> Path:
    """Return where a style of this name is kept.

    Raises
    ------
    InputError
        A style cannot have this name.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            "a style's name must be 1 to 64 letters, digits, spaces, dots, hyphens or "
            f"underscores, and begin with a letter or digit; got {name!r}"
        )
    return styles_folder() / (name + _ENDING)


def find_style(name: str) -> Path:
    """Return where a learned style is kept.

    Raises
    ------
    InputError
        There is none of that name.
    """
    path = style_path(name)
    if not path.is_file():
        known = ", ".join(list_styles()) or "none yet (stimmung style learn FOLDER)"
        raise InputError(f"style must be one of those learned: {known}; got {name!r}")
    return path


def forget_style(name: str) -> None:
    """Remove a learned style.

    Raises
    ------
    InputError
        There is none of that name.
    """
    find_style(name).unlink()
