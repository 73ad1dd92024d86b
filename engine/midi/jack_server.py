"""A look at the JACK server from the side: is it alive, who is connected, connect again.

rtmidi neither notices that its JACK server has died nor can connect its own port to others;
this client, which has no ports and is never activated, does both for it.
"""

from typing import Any

from engine.errors import MidiPortError

__all__ = ["JackServer", "load_jack", "open_client"]

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


class JackServer:
    """Watches the server for one output port.

    Parameters
    ----------
    port : str
        Full name of the output port, ``client:port``.
    """

    def __init__(self, port: str) -> None:
        self.alive = True
        self._port = port
        self._jack, self._client = open_client("stimmung-watch")
        self._client.set_shutdown_callback(self._gone)

    def _gone(self, status: object, reason: str) -> None:
        self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return the input ports connected to ours."""
        if not self.alive:
            return ()
        try:
            port = self._client.get_port_by_name(self._port)
            return tuple(peer.name for peer in self._client.get_all_connections(port))
        except self._jack.JackError:
            return ()

    def connect(self, peer: str) -> None:
        """Connect our port to another; nothing happens if that one is gone."""
        try:
            self._client.connect(self._port, peer)
        except self._jack.JackError:
            return  # gone, or connected already: both are fine

    def close(self) -> None:
        """Leave the server."""
        self._client.close(ignore_errors=True)
