"""Whether there is a screen to show a window on; Qt itself would abort the process.

Looked at before Qt starts, on Linux only: elsewhere there is always one.
"""

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path

from gui import texts

__all__ = ["missing_library", "screen_problem", "xcb_problem"]

_OWN_SCREEN = ("offscreen", "minimal", "minimalegl", "vnc", "linuxfb", "eglfs")
"""Qt platforms that need no display server."""


def screen_problem(platform: str, environment: Mapping[str, str]) -> str:
    """Return why no window can be shown, in one line, or ``""``.

    Parameters
    ----------
    platform : str
        `sys.platform`.
    environment : mapping
        `os.environ`.
    """
    if not platform.startswith("linux"):
        return ""
    chosen = environment.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    if chosen in _OWN_SCREEN:
        return ""
    if chosen != "xcb" and _wayland_is_there(environment):
        return ""
    if not environment.get("DISPLAY"):
        return texts.NO_DISPLAY
    if not _x_is_there():
        return texts.NO_CONNECTION.format(name=environment["DISPLAY"])
    return ""


def xcb_problem(platform: str, environment: Mapping[str, str], plugins: Path) -> str:
    """Return which library Qt's X11 plugin lacks, in one line, or ``""``.

    ``plugins`` is Qt's plugin folder. A Qt of the system's own brings its libraries along.
    """
    plugin = plugins / "platforms" / "libqxcb.so"
    chosen = environment.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    wanted = chosen == "xcb" or (not chosen and not _wayland_is_there(environment))
    if not platform.startswith("linux") or not wanted or not plugin.is_file():
        return ""
    try:
        ctypes.CDLL(str(plugin), mode=os.RTLD_LAZY)
    except OSError as error:
        return texts.NO_QT.format(reason=missing_library(str(error)))
    return ""


def missing_library(message: str) -> str:
    """Return the library a loader's message names, such as ``libEGL.so.1``."""
    return message.split(":")[0].strip()


def _wayland_is_there(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY")
    if not name:
        return False
    return (Path(environment.get("XDG_RUNTIME_DIR", "/")) / name).is_socket()


def _x_is_there() -> bool:
    """Whether the X server lets us in; True where that cannot be found out."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # then Qt's plugin lacks it too, and `xcb_problem` says so
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    refused = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not refused
