"""Ports through RtMidi: virtual or existing ones on ALSA, CoreMIDI or Windows.

RtMidi has no time stamps: a message leaves when it is given over, and is stamped when it comes.
What is found on JACK is opened by `engine.midi.ports.jack` and `jack_input` instead.
"""

import time
from collections.abc import Set
from typing import Any

from engine.errors import MidiPortError
from engine.midi.ports.advice import Direction, explain, look_around
from engine.midi.ports.alsa import connected
from engine.midi.ports.jack_server import jack_ports
from engine.midi.ports.port import Arrived, Clock, Written, resolve_name

__all__ = [
    "Existing",
    "RtMidiInput",
    "RtMidiOutput",
    "available_apis",
    "find_existing",
    "input_names",
    "load_rtmidi",
    "make_virtual",
    "open_existing",
]

_SETTLE_S = 0.06  # CoreMIDI, ALSA and Windows hand over at once; a slow cable needs a little

Existing = tuple[int | None, int, str]
"""An existing port: its MIDI system (None: JACK), its number there, its name."""


def load_rtmidi() -> Any:
    """Import python-rtmidi.

    Raises
    ------
    MidiPortError
        If it is missing.
    """
    try:
        import rtmidi
    except ImportError as error:
        raise MidiPortError("python-rtmidi is not installed: pip install python-rtmidi") from error
    return rtmidi


def available_apis() -> list[tuple[int, str, Any]]:
    """Return number, name and an open `rtmidi.MidiOut` of each MIDI system that works here.

    The system's own comes first, JACK last.

    Raises
    ------
    MidiPortError
        If python-rtmidi is missing.
    """
    rtmidi = load_rtmidi()
    found = []
    for api in _systems(rtmidi, jack=True):
        out = _open_client(rtmidi, "out", api)
        if out is not None:
            found.append((api, rtmidi.get_api_display_name(api), out))
    return found


def input_names(api: int) -> list[str]:
    """Return the ports one can read from, our own outputs among them."""
    look = _open_client(load_rtmidi(), "in", api)
    if look is None:
        return []
    names = list(look.get_ports())
    look.delete()
    return names


def find_existing(name: str, direction: Direction) -> Existing:
    """Find a port by part of its name, on any system.

    Raises
    ------
    MidiPortError
        If no port or more than one has such a name.
    """
    rtmidi = load_rtmidi()
    ports: list[Existing] = []
    systems = 0
    for api in _systems(rtmidi):
        look = _open_client(rtmidi, direction, api)
        if look is not None:
            systems += 1
            ports += [(api, index, found) for index, found in enumerate(look.get_ports())]
            look.delete()
    on_jack = jack_ports(direction)
    if not systems and on_jack is None:
        raise MidiPortError(explain(look_around(), direction))
    ports += [(None, 0, found) for found in on_jack or ()]
    kind = "output" if direction == "out" else "input"
    chosen = resolve_name(name, [found for _, _, found in ports], kind)
    return next(port for port in ports if port[2] == chosen)


def open_existing(port: Existing, direction: Direction, client: str) -> tuple[Any, Any]:
    """Open a port that `find_existing` found; return it and what tells whether it is there.

    Raises
    ------
    MidiPortError
        If it cannot be opened.
    """
    rtmidi = load_rtmidi()
    system, index, name = port
    kind = "output" if direction == "out" else "input"
    opened = _open_client(rtmidi, direction, system, client)
    if opened is None:
        raise MidiPortError(f"cannot open MIDI {kind} {name!r}: its MIDI system has gone")
    try:
        opened.open_port(index, client)
    except (rtmidi.RtMidiError, OSError) as error:
        opened.delete()
        raise MidiPortError(f"cannot open MIDI {kind} {name!r}: {error}") from error
    # A second object, because it is asked beside the first one's work.
    return opened, _open_client(rtmidi, direction, system)


def make_virtual(direction: Direction, name: str, *, jack: bool = False) -> Any:
    """Make a port of our own on the first system that works here; None if none does.

    Raises
    ------
    MidiPortError
        If the system has no virtual ports.
    """
    rtmidi = load_rtmidi()
    for api in _systems(rtmidi, jack=jack):
        made = _open_client(rtmidi, direction, api, name)
        if made is None:
            continue
        try:
            made.open_virtual_port(name)
        except (NotImplementedError, rtmidi.UnsupportedOperationError) as error:
            there = look_around(made.get_ports())
            made.delete()
            raise MidiPortError(explain(there, direction)) from error
        except (rtmidi.RtMidiError, OSError) as error:
            made.delete()
            raise MidiPortError(f"cannot make the MIDI port {name!r}: {error}") from error
        return made
    return None


def _open_client(rtmidi: Any, direction: Direction, api: Any, name: str = "stimmung-look") -> Any:
    """Return an `rtmidi.MidiOut` or `MidiIn`; None if the system does not run on this machine."""
    try:
        return (rtmidi.MidiOut if direction == "out" else rtmidi.MidiIn)(api, name=name)
    except (rtmidi.RtMidiError, OSError):
        return None  # compiled in, but not running here


def _systems(rtmidi: Any, *, jack: bool = False) -> list[int]:
    """Return the compiled-in systems, the operating system's own first; JACK last, if wanted."""
    own = [api for api in rtmidi.get_compiled_api() if api != rtmidi.API_UNIX_JACK]
    return own + [rtmidi.API_UNIX_JACK] * (jack and len(own) < len(rtmidi.get_compiled_api()))


class RtMidiOutput:
    """An open RtMidi output.

    Parameters
    ----------
    out
        An `rtmidi.MidiOut`, open.
    name : str
        The port as other programs see it.
    clock : callable
        `time.perf_counter`.
    look
        Another `MidiOut` that tells whether an existing port is still there; None for our own.
    """

    lookahead_s = 0.0

    def __init__(self, out: Any, name: str, clock: Clock, look: Any = None) -> None:
        self.name = name
        self.alive = True
        self._errors = (load_rtmidi().RtMidiError, OSError)
        self._out = out
        self._clock = clock
        self._look = look
        self._peers: tuple[str, ...] = ()

    def send(self, data: bytes, at_s: float, note_id: int) -> float:
        """Send at once; the lateness is that of the call."""
        lateness = self._clock() - at_s
        if self.alive:
            try:
                self._out.send_message(data)
            except self._errors:
                self.alive = False
        return lateness

    def collect(self) -> list[Written]:
        """Return nothing: `send` has told already."""
        return []

    def withdraw(self, note_ids: Set[int]) -> None:
        """Do nothing: what is sent has left."""

    def refresh(self) -> None:
        """Look whether the destination is there, or who is connected to our own port."""
        if self._look is None:
            self._peers = connected(self.name, "out")
            return
        try:
            self.alive = self.alive and self.name in self._look.get_ports()
        except self._errors:
            self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return who is connected to our own port, where that is known: on ALSA."""
        return self._peers

    def adjust(self, sound: bytes) -> None:
        """Do nothing: the receiver makes the sound."""

    def connect(self, peer: str) -> None:
        """Do nothing: the receiver has to connect."""

    def close(self) -> None:
        """Give the last messages time to leave, then close."""
        if self.alive:
            time.sleep(_SETTLE_S)
        self._out.close_port()
        self._out.delete()
        if self._look is not None:
            self._look.delete()


class RtMidiInput:
    """An open RtMidi input, by callback: its thread stamps each message as it comes.

    Parameters
    ----------
    listener
        An `rtmidi.MidiIn`, open.
    name : str
        The port as other programs see it, or the one listened to.
    arrived : callable
        Called with every message.
    clock : callable
        `time.perf_counter`.
    look
        Another `MidiIn` that tells whether an existing port is still there; None for our own.
    """

    reports_gaps = False

    def __init__(
        self, listener: Any, name: str, arrived: Arrived, clock: Clock, look: Any = None
    ) -> None:
        self.name = name
        self.alive = True
        self._errors = (load_rtmidi().RtMidiError, OSError)
        self._listener = listener
        self._look = look
        self._peers: tuple[str, ...] = ()
        listener.ignore_types(sysex=True, timing=False, active_sense=False)

        def arrive(event: tuple[list[int], float], _data: object = None) -> None:
            arrived(clock(), bytes(event[0]))

        listener.set_callback(arrive)

    def refresh(self) -> None:
        """Look whether the port is still listed, or who plays into ours."""
        if self._look is None:
            self._peers = connected(self.name, "in")
            return
        try:
            self.alive = self.alive and self.name in self._look.get_ports()
        except self._errors:
            self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return who is connected to our own port, where that is known: on ALSA."""
        return self._peers

    def connect(self, peer: str) -> None:
        """Leave it to the sender: RtMidi cannot."""

    def close(self) -> None:
        """Stop listening."""
        self._listener.cancel_callback()
        self._listener.close_port()
        self._listener.delete()
        if self._look is not None:
            self._look.delete()
