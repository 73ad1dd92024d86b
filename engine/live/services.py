"""What a run offers to the network, opened and closed together."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from engine.errors import InputError
from engine.live.orders import Orders
from engine.mapping.sources import Moment
from engine.network.announce import Announcer
from engine.network.extra import require
from engine.network.lights import Lights
from engine.network.monitor import Monitor
from engine.network.osc import OscOutput
from engine.network.osc_input import OscInput
from engine.network.oscquery import OscQuery
from engine.settings.run import LiveConfig
from engine.snapshot import Snapshot

if TYPE_CHECKING:
    from engine.network.mqtt import MqttService

__all__ = ["Services"]


_LIBRARIES: Final = {"oscquery": "zeroconf", "lights_to": "pyartnet", "mqtt": "aiomqtt"}
"""Setting of a run → what it needs of the extra ``rig``."""
_ANY_HOST: Final = ("0.0.0.0", "::")


class _Service(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


class Services:
    """Opens what the run asks for; a service that cannot be opened is reported, the music plays.

    Parameters
    ----------
    config : LiveConfig
        The run.
    orders : Orders
        Carries out what comes in.

    Attributes
    ----------
    monitor_url, oscquery_url : str
        Address of the stage-side page, and of the list of OSC addresses; empty if not served.

    Raises
    ------
    InputError
        A library that a chosen service needs is not installed.
    """

    def __init__(self, config: LiveConfig, orders: Orders) -> None:
        for name, library in _LIBRARIES.items():
            if getattr(config, name):
                require(library, name.removesuffix("_to"))
        self.monitor_url = self.oscquery_url = ""
        self._config = config
        self._orders = orders
        self._osc = OscOutput(config.osc)
        self._osc_in: OscInput | None = None
        self._announcer: Announcer | None = None
        self._lights: Lights | None = None
        self._mqtt: MqttService | None = None
        self._moment: Moment | None = None
        self._opened: list[_Service] = []
        self._failed: dict[str, str] = {"osc": self._osc.problem}

    @property
    def troubles(self) -> dict[str, str | None]:
        """Service → what is wrong with it, in one line."""
        announced = self._announcer.problem if self._announcer is not None else ""
        lights = self._lights.problem if self._lights is not None else ""
        mqtt = self._mqtt.problem if self._mqtt is not None else ""
        return {"oscquery": announced, "lights": lights, "mqtt": mqtt, **self._failed}

    @property
    def colours(self) -> dict[str, tuple[int, int, int]]:
        """Fixture → what it shows, as red, green and blue, 0..255."""
        return {} if self._lights is None else self._lights.colours

    def open(self, look: Callable[[], Snapshot]) -> None:
        """Open every service that was chosen; ``look`` returns a snapshot for the page."""
        for name, chosen, make in (
            ("osc_in", self._config.osc_in, self._make_osc_in),
            ("page", self._config.monitor, lambda: self._make_monitor(look)),
            ("oscquery", self._config.oscquery, self._make_oscquery),
            ("lights", self._config.lights_to, self._make_lights),
            ("mqtt", self._config.mqtt, self._make_mqtt),
        ):
            try:
                for service in make() if chosen else ():
                    service.start()
                    self._opened.append(service)
            except InputError as error:
                self._failed[name] = str(error)

    def turn(self, moment: Moment, now_s: float) -> None:
        """Send what has changed; the player thread's."""
        self._moment = moment
        self._osc.turn(moment, now_s)

    def close(self) -> None:
        """Close every service."""
        while self._opened:
            self._opened.pop().stop()
        self._osc.close()

    def _make_osc_in(self) -> Iterator[_Service]:
        assert self._config.osc_in is not None
        self._osc_in = OscInput(self._config.osc_in, self._orders)
        yield self._osc_in

    def _make_monitor(self, look: Callable[[], Snapshot]) -> Iterator[_Service]:
        assert self._config.monitor is not None
        monitor = Monitor(look, self._orders, self._config.monitor, self._config.monitor_token)
        yield monitor
        self.monitor_url = monitor.url

    def _make_lights(self) -> Iterator[_Service]:
        config = self._config
        self._lights = Lights(
            lambda: self._moment,
            self._orders,
            config.fixtures,
            config.lights_to,
            config.lights_hz,
            config.lights_exit,
        )
        yield self._lights

    def _make_mqtt(self) -> Iterator[_Service]:
        from engine.network.mqtt import MqttService  # asyncio, for those who use it

        assert self._config.mqtt is not None
        self._mqtt = MqttService(lambda: self._moment, self._orders, self._config.mqtt)
        yield self._mqtt

    def _make_oscquery(self) -> Iterator[_Service]:
        """List the addresses; orders are listed where they can be sent from."""
        host = self._config.oscquery[0] if self._config.oscquery is not None else ""
        taken = None if self._osc_in is None else self._osc_in.address
        if taken is not None and taken[0] not in (*_ANY_HOST, host):
            taken = None
        assert self._config.oscquery is not None
        query = OscQuery(lambda: self._moment, self._orders, self._config.oscquery, taken)
        yield query
        self.oscquery_url = query.url
        served = [("_oscjson._tcp", query.address[1])]
        served += [("_osc._udp", taken[1])] if taken is not None else []
        self._announcer = Announcer(host, served)
        yield self._announcer
