"""The values of `engine.network.values` as OSC messages, for lights, visuals and effects.

UDP: nothing waits, and a destination that is not there costs nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.mapping.sources import Moment
from engine.network.values import VALUES, Argument, Changes

if TYPE_CHECKING:
    from pythonosc.osc_message import OscMessage

__all__ = ["ROOT", "OscOutput", "message"]

ROOT = "/stimmung/"
"""All our addresses begin with it."""


def message(address: str, types: str, arguments: Sequence[Argument | None]) -> "OscMessage":
    """Return a message with arguments of these types; ``T`` stands for either truth value."""
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder = OscMessageBuilder(address)
    for tag, argument in zip(types, arguments, strict=True):
        builder.add_arg(argument, "F" if tag == "T" and not argument else tag)
    return builder.build()


class OscOutput:
    """Sends to several destinations; failures never raise.

    Attributes
    ----------
    errors : int
        Messages that could not be sent.
    problem : str
        Destinations that are left out, because nothing is known of their hosts; empty if all are
        served.
    """

    def __init__(self, destinations: tuple[tuple[str, int], ...]) -> None:
        from pythonosc.udp_client import SimpleUDPClient

        self.errors = 0
        self.problem = ""
        self._changes = Changes()
        self._clients: list[SimpleUDPClient] = []
        for host, port in destinations:
            try:
                self._clients.append(SimpleUDPClient(host, port))
            except OSError as error:
                reason = error.strerror or error
                self.problem = f"nothing is sent to {host}:{port}: {reason}"

    def turn(self, moment: Moment, now_s: float) -> None:
        """Send what has changed; the player thread's."""
        if not self._clients:
            return
        for name, arguments in self._changes.poll(moment, now_s):
            made = message(ROOT + name, VALUES[name].types, arguments)
            for client in self._clients:
                try:
                    client.send(made)
                except OSError:
                    self.errors += 1

    def close(self) -> None:
        """Close the sockets."""
        for client in self._clients:
            client._sock.close()  # python-osc offers no public way
        self._clients.clear()
