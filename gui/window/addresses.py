"""The address at which others on the network find a page that this machine serves."""

from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from PyQt6.QtNetwork import QAbstractSocket, QNetworkInterface

__all__ = ["local_addresses", "reachable"]

_ANYWHERE = ("0.0.0.0", "::")


def local_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine in networks it is connected to."""
    flag = QNetworkInterface.InterfaceFlag
    found = []
    for interface in QNetworkInterface.allInterfaces():
        flags = interface.flags()
        if flags & flag.IsRunning and not flags & flag.IsLoopBack:
            for entry in interface.addressEntries():
                if entry.ip().protocol() == QAbstractSocket.NetworkLayerProtocol.IPv4Protocol:
                    found.append(entry.ip().toString())
    return found


def reachable(url: str, addresses: Sequence[str]) -> str:
    """Return a page's address as others may type it.

    Parameters
    ----------
    url : str
        As the engine reports it; a page for the whole network has the address 0.0.0.0.
    addresses : sequence of str
        `local_addresses`; the first is taken, without any this computer's own.
    """
    parts = urlsplit(url)
    if parts.hostname not in _ANYWHERE:
        return url
    host = addresses[0] if addresses else "127.0.0.1"
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}"))
