"""Network addresses as users write them."""

from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from engine.errors import InputError

__all__ = [
    "LIGHTS",
    "MONITOR_PORT",
    "MQTT_PORTS",
    "OSCQUERY_PORT",
    "Broker",
    "LightTarget",
    "parse_address",
    "parse_broker",
    "parse_destination",
    "parse_lights",
]

MONITOR_PORT, OSCQUERY_PORT = 8765, 8766
"""TCP ports of the monitor page and of OSCQuery unless others are given."""


LIGHTS: Final = {"artnet": 6454, "sacn": 5568, "sacn-multicast": 5568}
"""How lights are reached → its UDP port."""


class LightTarget(NamedTuple):
    """Where levels go: ``kind`` of `LIGHTS`, host, port; for multicast, our own address there."""

    kind: str
    host: str
    port: int


MQTT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
"""Scheme of a broker's address → its TCP port; the second is encrypted."""


class Broker(NamedTuple):
    """An MQTT broker, and what our topics begin with."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = ""
    prefix: str = "stimmung"


def parse_broker(text: str) -> Broker:
    """Return the broker of ``[mqtt[s]://][USER:PASSWORD@]HOST[:PORT][/PREFIX]``.

    Raises
    ------
    InputError
        It is no such address.
    """
    problem = "mqtt must be [mqtt://][USER:PASSWORD@]HOST[:PORT][/PREFIX]"
    try:
        parts = urlsplit(text if "://" in text else f"mqtt://{text}")
        port = parts.port
    except ValueError as error:
        raise InputError(f"{problem}, with port 1..65535") from error
    prefix = unquote(parts.path).strip("/")
    bad = parts.scheme not in MQTT_PORTS or not parts.hostname or port == 0
    if bad or set(text) & set("?#") or set(prefix) & set("+#\0"):
        raise InputError(f"{problem}; a prefix holds no + and no #")  # not the text: a password
    return Broker(
        _host(parts.hostname or ""),
        port or MQTT_PORTS[parts.scheme],
        parts.scheme == "mqtts",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        prefix or Broker._field_defaults["prefix"],
    )


def parse_lights(text: str) -> LightTarget:
    """Return where ``KIND[:HOST[:PORT]]`` sends to (no host: this machine).

    Raises
    ------
    InputError
        The kind is not known, or the port is not 1..65535.
    """
    kind, _, where = text.partition(":")
    host, colon, port = where.rpartition(":") if ":" in where else (where, "", "")
    good = not colon or (port.isdecimal() and 1 <= int(port) <= 65535)
    if kind not in LIGHTS or not good:
        raise InputError(
            f"lights must be KIND:HOST or KIND:HOST:PORT, with a kind of {', '.join(LIGHTS)} and a "
            f"port of 1..65535; got {text!r}"
        )
    return LightTarget(kind, _host(host), int(port) if port else LIGHTS[kind])


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
    return _host(host), int(port)


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
    return _host(host), int(port or usual_port)


def _host(text: str) -> str:
    """Return a host as it is looked up; this machine if none is given."""
    host = text.strip("[]") or "127.0.0.1"
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise InputError(f"host must be a name or an address; got {text!r:.80}") from error
    if not host.isprintable() or " " in host:
        raise InputError(f"host must be a name or an address; got {text!r:.80}")
    return host
