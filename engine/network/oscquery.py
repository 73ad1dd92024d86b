"""OSCQuery: every OSC address with type, range, access, description and present value, over HTTP.

The tree is made from `engine.network.values.VALUES`, `engine.network.orders.ORDERS`, the actions
and the settings; nothing is listed here. A WebSocket streams what its client listens to.

References
----------
OSCQuery proposal, https://github.com/Vidvox/OSCQueryProposal
"""

import http
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from engine.choices import ACTIONS
from engine.generators.shared.settings import SETTINGS
from engine.mapping.sources import Moment
from engine.network.announce import NAME
from engine.network.orders import ENGINE_SETTING, ORDERS, Controls
from engine.network.osc import ROOT, message
from engine.network.values import VALUES, Argument, Range
from engine.network.web import WebPage, WebServer, refusal
from engine.settings.fields import Setting, settings_of
from engine.settings.performance import Performance

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

__all__ = ["NODES", "Node", "OscQuery"]

READ, WRITE = 1, 2
_ATTRIBUTES: Final = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "DESCRIPTION", "RANGE", "VALUE")
_EXTENSIONS: Final = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "LISTEN")
_POLL_S = 0.02
_KINDS: Final = {float: "f", int: "i", bool: "T", str: "s", tuple: "s"}

Read = Callable[[Moment | None, Controls], tuple[Argument | None, ...] | None]


@dataclass(frozen=True, slots=True)
class Node:
    """One OSC address.

    Attributes
    ----------
    types : str
        OSC type tags.
    access : int
        1: may be read; 2: may be set; 3: both.
    text : str
        What it is.
    ranges : tuple of Range
        One for each argument.
    read : callable
        Returns the present arguments, None while they are unknown.
    mark : callable or None
        As `engine.network.values.Value.mark`.
    """

    types: str
    access: int
    text: str
    ranges: tuple[Range, ...]
    read: Read
    mark: Callable[[Moment], object] | None = None

    def to_json(self, path: str, moment: Moment | None, controls: Controls) -> dict[str, Any]:
        """Return the attributes of the node."""
        found: dict[str, Any] = {
            "FULL_PATH": path,
            "TYPE": self.types,
            "ACCESS": self.access,
            "DESCRIPTION": self.text,
        }
        if any(limits is not None for limits in self.ranges):
            found["RANGE"] = [_range(limits) for limits in self.ranges]
        values = self.read(moment, controls)
        found["VALUE"] = [None] * len(self.types) if values is None else list(values)
        return found


def _range(limits: Range) -> dict[str, Any] | None:
    if limits is None:
        return None
    if isinstance(limits[0], str):
        return {"VALS": list(limits)}
    return {"MIN": limits[0], "MAX": limits[1]}


def _value_node(name: str) -> Node:
    value = VALUES[name]

    def read(moment: Moment | None, _controls: Controls) -> tuple[Argument, ...] | None:
        return None if moment is None else value.read(moment)

    return Node(value.types, READ, value.text, value.ranges, read, value.mark)


def _setting_node(declared: Setting) -> Node:
    def read(_moment: Moment | None, controls: Controls) -> tuple[Argument, ...]:
        value = getattr(controls.performance, declared.name)
        return (",".join(value) if declared.kind is tuple else value,)

    words = tuple(declared.choices) if declared.kind is str else ()
    limits: Range = words or declared.limits or None
    return Node(_KINDS[declared.kind], READ | WRITE, declared.words, (limits,), read)


def _nodes() -> Iterator[tuple[str, Node]]:
    """Yield every address."""
    for name in VALUES:
        yield ROOT + name, _value_node(name)
    for name, order in ORDERS.items():
        if name in ("act", "set"):  # have an address for each action and setting
            continue
        asked = order.read

        def read(
            _moment: Moment | None, controls: Controls, asked: Any = asked
        ) -> tuple[Argument, ...] | None:
            return (None,) if asked is None else asked(controls)  # type: ignore[return-value]

        access = WRITE if asked is None else READ | WRITE
        yield ROOT + name, Node(order.types, access, order.text, order.ranges, read)
    for name, text in ACTIONS.items():
        yield f"{ROOT}act/{name}", Node("N", WRITE, text, (), lambda *_: (None,))
    for name, declared in settings_of(Performance).items():
        yield f"{ROOT}set/{name}", _setting_node(declared)
    for item in {item.name: item for items in SETTINGS.values() for item in items}.values():

        def level(_moment: Moment | None, controls: Controls, item: Any = item) -> tuple[float]:
            return (controls.performance.settings.get(item.name, item.default),)

        path = f"{ROOT}set/{ENGINE_SETTING}{item.name}"
        yield path, Node("f", READ | WRITE, item.text, ((item.low, item.high),), level)


NODES: Final[dict[str, Node]] = dict(_nodes())
"""Address → what is known of it."""


class OscQuery(WebServer):
    """Listens from `start` to `stop`.

    Parameters
    ----------
    look : callable
        Returns the present moment; None before the first.
    controls : Controls
        Knows the settings.
    address : (str, int)
        Where to listen; port 0 takes a free one.
    osc : (str, int) or None
        Where OSC orders are taken; None: nowhere, and all addresses are to be read only.

    Raises
    ------
    InputError
        The address cannot be used.
    """

    def __init__(
        self,
        look: Callable[[], Moment | None],
        controls: Controls,
        address: tuple[str, int],
        osc: tuple[str, int] | None = None,
    ) -> None:
        self._look = look
        self._controls = controls
        self._osc = osc
        self._nodes = {
            path: node if osc is not None else replace(node, access=node.access & READ)
            for path, node in NODES.items()
            if osc is not None or node.access & READ
        }
        super().__init__("oscquery", address, self._serve_node, self._stream)

    def _serve_node(self, target: str, upgrade: bool) -> WebPage | None:
        if upgrade:
            return None
        parts = urlsplit(target)
        attribute = parts.query.partition("=")[0]
        if attribute == "HOST_INFO":
            return _json(self._host_info())
        if attribute and attribute not in _ATTRIBUTES:
            return refusal(http.HTTPStatus.BAD_REQUEST, f"attribute {attribute:.40} is not known")
        path = unquote(parts.path).rstrip("/") or "/"
        node = self._nodes.get(path)
        if node is None and not any(known.startswith(_below(path)) for known in self._nodes):
            return refusal(http.HTTPStatus.NOT_FOUND, "no such address")
        if attribute == "VALUE" and node is not None and not node.access & READ:
            return WebPage(b"", status=http.HTTPStatus.NO_CONTENT)
        found = self._describe(path)
        if attribute:
            known = found.get(attribute)
            unknown = known is None or (attribute == "VALUE" and None in known)
            found = {} if unknown else {attribute: known}
        return _json(found)

    def _describe(self, path: str) -> dict[str, Any]:
        """Return a node with all that is below it."""
        moment = self._look()
        if path in self._nodes:
            return self._nodes[path].to_json(path, moment, self._controls)
        top: dict[str, Any] = {"FULL_PATH": path, "ACCESS": 0, "CONTENTS": {}}
        for known, node in self._nodes.items():
            if not known.startswith(_below(path)):
                continue
            place, inner = top, path.rstrip("/")
            *folders, last = known.removeprefix(_below(path)).split("/")
            for folder in folders:
                inner = f"{inner}/{folder}"
                empty = {"FULL_PATH": inner, "ACCESS": 0, "CONTENTS": {}}
                place = place["CONTENTS"].setdefault(folder, empty)
            place["CONTENTS"][last] = node.to_json(known, moment, self._controls)
        return top

    def _host_info(self) -> dict[str, Any]:
        info: dict[str, Any] = {"NAME": NAME, "EXTENSIONS": dict.fromkeys(_EXTENSIONS, True)}
        if self._osc is not None:
            info |= {"OSC_PORT": self._osc[1], "OSC_TRANSPORT": "UDP"}
        return info

    # ------------------------------------------------------------------ streaming

    def _stream(self, connection: "ServerConnection") -> None:
        """Send what is listened to as it changes; take LISTEN and IGNORE in between."""
        said: dict[str, object] = {}  # what is listened to, and what was sent of it last
        while not self.stopping.is_set():
            try:
                self._take(connection.recv(timeout=_POLL_S), said)
                continue
            except TimeoutError:
                pass
            moment = self._look()
            for path, before in said.items():
                node = self._nodes[path]
                values = node.read(moment, self._controls)
                if values is None or None in values:
                    continue
                mark = values if node.mark is None or moment is None else node.mark(moment)
                if mark != before:
                    said[path] = mark
                    connection.send(message(path, node.types, values).dgram)

    def _take(self, order: str | bytes, said: dict[str, object]) -> None:
        """Take one message of a client; what cannot be understood is counted."""
        try:
            values = json.loads(order)
            command, path = values["COMMAND"], str(values["DATA"])
        except (ValueError, KeyError, TypeError, RecursionError):
            self.refused += 1
            return
        paths = [known for known in self._nodes if known == path or known.startswith(_below(path))]
        if command == "LISTEN" and paths:
            said.update(dict.fromkeys(paths))
        elif command == "IGNORE" and paths:
            for known in paths:
                said.pop(known, None)
        else:
            self.refused += 1


def _below(path: str) -> str:
    return path.rstrip("/") + "/"


def _json(values: dict[str, Any]) -> WebPage:
    return WebPage(json.dumps(values).encode(), "application/json")
