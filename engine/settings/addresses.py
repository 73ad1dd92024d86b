"""Network addresses as users write them."""

from engine.errors import InputError

__all__ = ["MONITOR_PORT", "parse_address", "parse_destination"]

MONITOR_PORT = 8765
"""TCP port of the monitor page unless another is given."""


def parse_destination(text: str) -> tuple[str, int]:
    """Return host and port of an OSC destination ``HOST:PORT`` (``:PORT``: this machine).

    Raises
    ------
    InputError
        The port is missing or not 1..65535.
    """
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise InputError(f"OSC destination must be HOST:PORT with port 1..65535; got {text!r}")
    return host.strip("[]") or "127.0.0.1", int(port)


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``, ``:PORT``, ``PORT`` or nothing (this machine only).

    Raises
    ------
    InputError
        The port is not 0..65535.
    """
    host, _, port = text.rpartition(":")
    if text and (not port.isdecimal() or int(port) > 65535):
        raise InputError(f"monitor must be HOST:PORT with port 0..65535; got {text!r}")
    return host.strip("[]") or "127.0.0.1", int(port or MONITOR_PORT)
