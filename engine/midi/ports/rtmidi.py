"""Output through RtMidi: a virtual or an existing port on ALSA, CoreMIDI or Windows.

RtMidi has no time stamps: a message leaves when it is given over. What is found on JACK is
opened by `engine.midi.ports.jack` instead.
"""

import time
from collections.abc import Set
from typing import Any

from engine.errors import MidiPortError
from engine.midi.ports.advice import explain, look_around
from engine.midi.ports.port import Clock, OutputPort, Written, resolve_name

__all__ = [
    "RtMidiPort",
    "available_apis",
    "input_names",
    "load_rtmidi",
    "open_named",
    "open_through_rtmidi",
    "open_virtual",
]

_SETTLE_S = 0.06  # CoreMIDI, ALSA and Windows hand over at once; a slow cable needs a little


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
    for api in _by_preference(rtmidi):
        try:
            out = rtmidi.MidiOut(api, name="stimmung-look")
        except (rtmidi.RtMidiError, OSError):
            continue  # compiled in, but not running on this machine
        found.append((api, rtmidi.get_api_display_name(api), out))
    return found


def input_names(api: int) -> list[str]:
    """Return the ports one can read from, our own outputs among them."""
    rtmidi = load_rtmidi()
    try:
        look = rtmidi.MidiIn(api, name="stimmung-look")
    except (rtmidi.RtMidiError, OSError):
        return []
    names = list(look.get_ports())
    look.delete()
    return names


def open_virtual(port_name: str, clock: Clock) -> OutputPort:
    """Open a port of our own under the given name.

    JACK is served by `engine.midi.ports.jack`: exact to the frame, and with one client. RtMidi
    would need a second one to notice a dead server, and if a process with two is killed, JACK
    may hold up every receiver for half a second.

    Raises
    ------
    MidiPortError
        If there is no MIDI system, or it has no virtual ports.
    """
    rtmidi = load_rtmidi()
    port = _make_port(rtmidi, _without_jack(rtmidi), port_name, clock)
    if port is not None:
        return port
    from engine.midi.ports.jack import JackPort

    try:
        return JackPort(port_name, clock)
    except MidiPortError:
        raise MidiPortError(_no_backend()) from None


def open_through_rtmidi(port_name: str, clock: Clock) -> OutputPort:
    """Open a port of our own through RtMidi on whatever system there is, JACK included.

    Raises
    ------
    MidiPortError
        If there is no MIDI system, or it has no virtual ports.
    """
    rtmidi = load_rtmidi()
    port = _make_port(rtmidi, _by_preference(rtmidi), port_name, clock)
    if port is None:
        raise MidiPortError(_no_backend())
    return port


def _make_port(rtmidi: Any, systems: list[int], name: str, clock: Clock) -> OutputPort | None:
    """Make a port on the first system that works here; None if none does."""
    for api in systems:
        try:
            out = rtmidi.MidiOut(api, name=name)
        except (rtmidi.RtMidiError, OSError):
            continue  # compiled in, but not running on this machine
        try:
            out.open_virtual_port(name)
        except (NotImplementedError, rtmidi.UnsupportedOperationError) as error:
            there = look_around(out.get_ports())
            out.delete()
            raise MidiPortError(explain(there, "out")) from error
        except (rtmidi.RtMidiError, OSError) as error:
            out.delete()
            raise MidiPortError(f"cannot make the MIDI port {name!r}: {error}") from error
        return RtMidiPort(rtmidi, out, name, clock)
    return None


def open_named(name: str, port_name: str, clock: Clock) -> OutputPort:
    """Open an existing port by part of its name.

    Raises
    ------
    MidiPortError
        If no port or more than one has such a name.
    """
    from engine.midi.ports.jack import JackPort, jack_destinations

    rtmidi = load_rtmidi()
    systems = []
    ports: list[tuple[int | None, int, str]] = []  # system (None: JACK), index, name
    for api in _without_jack(rtmidi):
        try:
            look = rtmidi.MidiOut(api, name="stimmung-look")
        except (rtmidi.RtMidiError, OSError):
            continue
        systems.append(api)
        ports += [(api, index, found) for index, found in enumerate(look.get_ports())]
        look.delete()
    on_jack = jack_destinations()
    if not systems and on_jack is None:
        raise MidiPortError(_no_backend())
    ports += [(None, 0, found) for found in on_jack or ()]
    chosen = resolve_name(name, [found for _, _, found in ports])
    system, index, _ = next(port for port in ports if port[2] == chosen)
    if system is None:
        return JackPort(port_name, clock, chosen)
    out = rtmidi.MidiOut(system, name=port_name)
    try:
        out.open_port(index, port_name)
    except (rtmidi.RtMidiError, OSError) as error:
        out.delete()
        raise MidiPortError(f"cannot open MIDI output {chosen!r}: {error}") from error
    # A second object, because `refresh` runs beside `send`.
    return RtMidiPort(rtmidi, out, chosen, clock, rtmidi.MidiOut(system, name="stimmung-look"))


class RtMidiPort:
    """An open RtMidi output.

    Parameters
    ----------
    rtmidi, out
        The module, and its `MidiOut`, open.
    name : str
        The port as other programs see it.
    clock : callable
        `time.perf_counter`.
    look
        Another `MidiOut` that tells whether an existing port is still there; None for our own.
    """

    lookahead_s = 0.0

    def __init__(self, rtmidi: Any, out: Any, name: str, clock: Clock, look: Any = None) -> None:
        self.name = name
        self.alive = True
        self._rtmidi = rtmidi
        self._out = out
        self._clock = clock
        self._look = look

    def send(self, data: bytes, at_s: float, note_id: int) -> float:
        """Send at once; the lateness is that of the call."""
        lateness = self._clock() - at_s
        if self.alive:
            try:
                self._out.send_message(data)
            except (self._rtmidi.RtMidiError, OSError):
                self.alive = False
        return lateness

    def collect(self) -> list[Written]:
        """Return nothing: `send` has told already."""
        return []

    def withdraw(self, note_ids: Set[int]) -> None:
        """Do nothing: what is sent has left."""

    def refresh(self) -> None:
        """Look whether the destination is there."""
        if self._look is not None:
            try:
                self.alive = self.alive and self.name in self._look.get_ports()
            except (self._rtmidi.RtMidiError, OSError):
                self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return nothing: RtMidi does not tell who is connected."""
        return ()

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


def _without_jack(rtmidi: Any) -> list[int]:
    return [api for api in rtmidi.get_compiled_api() if api != rtmidi.API_UNIX_JACK]


def _by_preference(rtmidi: Any) -> list[int]:
    """Return the compiled-in systems, the operating system's own first and JACK last."""
    return sorted(rtmidi.get_compiled_api(), key=lambda api: bool(api == rtmidi.API_UNIX_JACK))


def _no_backend() -> str:
    return explain(look_around(), "out")
