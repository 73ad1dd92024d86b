"""A port of our own, and the built-in instrument while nobody is connected to it.

Everything goes to the port. The instrument gets everything, too, but note-ons only while no
receiver is connected, so that controllers and programs are right whenever it plays. Once somebody
connects, what it sounds is ended; after the last one has left it plays on from the next note.
"""

import contextlib
import queue
import threading
from collections.abc import Set

from engine.choices import BUILT_IN
from engine.errors import MidiPortError
from engine.midi.messages import ALL_NOTES_OFF, ALL_SOUND_OFF, place_of
from engine.midi.ports.built_in import BuiltInOutput
from engine.midi.ports.port import AND, Clock, OutputPort, Written

__all__ = ["PortWithInstrument"]

_PATIENCE_S = 3.0
_AGAIN_S = 5.0  # after which one that died is replaced
_ENDS = [bytes((0xB0 | c, mode, 0)) for c in range(16) for mode in (ALL_SOUND_OFF, ALL_NOTES_OFF)]


class PortWithInstrument:
    """Opens the instrument beside the work; without an audio output it is the port alone.

    One thread may call `send`, `collect`, `withdraw`, `adjust` and `close`; another `refresh`.

    Parameters
    ----------
    port : OutputPort
        Open; must tell who is connected.
    options : str
        Choices of the instrument, see `engine.midi.ports.built_in.with_options`.
    clock : callable
        `time.perf_counter`.
    """

    def __init__(self, port: OutputPort, options: str, clock: Clock) -> None:
        self._port = port
        self._output = f"{BUILT_IN}?{options}"
        self._clock = clock
        self._instrument: BuiltInOutput | None = None
        self._opened: queue.SimpleQueue[BuiltInOutput] = queue.SimpleQueue()
        self._began_s = clock()
        self._connected = False
        self._sound = b""
        self._controls: dict[tuple[int, int], bytes] = {}  # as a new instrument must be set
        self._told: set[int] = set()  # notes that `send` has told of; the port tells later
        self._opening = self._begin()

    @property
    def name(self) -> str:
        """The port, and the instrument while it plays."""
        if self._instrument is None or self._connected:
            return self._port.name
        return f"{self._port.name}{AND}{self._instrument.name}"

    @property
    def lookahead_s(self) -> float:
        """That of the port; 0 while the instrument plays."""
        return self._port.lookahead_s if self._instrument is None or self._connected else 0.0

    @property
    def alive(self) -> bool:
        """Whether the port is; an instrument that died is replaced here."""
        return self._port.alive

    def send(self, data: bytes, at_s: float, note_id: int) -> float | None:
        """Send one message to the port and, as far as it is to sound, to the instrument."""
        self._attend()
        kind = data[0] & 0xF0
        if kind in (0xB0, 0xC0, 0xE0):
            self._controls[place_of(data)] = data
        lateness = self._port.send(data, at_s, note_id)
        if self._instrument is None or (self._connected and kind == 0x90 and data[2]):
            return lateness
        heard = self._instrument.send(data, at_s, note_id)
        if self._connected:
            return lateness
        if lateness is None and note_id >= 0:
            self._told.add(note_id)
        return heard

    def collect(self) -> list[Written]:
        """Return the notes written since the last call, where `send` could not tell."""
        self._attend()
        written = self._port.collect()
        news = [note for note in written if note.note_id not in self._told]
        self._told.difference_update(note.note_id for note in written)
        return news

    def withdraw(self, note_ids: Set[int]) -> None:
        """Take back what waits in the port; the instrument gets nothing ahead."""
        self._port.withdraw(note_ids)

    def refresh(self) -> None:
        """Find out whether the port is still there and who is connected."""
        self._port.refresh()

    def peers(self) -> tuple[str, ...]:
        """Return the ports connected to ours."""
        return self._port.peers()

    def wait(self) -> None:
        """Wait until the instrument is there, or is known not to come."""
        self._opening.join(_PATIENCE_S)
        self._port.refresh()
        self._attend()

    def connect(self, peer: str) -> None:
        """Connect our port to another again."""
        self._port.connect(peer)

    def adjust(self, sound: bytes) -> None:
        """Set the instrument."""
        self._sound = sound
        if self._instrument is not None:
            self._instrument.adjust(sound)

    def close(self) -> None:
        """Let what was sent reach its receivers, then close both."""
        if self._instrument is not None:
            self._instrument.close()
        self._port.close()  # one still being opened ends with our end of its pipe

    def _begin(self) -> threading.Thread:
        self._began_s = self._clock()
        thread = threading.Thread(target=self._open, name="instrument", daemon=True)
        thread.start()
        return thread

    def _open(self) -> None:
        with contextlib.suppress(MidiPortError):
            self._opened.put(BuiltInOutput(self._output, self._clock))

    def _attend(self) -> None:
        """Take an instrument that was opened, let go of a dead one, and end it for a receiver."""
        connected = bool(self._port.peers())
        if self._instrument is None:
            with contextlib.suppress(queue.Empty):
                self._instrument = self._opened.get_nowait()
                if self._sound:
                    self._instrument.adjust(self._sound)
                for data in self._controls.values():
                    self._instrument.send(data, self._clock(), -1)
        elif not self._instrument.alive:
            if self._clock() - self._began_s >= _AGAIN_S:
                self._instrument.close()
                self._instrument = None
                self._begin()
        elif connected and not self._connected:
            for data in _ENDS:
                self._instrument.send(data, self._clock(), -1)
        self._connected = connected
