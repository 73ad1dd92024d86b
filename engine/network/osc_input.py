"""Control by OSC: the orders of `engine.network.orders`, under the addresses that are named there.

Listens on this machine only, unless told. What cannot be understood is reported, never raised.
Time tags are ignored: a packet from the future would delay all that follow.
"""

import threading
from functools import partial
from typing import Any

from engine.errors import InputError
from engine.network.orders import ORDERS, Controls, OrderGate
from engine.network.osc import ROOT

__all__ = ["OscInput"]


class OscInput:
    """Listens on a UDP port from `start` to `stop`.

    Raises
    ------
    InputError
        The port is already taken.
    """

    def __init__(self, address: tuple[str, int], controls: Controls) -> None:
        from pythonosc.dispatcher import Dispatcher
        from pythonosc.osc_server import BlockingOSCUDPServer

        gate = self._gate = OrderGate(controls, "OSC")

        class TolerantDispatcher(Dispatcher):
            """Reports what python-osc cannot read instead of raising."""

            def call_handlers_for_packet(self, data: bytes, client_address: Any) -> list[Any]:
                """Carry out one packet."""
                try:
                    return super().call_handlers_for_packet(data, client_address)
                except Exception as error:  # bytes that are no text, numbers cut short, …
                    gate.refuse(f"OSC packet not understood: {error!s:.100}")
                    return []

        dispatcher = TolerantDispatcher(strict_timing=False)
        for name, order in ORDERS.items():
            dispatcher.map(ROOT + name, partial(self._obey, name))
            if order.pressed is not None:
                dispatcher.map(f"{ROOT}{name}/*", partial(self._obey, ""))
        try:
            self._server = BlockingOSCUDPServer(address, dispatcher)
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"OSC input {address[0]}:{address[1]} cannot be used: {reason}"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="osc-input", daemon=True
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _obey(self, name: str, address: str, *arguments: Any) -> None:
        """Carry out one message; its address may be a pattern that fits the name."""
        self._gate.obey(name or address.removeprefix(ROOT), arguments, address)
