"""Serves the page and its WebSocket on one port, read-only without the token.

Orders are JSON objects: ``{"act": NAME}`` (`engine.choices.ACTIONS` or ``preset NAME``),
``{"target": [valence, arousal]}`` and ``{"mode": NAME}``. What cannot be understood is answered
with ``{"error": …}`` and counted, never raised.
"""

import contextlib
import http
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from engine.errors import InputError, StimmungError
from engine.network.guard import Bucket, host_allowed, origin_allowed, token_matches
from engine.network.monitor_page import page, view
from engine.snapshot import Snapshot

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server, ServerConnection

__all__ = ["Controls", "Monitor"]

INTERVAL_S = 0.1
_LARGEST_BYTES = 2048
_MOST_CLIENTS = 16
_MOST_SOCKETS = 64  # a thread each, those that have not said yet what they want included
_HANDSHAKE_S = 5.0
_ORDERS_PER_S, _ORDERS_AT_ONCE = 30.0, 30.0
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Controls(Protocol):
    """What may be ordered, as `engine.live.orders.Orders`."""

    def act(self, action: str) -> None:
        """Do one action."""
        ...

    def change(self, values: Mapping[str, Any]) -> object:
        """Change settings."""
        ...


class Monitor:
    """Listens from `start` to `stop`.

    Parameters
    ----------
    look : callable
        Returns a snapshot; called ten times a second while somebody looks.
    controls : Controls
        Who carries out orders.
    address : (str, int)
        Where to listen; port 0 takes a free one.
    token : str
        Allows orders; empty: nobody may order.

    Raises
    ------
    InputError
        The address cannot be used.
    """

    def __init__(
        self,
        look: Callable[[], Snapshot],
        controls: Controls,
        address: tuple[str, int],
        token: str = "",
    ) -> None:
        from websockets.sync.server import serve

        self.refused = 0
        """Requests and orders that were not allowed or not understood."""
        self._look = look
        self._controls = controls
        self._host = address[0]
        self._token = token
        self._page = page()
        self._clients = 0
        self._counting = threading.Lock()
        self._stopping = threading.Event()
        try:
            self._server: Server = serve(
                self._talk,
                *address,
                process_request=self._answer,
                max_size=_LARGEST_BYTES,
                max_queue=4,
                compression=None,
                server_header=None,
                open_timeout=_HANDSHAKE_S,
            )
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"monitor {address[0]}:{address[1]} cannot be used: {reason}"
            ) from error
        self._room = threading.BoundedSemaphore(_MOST_SOCKETS)
        self._serve, self._server.handler = self._server.handler, self._admit
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="monitor", daemon=True
        )

    @property
    def url(self) -> str:
        """Address of the page; with the token where orders are allowed."""
        host, port = self._server.socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}/" + (f"?token={self._token}" if self._token else "")

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and free the port."""
        self._stopping.set()
        self._server.shutdown()
        if self._thread.ident is not None:
            self._thread.join(2.0)

    def _admit(self, sock: socket.socket, address: Any) -> None:
        """Serve a socket while there is room; one too many is closed at once."""
        room = self._room.acquire(blocking=False)
        if not room:
            self.refused += 1
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        try:
            self._serve(sock, address)  # ends at once if the socket is closed
        finally:
            if room:
                self._room.release()

    def _answer(self, connection: "ServerConnection", request: "Request") -> "Response | None":
        """Return a page or a refusal; None lets the WebSocket open."""
        hosts, origins = request.headers.get_all("Host"), request.headers.get_all("Origin")
        if len(hosts) != 1 or len(origins) > 1:  # ambiguous
            return self._refuse(connection, http.HTTPStatus.BAD_REQUEST, "one host, one origin\n")
        host, origin = hosts[0], origins[0] if origins else None
        path = urlsplit(request.path).path
        if not host_allowed(host, self._host) or not origin_allowed(origin, host):
            return self._refuse(connection, http.HTTPStatus.FORBIDDEN, "not from here\n")
        if path == "/live":
            if self._clients >= _MOST_CLIENTS:
                return self._refuse(connection, http.HTTPStatus.SERVICE_UNAVAILABLE, "full\n")
            return None
        if path != "/":
            return self._refuse(connection, http.HTTPStatus.NOT_FOUND, "nothing here\n")
        response = connection.respond(http.HTTPStatus.OK, "")
        response.body = self._page
        del response.headers["Content-Length"], response.headers["Content-Type"]
        response.headers["Content-Length"] = str(len(self._page))
        response.headers["Content-Type"] = "text/html; charset=utf-8"
        for name, value in _HEADERS.items():
            response.headers[name] = value
        return response

    def _refuse(
        self, connection: "ServerConnection", status: http.HTTPStatus, text: str
    ) -> "Response":
        self.refused += 1
        return connection.respond(status, text)

    def _talk(self, connection: "ServerConnection") -> None:
        """Send the view ten times a second and carry out orders in between."""
        from websockets.exceptions import ConnectionClosed

        request = connection.request
        assert request is not None
        given = parse_qs(urlsplit(request.path).query).get("token", [None])[0]
        may_order = token_matches(given, self._token)
        bucket = Bucket(_ORDERS_PER_S, _ORDERS_AT_ONCE)
        with self._counting:
            self._clients += 1
        try:
            connection.send(json.dumps({"may_order": may_order}))
            due_s = time.perf_counter()
            while not self._stopping.is_set():
                now_s = time.perf_counter()
                if now_s >= due_s:
                    due_s = max(due_s + INTERVAL_S, now_s)  # a slow client skips, never queues
                    connection.send(json.dumps(view(self._look())))
                try:
                    order = connection.recv(timeout=max(0.0, due_s - time.perf_counter()))
                except TimeoutError:
                    continue
                error = self._carry_out(order, may_order, bucket)
                if error:
                    self.refused += 1
                    connection.send(json.dumps({"error": error}))
        except ConnectionClosed:
            pass
        finally:
            with self._counting:
                self._clients -= 1

    def _carry_out(self, order: str | bytes, may_order: bool, bucket: Bucket) -> str:
        """Carry out one order; return what was wrong with it, or nothing."""
        if not may_order:
            return "orders need the token"
        if not bucket.allow(time.perf_counter()):
            return "too many orders"
        try:
            values = json.loads(order)
        except (ValueError, RecursionError):
            return "an order must be a JSON object"
        if not isinstance(values, dict) or len(values) != 1:
            return "an order must be an object with one of act, target, mode"
        (name, value), *_ = values.items()
        try:
            if name == "act" and isinstance(value, str):
                self._controls.act(value)
            elif name == "target" and _is_point(value):
                valence, arousal = value
                self._controls.change({"mode": "manual", "valence": valence, "arousal": arousal})
            elif name == "mode" and isinstance(value, str):
                self._controls.change({"mode": value})
            else:
                return "an order must be an object with one of act, target, mode"
        except StimmungError as error:
            return str(error)
        return ""


def _is_point(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(item, (int, float)) and math.isfinite(item) for item in value)
    )
