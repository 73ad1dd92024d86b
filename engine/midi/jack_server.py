"""A look at the JACK server from the side: is it alive, who is connected, connect again.

rtmidi neither notices that its JACK server has died nor can connect its own port to others;
this client, which has no ports and is never activated, does both for it.
"""

import time
from typing import Any

from engine.errors import MidiPortError

__all__ = ["JackServer", "load_jack", "open_client", "wait_periods"]

_PATIENCE_S = 1.5  # the death of another client may halt a server for half a second
_LOOK_S = 0.002

NO_SERVER = (
    "no JACK server is running: start one (`jackd -d alsa`, QjackCtl, or PipeWire with "
    "`pw-jack stimmung ...`) or choose another --midi-out"
)


def load_jack() -> Any:
    """Import JACK-Client with the C library's chatter on stderr switched off.

    Raises
    ------
    MidiPortError
        If the package or the JACK library is missing.
    """
    try:
        import jack
    except ImportError as error:
        raise MidiPortError("JACK-Client is not installed: pip install JACK-Client") from error
    except OSError as error:
        raise MidiPortError(
            "the JACK library is missing: install it (Debian: apt install libjack-jackd2-0, "
            "macOS: brew install jack)"
        ) from error
    jack.set_error_function(lambda message: None)
    jack.set_info_function(lambda message: None)
    return jack


def open_client(name: str) -> tuple[Any, Any]:
    """Return the jack module and a client of the running server, never starting one.

    Raises
    ------
    MidiPortError
        If no server runs.
    """
    jack = load_jack()
    try:
        return jack, jack.Client(name, no_start_server=True)
    except jack.JackError as error:
        raise MidiPortError(NO_SERVER) from error


def wait_periods(client: Any, count: int) -> None:
    """Wait until a server has gone through some periods, for at most `_PATIENCE_S`.

    What was written is lost if its client leaves before a period has carried it, and a busy
    machine or the death of another client may hold the server up.
    """
    give_up = time.monotonic() + _PATIENCE_S
    seen = client.last_frame_time
    while count > 0 and time.monotonic() < give_up:
        time.sleep(_LOOK_S)
        now = client.last_frame_time
        count -= now != seen
        seen = now


class JackServer:
    """Watches the running server.

    Raises
    ------
    MidiPortError
        If no server runs.
    """

    def __init__(self) -> None:
        self.alive = True
        self._jack, self._client = open_client("stimmung-watch")
        self._client.set_shutdown_callback(self._gone)

    def _gone(self, status: object, reason: str) -> None:
        self.alive = False

    def outputs(self) -> tuple[str, ...]:
        """Return every port MIDI comes out of."""
        return tuple(port.name for port in self._client.get_ports(is_midi=True, is_output=True))

    def peers(self, port: str) -> tuple[str, ...]:
        """Return the ports connected to one."""
        if not self.alive:
            return ()
        try:
            found = self._client.get_port_by_name(port)
            return tuple(peer.name for peer in self._client.get_all_connections(found))
        except self._jack.JackError:
            return ()

    def connect(self, port: str, peer: str) -> None:
        """Connect two ports; nothing happens if one is gone."""
        try:
            self._client.connect(port, peer)
        except self._jack.JackError:
            return  # gone, or connected already: both are fine

    def wait_periods(self, count: int) -> None:
        """Wait until the server has gone through some periods, or has clearly stalled."""
        wait_periods(self._client, count)

    def close(self) -> None:
        """Leave the server."""
        self._client.close(ignore_errors=True)
