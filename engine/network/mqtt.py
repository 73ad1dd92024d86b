"""MQTT for installations: what can be read is published, what can be ordered is obeyed.

Topics are those of `engine.network.values.VALUES` and `engine.network.orders.ORDERS` under a
prefix, ``stimmung`` unless told. Values are retained, so that who comes later knows them: one
argument as it is, several as a JSON list. ``PREFIX/status`` is ``online``; the broker itself
publishes ``offline`` when the connection is lost. Orders that the broker had retained are left
out: they were given to another run.
"""

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from engine.mapping.sources import Moment
from engine.network.orders import ORDERS, Controls, OrderGate
from engine.network.values import Argument, Changes
from engine.process.restarts import Losses, Restarts
from engine.settings.addresses import Broker

if TYPE_CHECKING:
    from aiomqtt import Client

__all__ = ["MqttService", "arguments_of", "payload_of"]

_LEAST_S: Final = 0.1
_POLL_S: Final = 0.02
_REACH_S: Final = 5.0
_KEEP_ALIVE_S: Final = 10
_PAUSES: Final = Restarts((0.5, 1.0, 2.0, 5.0, 10.0))
_END_S: Final = 3.0
_STATUS: Final = "status"
_LONGEST: Final = 4096


def payload_of(arguments: tuple[Argument, ...]) -> str:
    """Return what is published for arguments: a word or a number, or a list of them."""
    values = [round(value, 6) if isinstance(value, float) else value for value in arguments]
    if len(values) != 1:
        return json.dumps(values)
    return values[0] if isinstance(values[0], str) else json.dumps(values[0])


def arguments_of(payload: bytes) -> list[Any]:
    """Return the arguments of an order: of a list its items, of a word or a number that alone.

    Raises
    ------
    ValueError
        It is no text, too long, or holds something else.
    """
    if len(payload) > _LONGEST:
        raise ValueError(f"an order must have at most {_LONGEST} bytes; got {len(payload)}")
    text = payload.decode().strip()
    if not text:
        return []
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    arguments = values if isinstance(values, list) else [values]
    if not all(item is None or isinstance(item, (str, int, float)) for item in arguments):
        raise ValueError("an order must be a word, a number, or a list of these")
    return arguments


class MqttService:
    """Speaks to a broker from `start` to `stop`; failures never raise, the music plays.

    Parameters
    ----------
    look : callable
        Returns the present moment; None before the first.
    controls : Controls
        Who carries out orders.
    broker : Broker
        Where it is.

    Attributes
    ----------
    problem : str
        What is wrong now, in one line; empty if all is well.
    """

    def __init__(
        self, look: Callable[[], Moment | None], controls: Controls, broker: Broker
    ) -> None:
        self.problem = ""
        self._look = look
        self._controls = controls
        self._broker = broker
        self._gate = OrderGate(controls, "MQTT")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin to look for the broker."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and leave."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    def _run(self) -> None:
        # paho-mqtt watches its socket; the default loop of Windows cannot.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        """Connect, and again whenever the connection is lost."""
        from aiomqtt import Client, MqttError, Will

        broker, losses = self._broker, Losses(_PAUSES)
        status = f"{broker.prefix}/{_STATUS}"
        while not self._ended.is_set():
            try:
                # A connection of paho's cannot be given up; this one can.
                reached = asyncio.open_connection(broker.host, broker.port)
                _, writer = await asyncio.wait_for(self._unless_ended(reached), _REACH_S)
                writer.close()
                async with Client(
                    broker.host,
                    broker.port,
                    username=broker.user or None,
                    password=broker.password or None,
                    identifier=f"stimmung-{secrets.token_hex(4)}",
                    will=Will(status, "offline", qos=1, retain=True),
                    keepalive=_KEEP_ALIVE_S,
                    tls_params=_tls() if broker.tls else None,
                ) as client:
                    await client.publish(status, "online", qos=1, retain=True)
                    self.problem = ""
                    await self._talk(client)
                    await client.publish(status, "offline", qos=1, retain=True)
            except (MqttError, OSError, TimeoutError, ValueError) as error:
                reason = f"{error}" or "it does not answer"
                if isinstance(error, ConnectionRefusedError):
                    reason = "nothing listens there; does the broker run?"
                self.problem = f"broker {broker.host}:{broker.port}: {reason}"
            pause_s = losses.pause_s(time.perf_counter())
            await self._pause(pause_s or 0.0)

    async def _talk(self, client: "Client") -> None:
        """Publish and obey until the service ends; raises when the connection is lost."""
        prefix = self._broker.prefix
        for name, order in ORDERS.items():
            await client.subscribe(f"{prefix}/{name}")
            if order.pressed is not None:
                await client.subscribe(f"{prefix}/{name}/+")
        tasks = [asyncio.create_task(work(client)) for work in (self._publish, self._obey)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _publish(self, client: "Client") -> None:
        changes = Changes(_LEAST_S)
        while not self._ended.is_set():
            moment = self._look()
            if moment is not None:
                for name, arguments in changes.poll(moment, time.perf_counter()):
                    topic = f"{self._broker.prefix}/{name}"
                    await client.publish(topic, payload_of(arguments), retain=True)
            await asyncio.sleep(_POLL_S)

    async def _obey(self, client: "Client") -> None:
        async for message in client.messages:
            topic = str(message.topic)
            if message.retain:
                self._controls.complain(f"{topic}: retained by the broker, left out")
                continue
            payload = message.payload if isinstance(message.payload, bytes) else b""
            try:
                arguments = arguments_of(payload)
            except ValueError as error:
                self._controls.complain(f"{topic}: {error!s:.200}")
                continue
            self._gate.obey(topic.removeprefix(f"{self._broker.prefix}/"), arguments, topic)

    async def _unless_ended(self, work: Any) -> Any:
        """Await something; raise `TimeoutError` as soon as the service ends."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=_POLL_S)
                if self._ended.is_set():
                    raise TimeoutError
            return task.result()
        finally:
            task.cancel()

    async def _pause(self, seconds: float) -> None:
        end_s = time.perf_counter() + seconds
        while not self._ended.is_set() and time.perf_counter() < end_s:
            await asyncio.sleep(_POLL_S)


def _tls() -> Any:
    from aiomqtt import TLSParameters

    return TLSParameters()
