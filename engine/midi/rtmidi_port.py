"""Output through RtMidi: a virtual or an existing port on ALSA, CoreMIDI, Windows or JACK.

RtMidi has no time stamps: a message leaves when it is given over, and over JACK at the first
frame of the next period.
"""

import sys
import time
from typing import Any

from engine.errors import MidiPortError
from engine.midi.jack_server import JackServer
from engine.midi.ports import Clock, OutputPort, resolve_name

__all__ = ["RtMidiPort", "available_apis", "input_names", "open_named", "open_virtual"]

_SETTLE_S = 0.06  # CoreMIDI, ALSA and Windows hand over at once; a slow cable needs a little
_PERIODS = 4  # one to take the messages, one to carry them, and as many to be sure

_NO_BACKEND = {
    "linux": (
        "no MIDI system found: load the ALSA sequencer (`sudo modprobe snd-seq`), or start a JACK "
        "server (`jackd -d dummy` needs no sound card), or use --midi-out none"
    ),
    "darwin": "CoreMIDI could not be opened; use --midi-out none to go on without",
    "win32": "Windows MIDI could not be opened; use --midi-out none to go on without",
}
_NO_VIRTUAL = (
    "this system has no virtual MIDI ports: install loopMIDI "
    "(https://www.tobias-erichsen.de/software/loopmidi.html), make a port in it, then choose it "
    'by name, for example --midi-out "loopMIDI Port"'
)


def available_apis() -> list[tuple[int, str, Any]]:
    """Return number, name and an open `rtmidi.MidiOut` of each MIDI system that works here.

    The system's own comes first, JACK last.

    Raises
    ------
    MidiPortError
        If python-rtmidi is missing.
    """
    rtmidi = _load()
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
    rtmidi = _load()
    try:
        look = rtmidi.MidiIn(api, name="stimmung-look")
    except (rtmidi.RtMidiError, OSError):
        return []
    names = list(look.get_ports())
    look.delete()
    return names


def open_virtual(port_name: str, clock: Clock) -> OutputPort:
    """Open a port of our own under the given name.

    On JACK servers the rtmidi wheel cannot see (PipeWire's), JACK-Client takes its place.

    Raises
    ------
    MidiPortError
        If there is no MIDI system, or it has no virtual ports.
    """
    rtmidi = _load()
    for api in _by_preference(rtmidi):
        try:
            out = rtmidi.MidiOut(api, name=port_name)
        except (rtmidi.RtMidiError, OSError):
            continue  # compiled in, but not running on this machine
        server = _watch(rtmidi, api)
        before = server.outputs() if server else ()
        try:
            out.open_virtual_port(port_name)
        except (NotImplementedError, rtmidi.UnsupportedOperationError) as error:
            out.delete()
            raise MidiPortError(_NO_VIRTUAL) from error
        except (rtmidi.RtMidiError, OSError) as error:
            out.delete()
            raise MidiPortError(f"cannot make the MIDI port {port_name!r}: {error}") from error
        # JACK silently changes a name that is taken ("Stimmung-01"): say what was really made.
        made = [name for name in (server.outputs() if server else ()) if name not in before]
        name = next((name for name in made if name.endswith(f":{port_name}")), port_name)
        return RtMidiPort(rtmidi, out, api, name, clock, own=True, server=server)
    from engine.midi.jack_port import JackPort

    try:
        return JackPort(port_name, clock)
    except MidiPortError:
        raise MidiPortError(_no_backend()) from None


def open_named(name: str, port_name: str, clock: Clock) -> OutputPort:
    """Open an existing port by part of its name.

    Raises
    ------
    MidiPortError
        If no port or more than one has such a name.
    """
    rtmidi = _load()
    apis = available_apis()
    if not apis:
        raise MidiPortError(_no_backend())
    ports = [(api, index, n) for api, _, o in apis for index, n in enumerate(o.get_ports())]
    for _, _, look in apis:
        look.delete()
    chosen = resolve_name(name, [n for _, _, n in ports])
    api, index, _ = next(port for port in ports if port[2] == chosen)
    out = rtmidi.MidiOut(api, name=port_name)
    try:
        out.open_port(index, port_name)
    except (rtmidi.RtMidiError, OSError) as error:
        out.delete()
        raise MidiPortError(f"cannot open MIDI output {chosen!r}: {error}") from error
    return RtMidiPort(rtmidi, out, api, chosen, clock, own=False, server=_watch(rtmidi, api))


class RtMidiPort:
    """An open RtMidi output."""

    lookahead_s = 0.0

    def __init__(
        self,
        rtmidi: Any,
        out: Any,
        api: int,
        name: str,
        clock: Clock,
        *,
        own: bool,
        server: JackServer | None,
    ) -> None:
        self.name = name
        self.alive = True
        self._rtmidi = rtmidi
        self._out = out
        self._api = api
        self._own = own
        self._clock = clock
        self._server = server
        self._look: Any = None
        self._peers: tuple[str, ...] = ()
        if not own:
            # A second object, because `refresh` runs beside `send`.
            self._look = rtmidi.MidiOut(api, name="stimmung-look")

    def send(self, data: bytes, at_s: float, note_id: int) -> float | None:
        """Send at once; the lateness is that of the call."""
        lateness = self._clock() - at_s
        # A dead JACK server never empties rtmidi's buffer, and a full one blocks for ever.
        if self._server is not None and not self._server.alive:
            self.alive = False
        if self.alive:
            try:
                self._out.send_message(data)
            except (self._rtmidi.RtMidiError, OSError):
                self.alive = False
        return lateness

    def collect(self) -> list[tuple[int, float, float]]:
        """Return nothing: `send` has told already."""
        return []

    def refresh(self) -> None:
        """Look whether server and destination are there, and who listens to our port."""
        if self._server is not None:
            if not self._server.alive:
                self.alive = False
                return
            self._peers = self._server.peers(self.name) if self._own else ()
        if self._look is not None:
            try:
                self.alive = self.alive and self.name in self._look.get_ports()
            except (self._rtmidi.RtMidiError, OSError):
                self.alive = False

    def peers(self) -> tuple[str, ...]:
        """Return the ports connected to our own JACK port; elsewhere nothing is known."""
        return self._peers

    def connect(self, peer: str) -> None:
        """Connect our own JACK port; on other systems the receiver has to do it."""
        if self._server is not None and self._own:
            self._server.connect(self.name, peer)

    def close(self) -> None:
        """Give the last messages time to leave, then close."""
        if self.alive:
            if self._server is not None:
                self._server.wait_periods(_PERIODS)
            else:
                time.sleep(_SETTLE_S)
        self._out.close_port()
        self._out.delete()
        if self._look is not None:
            self._look.delete()
        if self._server is not None:
            self._server.close()


def _load() -> Any:
    try:
        import rtmidi
    except ImportError as error:
        raise MidiPortError("python-rtmidi is not installed: pip install python-rtmidi") from error
    return rtmidi


def _watch(rtmidi: Any, api: int) -> JackServer | None:
    if api != rtmidi.API_UNIX_JACK:
        return None
    try:
        return JackServer()
    except MidiPortError:
        return None  # rtmidi brings its own libjack; without the system's we cannot watch


def _by_preference(rtmidi: Any) -> list[int]:
    """Return the compiled-in systems, the operating system's own first and JACK last."""
    return sorted(rtmidi.get_compiled_api(), key=lambda api: bool(api == rtmidi.API_UNIX_JACK))


def _no_backend() -> str:
    return _NO_BACKEND.get(sys.platform, _NO_BACKEND["linux"])
