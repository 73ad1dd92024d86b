"""Network addresses as users write them."""

from engine.errors import InputError

__all__ = ["MONITOR_PORT", "OSCQUERY_PORT", "parse_address", "parse_destination"]

MONITOR_PORT, OSCQUERY_PORT = 8765, 8766
"""TCP ports of the monitor page and of OSCQuery unless others are given."""


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


def parse_address(
    text: str, usual_port: int = MONITOR_PORT, what: str = "monitor"
) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``, ``:PORT``, ``PORT`` or nothing (this machine only).

    Parameters
    ----------
    text : str
        As it is written.
    usual_port : int
        The port where none is given.
    what : str
        What listens there, for messages.

    Raises
    ------
    InputError
        The port is not 0..65535.
    """
    host, _, port = text.rpartition(":")
    if text and (not port.isdecimal() or int(port) > 65535):
        raise InputError(f"{what} must be HOST:PORT with port 0..65535; got {text!r}")
    return host.strip("[]") or "127.0.0.1", int(port or usual_port)
