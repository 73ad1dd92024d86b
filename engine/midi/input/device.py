"""Input ports: where the receiver process listens, and how one is chosen.

``virtual``
    A port of our own that the DAW sees, through ALSA, CoreMIDI or JACK.
``jack``
    A port of our own on a JACK server.
anything else
    An existing port, by any part of its name, upper or lower case.

On JACK every message carries the time of its frame; elsewhere the time it arrived at.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from engine.errors import MidiPortError
from engine.midi.ports.advice import explain, look_around
from engine.midi.ports.frame_clock import Periods, ServerFrames
from engine.midi.ports.jack_server import Pulse, open_client
from engine.midi.ports.port import Clock, resolve_name

__all__ = ["InputDevice", "Take", "open_input"]

Take: TypeAlias = Callable[[float, bytes], None]
"""Called with arrival [s] and one message, from a thread of the MIDI system.

An empty message with 0 is a hole: some may have been missed there. With anything else it tells how
much later than thought whatever came before it was [s]: the clock of arrivals was put right."""

_LONGEST = 3  # bytes; system exclusive is not for us
_ACTIVE_SENSING = 0xFE


class InputDevice(Protocol):
    """An open input port."""

    name: str
    """The port as other programs see it, or the one listened to."""

    alive: bool
    """False once the port or its server has gone."""

    tells_holes: bool
    """Whether every message comes, or a hole instead; elsewhere nothing is known."""

    def refresh(self) -> None:
        """Look whether it is still there; call a few times a second."""
        ...

    def peers(self) -> tuple[str, ...]:
        """Return who is connected to our own JACK port; elsewhere nothing is known."""
        ...

    def connect(self, peer: str) -> None:
        """Connect to our own JACK port again; elsewhere the sender has to do it."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


def open_input(source: str, port_name: str, take: Take, clock: Clock) -> InputDevice:
    """Open the port that ``source`` names.

    Raises
    ------
    MidiPortError
        If it cannot be opened; the message says what cures it.
    """
    if source == "jack":
        return _JackInput(port_name, "", take, clock)
    if source == "virtual":
        return _open_virtual(port_name, take, clock)
    return _open_named(source, port_name, take, clock)


def _open_virtual(port_name: str, take: Take, clock: Clock) -> InputDevice:
    rtmidi = _load()
    for api in _apis(rtmidi):
        try:
            listener = rtmidi.MidiIn(api, name=port_name)
        except (rtmidi.RtMidiError, OSError):
            continue  # compiled in, but not running on this machine
        try:
            return _RtMidiInput(rtmidi, listener, api, None, port_name, take, clock)
        except (NotImplementedError, rtmidi.UnsupportedOperationError) as error:
            there = look_around(listener.get_ports())
            listener.delete()
            raise MidiPortError(explain(there, "in")) from error
        except (rtmidi.RtMidiError, OSError) as error:
            listener.delete()
            raise MidiPortError(f"cannot make the MIDI port {port_name!r}: {error}") from error
    try:
        return _JackInput(port_name, "", take, clock)
    except MidiPortError:
        raise MidiPortError(explain(look_around(), "in")) from None


def _open_named(source: str, port_name: str, take: Take, clock: Clock) -> InputDevice:
    rtmidi = _load()
    ports: list[tuple[int | None, int, str]] = []  # system (None: JACK), index, name
    for api in _apis(rtmidi):
        try:
            look = rtmidi.MidiIn(api, name="stimmung-look")
        except (rtmidi.RtMidiError, OSError):
            continue
        ports += [(api, index, name) for index, name in enumerate(look.get_ports())]
        look.delete()
    ports += [(None, 0, name) for name in _jack_sources()]
    chosen = resolve_name(source, [name for _, _, name in ports], "input")
    system, index, _ = next(port for port in ports if port[2] == chosen)
    if system is None:
        return _JackInput(port_name, chosen, take, clock)
    listener = rtmidi.MidiIn(system, name=port_name)
    try:
        return _RtMidiInput(rtmidi, listener, system, index, chosen, take, clock)
    except (rtmidi.RtMidiError, OSError) as error:
        listener.delete()
        raise MidiPortError(f"cannot open MIDI input {chosen!r}: {error}") from error


class _RtMidiInput:
    """An open RtMidi input, by callback: its thread stamps each message as it comes."""

    tells_holes = False

    def __init__(
        self,
        rtmidi: Any,
        listener: Any,
        api: int,
        index: int | None,
        name: str,
        take: Take,
        clock: Clock,
    ) -> None:
        self.name = name
        self.alive = True
        self._rtmidi = rtmidi
        self._listener = listener
        self._look: Any = None
        listener.ignore_types(sysex=True, timing=False, active_sense=True)

        def arrive(event: tuple[list[int], float], _data: object = None) -> None:
            take(clock(), bytes(event[0]))

        listener.set_callback(arrive)
        if index is None:
            listener.open_virtual_port(name)
        else:
            listener.open_port(index, name)
            self._look = rtmidi.MidiIn(api, name="stimmung-look")

    def refresh(self) -> None:
        """Look whether the port is still listed."""
        if self._look is not None:
            try:
                self.alive = self.alive and self.name in self._look.get_ports()
            except (self._rtmidi.RtMidiError, OSError):
                self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return nothing: RtMidi does not tell."""
        return ()

    def connect(self, peer: str) -> None:
        """Leave it to the sender: RtMidi cannot."""

    def close(self) -> None:
        """Stop listening."""
        self._listener.cancel_callback()
        self._listener.close_port()
        self._listener.delete()
        if self._look is not None:
            self._look.delete()


class _JackInput:
    """A port of our own on the running JACK server, connected to a source if one is named.

    JACK hands over every message to a client that takes part in every period, unless the sender
    was late for one: then the server says that it lost time.
    """

    tells_holes = True

    def __init__(self, port_name: str, source: str, take: Take, clock: Clock) -> None:
        self.alive = True
        self._take = take
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
        self._pulse = Pulse(self._jack, self._client, clock)
        if source:
            self.connect(source)

    def refresh(self) -> None:
        """Compare the clocks again, and look whether the source is still there."""
        if not self.alive:
            return
        if self._pulse.has_stopped():
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
            self._take(0.0, b"")

    def _lost_time(self, _delayed_us: float) -> None:
        self._take(0.0, b"")

    def _process(self, frames: int) -> None:
        """Take what falls into this period. Called by JACK's real-time thread."""
        # After a stall the server's count catches up with time over seconds: go along closely.
        self._frames.look_again()
        period = self._periods.begin(self._client.last_frame_time, frames)
        if period.moved_s:
            self._take(period.moved_s, b"")
        if not period.follows:
            self._take(0.0, b"")
        for offset, data in self._port.incoming_midi_events():
            if len(data) <= _LONGEST and ord(data[0]) != _ACTIVE_SENSING:
                self._take(period.start_s + offset / self._frames.rate, bytes(data))


def _jack_sources() -> list[str]:
    try:
        _, client = open_client("stimmung-look")
    except MidiPortError:
        return []
    names = [port.name for port in client.get_ports(is_midi=True, is_output=True)]
    client.close()
    return names


def _load() -> Any:
    try:
        import rtmidi
    except ImportError as error:
        raise MidiPortError("python-rtmidi is not installed: pip install python-rtmidi") from error
    return rtmidi


def _apis(rtmidi: Any) -> list[int]:
    """Return the systems RtMidi serves; JACK is served by JACK-Client, with exact times."""
    return [api for api in rtmidi.get_compiled_api() if api != rtmidi.API_UNIX_JACK]
