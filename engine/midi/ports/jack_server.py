"""Becoming a client of the running JACK server, and counting on its periods."""

import math
import time
from typing import Any

from engine.errors import MidiPortError
from engine.midi.ports.advice import Direction
from engine.midi.ports.port import Clock

__all__ = ["ServerWatch", "jack_ports", "load_jack", "open_client", "wait_periods"]

_PATIENCE_S = 1.5  # the death of another client may halt a server for half a second
_LOOK_S = 0.002
_WATCH_S = 0.2
_STILL_LOOKS = 5  # looks, not seconds: a computer that slept sees one

NO_SERVER = (
    "no JACK server is running; start one (`jackd -d alsa`, QjackCtl; PipeWire: start this as "
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


def jack_ports(direction: Direction) -> list[str] | None:
    """Return the MIDI ports one can play into or listen to, or None if no server runs."""
    try:
        _, client = open_client("stimmung-look")
    except MidiPortError:
        return None
    into = direction == "out"
    ports = client.get_ports(is_midi=True, is_input=into, is_output=not into)
    names = [port.name for port in ports]
    client.close()
    return names


class ServerWatch:
    """Notices that a server has gone whose library does not say so.

    PipeWire's JACK library (0.3.65) never calls the shutdown callback: the process callback is
    simply called no more. A JACK server that stands still is another matter, as its library tells
    of its death and a new client would wait for it.

    Parameters
    ----------
    jack : module
        JACK-Client.
    client : jack.Client
        An active client.
    clock : callable
        `time.perf_counter`.
    """

    def __init__(self, jack: Any, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._tells = "PipeWire" not in jack.version_string()
        self._looked_s = -math.inf
        self._start = -1
        self._still = 0

    def has_stopped(self) -> bool:
        """Look whether another period has begun; to be called a few times a second."""
        now = self._clock()
        if self._tells or now - self._looked_s < _WATCH_S:
            return False
        self._looked_s = now
        start = self._client.last_frame_time
        self._still = self._still + 1 if start == self._start else 0
        self._start = start
        return self._still >= _STILL_LOOKS


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
