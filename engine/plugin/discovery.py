"""Where plug-ins find the engine: a file that only the user may read, with port and token.

``STIMMUNG_PLUGIN_FILE`` names another place, for tests and for hosts that run under wine.
``src/discovery.hpp`` looks in the same places.
"""

import contextlib
import os
import sys
from pathlib import Path

from engine.plugin.protocol import VERSION

__all__ = ["announce", "discovery_file", "withdraw"]


def discovery_file() -> Path:
    """Return the file of this user's engine."""
    named = os.environ.get("STIMMUNG_PLUGIN_FILE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    else:
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or Path.home() / ".cache")
    return folder / "stimmung" / "plugin.txt"


def announce(port: int, token: str) -> Path:
    """Write where we are; the engine started last is the one that is found.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path = discovery_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(_line(port, token))
    os.replace(draft, path)
    return path


def withdraw(path: Path, port: int, token: str) -> None:
    """Remove the file, unless another engine has written it since."""
    with contextlib.suppress(OSError):
        if path.read_text(encoding="ascii") == _line(port, token):
            path.unlink()


def _line(port: int, token: str) -> str:
    return f"stimmung-plugin {VERSION} {port} {token}\n"
