"""Pages and WebSockets on one port, as the monitor page and OSCQuery serve them.

Who may connect is decided here: requests must name this machine, browsers must come from our own
page, and sockets are limited, those that have not said yet what they want included.
"""

import contextlib
import http
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from engine.errors import InputError
from engine.network.guard import host_allowed, origin_allowed

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server, ServerConnection

__all__ = ["WebServer", "WebPage", "refusal"]

_LARGEST_BYTES = 2048
_MOST_CLIENTS = 16
_MOST_SOCKETS = 64  # a thread each
_HANDSHAKE_S = 5.0
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class WebPage:
    """An answer to a request: its bytes, their type, a status and more headers."""

    body: bytes
    kind: str = "text/plain; charset=utf-8"
    status: http.HTTPStatus = http.HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(status: http.HTTPStatus, words: str) -> WebPage:
    """Return a page that says why there is none."""
    return WebPage(words.encode() + b"\n", status=status)


class WebServer:
    """Listens from `start` to `stop`.

    Parameters
    ----------
    what : str
        What is served, for messages.
    address : (str, int)
        Where to listen; port 0 takes a free one.
    answer : callable
        Returns the page of a path with its query, and whether a WebSocket is wanted there; None
        opens it.
    talk : callable
        Serves one WebSocket until it is closed or `stopping` is set; gets the connection.

    Attributes
    ----------
    refused : int
        Requests that were not allowed or not understood.
    stopping : threading.Event
        Whether it ends.

    Raises
    ------
    InputError
        The address cannot be used.
    """

    def __init__(
        self,
        what: str,
        address: tuple[str, int],
        answer: "Callable[[str, bool], WebPage | None]",
        talk: "Callable[[ServerConnection], None]",
    ) -> None:
        from websockets.sync.server import serve

        self.refused = 0
        self.stopping = threading.Event()
        self._host = address[0]
        self._answer, self._talk = answer, talk
        self._clients = 0
        self._counting = threading.Lock()
        try:
            self._server: Server = serve(
                self._converse,
                *address,
                process_request=self._process,
                max_size=_LARGEST_BYTES,
                max_queue=4,
                compression=None,
                server_header=None,
                open_timeout=_HANDSHAKE_S,
            )
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"{what} {address[0]}:{address[1]} cannot be used: {reason}"
            ) from error
        self._room = threading.BoundedSemaphore(_MOST_SOCKETS)
        self._serve, self._server.handler = self._server.handler, self._admit
        self._thread = threading.Thread(target=self._server.serve_forever, name=what, daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.socket.getsockname()[:2]
        return str(host), int(port)

    @property
    def url(self) -> str:
        """Address of the root page."""
        host, port = self.address
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and free the port."""
        self.stopping.set()
        if self._thread.ident is None:
            self._thread.start()  # only a server that runs can be shut down
        self._server.shutdown()
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

    def _converse(self, connection: "ServerConnection") -> None:
        from websockets.exceptions import ConnectionClosed

        with self._counting:
            self._clients += 1
        try:
            self._talk(connection)
        except ConnectionClosed:
            pass
        finally:
            with self._counting:
                self._clients -= 1

    def _process(self, connection: "ServerConnection", request: "Request") -> "Response | None":
        """Return a page or a refusal; None lets the WebSocket open."""
        page = self._page(request)
        if page is None:
            return None
        if page.status >= http.HTTPStatus.BAD_REQUEST:
            self.refused += 1
        response = connection.respond(page.status, "")
        response.body = page.body
        del response.headers["Content-Length"], response.headers["Content-Type"]
        headers = {"Content-Length": str(len(page.body)), "Content-Type": page.kind}
        for name, value in {**headers, **_HEADERS, **page.headers}.items():
            response.headers[name] = value
        return response

    def _page(self, request: "Request") -> WebPage | None:
        hosts, origins = request.headers.get_all("Host"), request.headers.get_all("Origin")
        if len(hosts) != 1 or len(origins) > 1:  # ambiguous
            return refusal(http.HTTPStatus.BAD_REQUEST, "one host, one origin")
        origin = origins[0] if origins else None
        if not host_allowed(hosts[0], self._host) or not origin_allowed(origin, hosts[0]):
            return refusal(http.HTTPStatus.FORBIDDEN, "not from here")
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        page = self._answer(request.path, upgrade)
        if page is None and self._clients >= _MOST_CLIENTS:
            return refusal(http.HTTPStatus.SERVICE_UNAVAILABLE, "full")
        return page
