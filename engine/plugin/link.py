"""The line to the plug-ins: a server on this machine alone, for those that know the token.

One plug-in leads: the first that listens (its Part is "all, and listen"). Its sound is heard, its
transport followed, its parameters obeyed. The others play a part each. Whatever comes from outside
is checked in `engine.plugin.protocol`; who sends anything else is dropped.
"""

import contextlib
import hmac
import secrets
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import MidiPortError
from engine.plugin.discovery import announce, discovery_file, withdraw
from engine.plugin.instance import Counts, Instance
from engine.plugin.parameters import PARAMETERS
from engine.plugin.protocol import (
    TOKEN_BYTES,
    VERSION,
    Block,
    BlockFlag,
    Hello,
    ParameterChange,
    ProtocolError,
    encode_horizon,
    encode_panic,
    encode_status,
    encode_welcome,
)

__all__ = ["Heard", "PluginLink"]

_T = TypeVar("_T")

_MOST_INSTANCES = 32
_GREETING_S = 2.0
"""Who has not said the token by then is dropped."""
_STATUS_S = 0.1
_MOST_BLOCKS = 4096
_READ = 1 << 18


class Heard(NamedTuple):
    """A block of the leader's, and when its last frame was processed [s]."""

    block: Block
    at_s: float
    rate: float


class PluginLink:
    """Serves the plug-ins from a thread of its own. Constructing starts nothing.

    Attributes
    ----------
    on_audio : callable or None
        Given the leader's sound, float32 mono, and its rate [Hz], in the line's thread.
    on_offline : callable or None
        Given the blocks that plug-ins render offline, and the leader's parameters; must not wait.
        None: nobody plays to them, and they are told so.
    mood : (float, float)
        Valence and arousal shown by the plug-ins.
    """

    def __init__(self) -> None:
        self.on_audio: Callable[[NDArray[np.float32], float], None] | None = None
        self.on_offline: Callable[[Instance, Block | ParameterChange], None] | None = None
        self.mood = (0.0, 0.0)
        self.dropped = 0
        """Lines that were closed because of what came through them."""
        self._blocks: deque[Heard] = deque(maxlen=_MOST_BLOCKS)
        self._changes: deque[tuple[str, float]] = deque(maxlen=_MOST_BLOCKS)
        self._instances: dict[Instance, float] = {}  # and when they connected [s]
        self._left = Counts(0, 0, 0)  # of plug-ins that are gone
        self._leader: Instance | None = None
        self._lock = threading.RLock()
        self._token = secrets.token_hex(TOKEN_BYTES // 2)
        self._server: socket.socket | None = None
        self._file: Path | None = None
        self._port = 0
        self._selector: selectors.BaseSelector | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="plugin-link", daemon=True)

    def start(self) -> None:
        """Listen, and say where; a second call does nothing.

        Raises
        ------
        MidiPortError
            No port, or the file that says where cannot be written.
        """
        if self._server is not None:
            return
        try:
            self._server = socket.create_server(("127.0.0.1", 0))
            self._server.setblocking(False)
            self._port = self._server.getsockname()[1]
            self._file = announce(self._port, self._token)
        except OSError as error:
            raise MidiPortError(
                f"plug-ins cannot reach us: {error}; {discovery_file()} must be writable"
            ) from error
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """End every note and close all lines; may be called twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for instance in list(self._instances):
            if instance.hello is not None:
                instance.send(encode_panic())
            self._forget(instance)
        if self._server is not None:
            self._server.close()
        if self._file is not None:
            withdraw(self._file, self._port, self._token)
        if self._selector is not None:
            self._selector.close()

    @property
    def leader(self) -> Instance | None:
        """The plug-in that is heard and followed."""
        return self._leader

    def instances(self) -> list[Instance]:
        """Return the plug-ins that have been let in."""
        with self._lock:
            return [instance for instance in self._instances if instance.hello is not None]

    def counts(self) -> Counts:
        """Return what all plug-ins have counted, those that have left included."""
        with self._lock:
            each = [self._left, *(instance.counts() for instance in self._instances)]
        return Counts(*map(sum, zip(*each, strict=True)))

    def take_blocks(self) -> list[Heard]:
        """Return the leader's blocks since the last call; not those rendered offline."""
        return _drained(self._blocks)

    def take_changes(self) -> list[tuple[str, float]]:
        """Return what the leader's parameters were set to since the last call."""
        return _drained(self._changes)

    def played(self) -> Iterator[tuple[Instance, Instance]]:
        """Yield each plug-in and the leader, for what is to be played."""
        leader = self._leader
        if leader is not None:
            for instance in self.instances():
                yield instance, leader

    def panic(self) -> None:
        """End every note everywhere."""
        for instance in self.instances():
            instance.send(encode_panic())

    # ------------------------------------------------------------------ the line's thread

    def _serve(self) -> None:
        assert self._selector is not None
        told_s = 0.0
        while not self._stopping.is_set():
            for key, _ in self._selector.select(_STATUS_S / 2):
                if key.fileobj is self._server:
                    self._accept()
                else:
                    self._read(key.data)
            now = time.perf_counter()
            if now - told_s >= _STATUS_S:
                told_s = now
                self._tell(now)

    def _accept(self) -> None:
        assert self._server is not None and self._selector is not None
        with contextlib.suppress(OSError):
            connection, _ = self._server.accept()
            if len(self._instances) >= _MOST_INSTANCES:
                connection.close()
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            instance = Instance(connection)
            with self._lock:
                self._instances[instance] = time.perf_counter()
            self._selector.register(connection, selectors.EVENT_READ, instance)

    def _read(self, instance: Instance) -> None:
        try:
            data = instance.connection.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(instance)
            return
        arrived_s = time.perf_counter()
        try:
            for frame in instance.reader.feed(data):
                self._take(instance, frame, arrived_s)
        except ProtocolError:
            self.dropped += 1
            self._forget(instance)

    def _take(
        self, instance: Instance, frame: Hello | Block | ParameterChange, arrived_s: float
    ) -> None:
        if isinstance(frame, Hello):
            if instance.hello is not None or not self._knows_us(frame):
                raise ProtocolError("a stranger")
            instance.hello = frame
            instance.send(encode_welcome())
            return
        if instance.hello is None:
            raise ProtocolError("a stranger")
        if isinstance(frame, ParameterChange):
            self._take_change(instance, frame)
        else:
            self._take_block(instance, frame, arrived_s)

    def _knows_us(self, hello: Hello) -> bool:
        return hello.version == VERSION and hmac.compare_digest(hello.token, self._token)

    def _take_change(self, instance: Instance, change: ParameterChange) -> None:
        if instance.values[change.index] == change.value:
            return
        instance.values[change.index] = change.value
        if self._leader not in (None, instance) or instance.part:
            return
        self._changes.append((PARAMETERS[change.index].symbol, change.value))
        if self.on_offline is not None:
            self.on_offline(instance, change)

    def _take_block(self, instance: Instance, block: Block, arrived_s: float) -> None:
        instance.take(block)
        at_s = instance.heard_at(block, arrived_s)
        self._choose()
        assert instance.hello is not None
        if block.flags & BlockFlag.OFFLINE:
            if self.on_offline is not None:
                self.on_offline(instance, block)
            else:
                instance.send(encode_horizon(block.frame + block.frames))
        elif instance is self._leader:
            self._blocks.append(Heard(block, at_s, instance.hello.rate))
            if self.on_audio is not None and block.samples.size:
                self.on_audio(block.samples, instance.hello.rate)

    def _choose(self) -> None:
        """Let the first that listens lead."""
        leader = self._leader
        if leader is not None and not leader.part and leader in self._instances:
            return
        listening = (i for i in self.instances() if i.block is not None and not i.part)
        self._leader = next(listening, None)

    def _tell(self, now: float) -> None:
        status = encode_status(*self.mood)
        with self._lock:
            known = list(self._instances.items())
        for instance, since_s in known:
            if instance.hello is not None:
                kept = instance.send(status)
            else:
                kept = now - since_s < _GREETING_S
            if not kept:
                self._forget(instance)

    def _forget(self, instance: Instance) -> None:
        with self._lock:
            if self._instances.pop(instance, None) is None:
                return
            self._left = Counts(*map(sum, zip(self._left, instance.counts(), strict=True)))
            self._choose()  # who sees that it left sees who leads now
        if self._selector is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(instance.connection)
        instance.connection.close()


def _drained(queue: "deque[_T]") -> "list[_T]":
    """Take what is there now; another thread may go on adding."""
    return [queue.popleft() for _ in range(len(queue))]
