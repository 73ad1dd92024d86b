"""Tells the network what is served here, by zeroconf (multicast DNS)."""

import socket
import threading
from collections.abc import Sequence

__all__ = ["NAME", "Announcer"]

NAME = "Stimmung"
"""Under this name we are found; a second program of the name becomes ``Stimmung-2``."""

_ANYWHERE = ("0.0.0.0", "::")


class Announcer:
    """Announces services from `start` to `stop`; failures never raise.

    Parameters
    ----------
    host : str
        Address at which they listen. One of this machine only is announced on this machine only,
        one of every network on every network.
    services : sequence of (str, int)
        Type, such as ``"_osc._udp"``, and port.

    Attributes
    ----------
    problem : str
        Why nothing is announced; empty if all is well.
    """

    def __init__(self, host: str, services: Sequence[tuple[str, int]]) -> None:
        self.problem = ""
        self._host = host
        self._services = services
        self._ended = threading.Event()
        # Asking whether a name is free takes a second: nobody waits for that.
        self._thread = threading.Thread(target=self._announce, name="zeroconf", daemon=True)

    def start(self) -> None:
        """Begin to announce."""
        self._thread.start()

    def stop(self) -> None:
        """Say that the services end."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(3.0)

    def _announce(self) -> None:
        import ifaddr  # zeroconf's own
        from zeroconf import Error, InterfaceChoice, ServiceInfo, Zeroconf

        everywhere = self._host in _ANYWHERE
        try:
            address = "127.0.0.1" if self._host == "localhost" else self._host
            if not everywhere:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
                    trial.bind((address, 0))
            zeroconf = Zeroconf(interfaces=InterfaceChoice.All if everywhere else [address])
        except (OSError, Error) as error:
            self.problem = f"cannot be announced: {error}"
            return
        try:
            found = [ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
            addresses = [str(ip.ip) for ip in found] if everywhere else [address]
            for kind, port in self._services:
                info = ServiceInfo(
                    f"{kind}.local.",
                    f"{NAME}.{kind}.local.",
                    port=port,
                    parsed_addresses=addresses,
                    properties={"txtvers": "1"},
                )
                zeroconf.register_service(info, allow_name_change=True)
            self._ended.wait()
        except (OSError, Error) as error:
            self.problem = f"cannot be announced: {error}"
        finally:
            zeroconf.unregister_all_services()
            zeroconf.close()
