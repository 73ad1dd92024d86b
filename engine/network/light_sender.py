"""The light process: sends levels by Art-Net and sACN, and gives the lights their last look.

``python -m engine.network.light_sender REQUEST`` (JSON: ``to``, a list of kind, host and port;
``universes``; ``hz``, most frames a second; ``exit``, ``blackout`` or ``hold``) reads one JSON
object per line, levels of universes in hexadecimal, and writes to standard output:

- ``{"is": "open"}`` or ``{"is": "error", "message": text}``, once;
- ``{"is": "state", "error": text}`` twice a second; the text is empty where all is well.

When standard input ends, because the music ended or the engine died, the lights go dark or stay
as they are. What stands still is sent again every second or two: receivers take silence for a
loss (sACN after 2.5 s, E1.31 section 6.7.1).
"""

import asyncio
import json
import os
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final

from engine.mapping.lights import UNIVERSE

__all__ = ["main"]

_REFRESH_S: Final = 0.8
_STATE_S: Final = 0.5
_LAST_FRAMES: Final = 3
_LAST_PAUSE_S: Final = 0.03


class _Lights:
    """The levels of now, and the nodes that get them."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._targets = request["to"]
        self._universes = [int(number) for number in request["universes"]]
        self._hz = float(request["hz"])
        self._dark_at_end = request["exit"] == "blackout"
        self._levels = {number: bytes(UNIVERSE) for number in self._universes}
        self._ended = threading.Event()
        self._error = ""

    def read(self) -> None:
        """Take levels until standard input ends; a line that holds none is left out."""
        for line in sys.stdin.buffer:
            self.take(line)
        self._ended.set()

    def take(self, line: bytes) -> None:
        """Take one line."""
        try:
            for number, text in json.loads(line).items():
                levels = bytes.fromhex(text)
                if int(number) in self._levels and len(levels) == UNIVERSE:
                    self._levels[int(number)] = levels
        except (ValueError, AttributeError, TypeError, RecursionError):
            return

    async def run(self) -> None:
        """Send until standard input ends, then the last look."""
        import pyartnet.base.background_task as tasks

        tasks.EXCEPTION_HANDLER = self._failed
        nodes = [self._node(*target) for target in self._targets]
        channels = []
        for node in nodes:
            await node.__aenter__()
            for number in self._universes:
                universe = node.add_universe(number)
                channels.append((number, universe, universe.add_channel(1, UNIVERSE)))
        _say({"is": "open"})
        told_s = 0.0
        while not self._ended.is_set():
            for number, _, channel in channels:
                channel.set_values(list(self._levels[number]))
            now_s = asyncio.get_running_loop().time()
            if now_s - told_s >= _STATE_S:
                told_s = now_s
                _say({"is": "state", "error": self._error})
                self._error = ""
            await asyncio.sleep(1.0 / self._hz)
        if self._dark_at_end:
            for _ in range(_LAST_FRAMES):  # UDP: one may be lost
                for _, universe, channel in channels:
                    channel.set_values([0] * UNIVERSE)
                    try:
                        universe.send_data()
                    except OSError:
                        continue
                await asyncio.sleep(_LAST_PAUSE_S)
        for node in nodes:
            await node.__aexit__(None, None, None)

    def _node(self, kind: str, host: str, port: int) -> Any:
        """Return a node; the host is looked up once, not with every packet."""
        from pyartnet.impl_artnet.node import ArtNetNode
        from pyartnet.impl_sacn.node import SacnNode

        how: dict[str, Any] = {"max_fps": round(self._hz), "refresh_every": _REFRESH_S}
        address = str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0])
        if kind == "sacn-multicast":
            return SacnNode.create_multicast(address, **how)
        return (ArtNetNode if kind == "artnet" else SacnNode).create(address, port, **how)

    def _failed(self, error: Exception, _name: str) -> None:
        self._error = f"{getattr(error, 'strerror', None) or error}"


def _say(words: Mapping[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()
    except OSError:  # the engine has died: standard input ends too
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Light what the request asks for; return the exit status."""
    lights = _Lights(json.loads(arguments[0]))
    threading.Thread(target=lights.read, daemon=True).start()
    try:
        asyncio.run(lights.run())
    except Exception as error:  # a library's own, a host that is unknown
        _say({"is": "error", "message": f"{getattr(error, 'strerror', None) or error}"})
        return 2
    return 0


if __name__ == "__main__":
    import signal

    # Control-C reaches the whole process group; the engine decides when the lights end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))
