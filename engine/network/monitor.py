"""Serves the page and its WebSocket on one port, read-only without the token.

Orders are JSON objects: ``{"act": NAME}`` (`engine.choices.ACTIONS` or ``preset NAME``),
``{"target": [valence, arousal]}`` and ``{"mode": NAME}``. What cannot be understood is answered
with ``{"error": …}`` and counted, never raised.
"""

import http
import json
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from engine.errors import StimmungError
from engine.network.guard import Bucket, token_matches
from engine.network.monitor_page import page, view
from engine.network.web import WebPage, WebServer, refusal
from engine.snapshot import Snapshot

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

__all__ = ["Controls", "Monitor"]

INTERVAL_S = 0.1
_ORDERS_PER_S, _ORDERS_AT_ONCE = 30.0, 30.0
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'",
}


class Controls(Protocol):
    """What may be ordered, as `engine.live.orders.Orders`."""

    def act(self, action: str) -> None:
        """Do one action."""
        ...

    def change(self, values: Mapping[str, Any]) -> object:
        """Change settings."""
        ...


class Monitor(WebServer):
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
        self._look = look
        self._controls = controls
        self._token = token
        self._shown = WebPage(page(), "text/html; charset=utf-8", headers=_HEADERS)
        super().__init__("monitor", address, self._show, self._follow)

    @property
    def url(self) -> str:
        """Address of the page; with the token where orders are allowed."""
        return super().url + (f"?token={self._token}" if self._token else "")

    def _show(self, path: str, _upgrade: bool) -> WebPage | None:
        path = urlsplit(path).path
        if path == "/live":
            return None
        return self._shown if path == "/" else refusal(http.HTTPStatus.NOT_FOUND, "nothing here")

    def _follow(self, connection: "ServerConnection") -> None:
        """Send the view ten times a second and carry out orders in between."""
        request = connection.request
        assert request is not None
        given = parse_qs(urlsplit(request.path).query).get("token", [None])[0]
        may_order = token_matches(given, self._token)
        bucket = Bucket(_ORDERS_PER_S, _ORDERS_AT_ONCE)
        connection.send(json.dumps({"may_order": may_order}))
        due_s = time.perf_counter()
        while not self.stopping.is_set():
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
