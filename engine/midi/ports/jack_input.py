"""Input on JACK: every message carries the time of its frame."""

from typing import Any

from engine.midi.ports.frame_clock import Periods, ServerFrames
from engine.midi.ports.jack_server import ServerWatch, open_client
from engine.midi.ports.port import Arrived, Clock

__all__ = ["JackInput"]

_LONGEST = 3  # bytes; system exclusive is not for us


class JackInput:
    """A port of our own on the running JACK server, connected to a source if one is named.

    JACK hands over every message to a client that takes part in every period, unless the sender
    was late for one: then the server says that it lost time.
    """

    reports_gaps = True

    def __init__(self, port_name: str, source: str, arrived: Arrived, clock: Clock) -> None:
        self.alive = True
        self._arrived = arrived
        self._source = source
        self._jack, self._client = open_client(port_name)
        self._port = self._client.midi_inports.register(port_name)
        self.name = source or str(self._port.name)
        self._frames = ServerFrames(self._client, clock)
        self._peers: tuple[str, ...] = ()
        self._periods = Periods(self._frames)
        self._frames.look(float("inf"))
        self._client.set_shutdown_callback(self._gone)
        self._client.set_process_callback(self._process)
        self._client.set_port_connect_callback(self._patched)
        self._client.set_xrun_callback(self._lost_time)
        self._client.activate()
        self._watch = ServerWatch(self._jack, self._client, clock)
        if source:
            self.connect(source)

    def refresh(self) -> None:
        """Compare the clocks again, and look whether the source is still there."""
        if not self.alive:
            return
        if self._watch.has_stopped():
            self.alive = False
            return
        self._frames.look()
        try:
            self._peers = tuple(port.name for port in self._port.connections)
            if self._source and self._source not in self._peers:
                self.alive = False
        except self._jack.JackError:
            self._peers = ()

    def peers(self) -> tuple[str, ...]:
        """Return the output ports connected to ours."""
        return self._peers

    def connect(self, peer: str) -> None:
        """Connect to our port; nothing happens if that one is gone."""
        try:
            self._client.connect(peer, self._port.name)
        except self._jack.JackError:
            return  # gone, or connected already: both are fine

    def close(self) -> None:
        """Leave the server."""
        self._client.close(ignore_errors=True)

    def _gone(self, status: object, reason: str) -> None:
        self.alive = False

    def _patched(self, source: Any, sink: Any, _connected: bool) -> None:
        if sink is not None and sink.name == self._port.name:
            self._arrived(0.0, b"")

    def _lost_time(self, _delayed_us: float) -> None:
        self._arrived(0.0, b"")

    def _process(self, frames: int) -> None:
        """Take what falls into this period. Called by JACK's real-time thread."""
        # After a stall the server's count catches up with time over seconds: go along closely.
        self._frames.look_again()
        period = self._periods.begin(self._client.last_frame_time, frames)
        if period.moved_s:
            self._arrived(period.moved_s, b"")
        if not period.follows:
            self._arrived(0.0, b"")
        for offset, data in self._port.incoming_midi_events():
            if len(data) <= _LONGEST:
                self._arrived(period.start_s + offset / self._frames.rate, bytes(data))
