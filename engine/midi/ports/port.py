"""What an open MIDI port can do: outputs for the sender, inputs for the receiver."""

from collections.abc import Callable, Sequence, Set
from typing import Final, NamedTuple, Protocol, TypeAlias

from engine.choices import AUTO_OUT, BUILT_IN
from engine.errors import MidiPortError

__all__ = [
    "AND",
    "Arrived",
    "Clock",
    "InputPort",
    "NullPort",
    "OutputPort",
    "Written",
    "is_own",
    "resolve_name",
    "sounding",
]

_OWN = (AUTO_OUT, "virtual", "jack", "rtmidi", BUILT_IN, "none")

AND: Final = " and "
"""Between a port and the built-in instrument that plays while nobody is connected to it."""

Clock: TypeAlias = Callable[[], float]
"""Something like `time.perf_counter` [s]."""


class Written(NamedTuple):
    """A note-on that a port has written by itself."""

    note_id: int
    at_s: float
    """Its deadline [s]."""
    lateness_s: float
    frame: int
    """Frame of the server it was meant for, 32 bits."""


class OutputPort(Protocol):
    """A place MIDI messages go to. One thread sends; another may call `refresh`."""

    @property
    def name(self) -> str:
        """The port as other programs see it; may change while the built-in instrument is one."""
        ...

    @property
    def lookahead_s(self) -> float:
        """How long before its deadline a message wants to be handed over [s].

        0 means: at the deadline, and the sender's own clock sets the precision.
        """
        ...

    @property
    def alive(self) -> bool:
        """False once the port or its server has gone; it must be opened anew."""
        ...

    def send(self, data: bytes, at_s: float, note_id: int) -> float | None:
        """Send one message; return its lateness [s], or None if `collect` will tell."""
        ...

    def collect(self) -> list[Written]:
        """Return the notes written since the last call, where `send` could not tell."""
        ...

    def withdraw(self, note_ids: Set[int]) -> None:
        """Take back these note-ons where they have not left, and their note-offs."""
        ...

    def refresh(self) -> None:
        """Find out whether the port is still there and who is connected; may block."""
        ...

    def peers(self) -> tuple[str, ...]:
        """Return the ports connected to ours, as of the last `refresh`."""
        ...

    def connect(self, peer: str) -> None:
        """Connect to a port again, where the system allows it; else do nothing."""
        ...

    def adjust(self, sound: bytes) -> None:
        """Set the built-in instrument; all other ports do nothing."""
        ...

    def close(self) -> None:
        """Let what was sent reach its receivers, then close."""
        ...


Arrived: TypeAlias = Callable[[float, bytes], None]
"""Called with arrival [s] and one message, from a thread of the MIDI system.

An empty message with 0 is a gap: some may have been missed there. With anything else it tells how
much later than thought whatever came before it was [s]: the clock of arrivals was put right."""


class InputPort(Protocol):
    """An open input port."""

    name: str
    """The port as other programs see it, or the one listened to."""

    alive: bool
    """False once the port or its server has gone."""

    reports_gaps: bool
    """Whether every message comes, or a gap instead; elsewhere nothing is known."""

    def refresh(self) -> None:
        """Look whether it is still there and who is connected; call often."""
        ...

    def peers(self) -> tuple[str, ...]:
        """Return who is connected to a port of our own, on JACK and ALSA, as of `refresh`."""
        ...

    def connect(self, peer: str) -> None:
        """Connect to our own JACK port again; elsewhere the sender has to do it."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class NullPort:
    """A port that leads nowhere."""

    name = "none"
    lookahead_s = 0.0
    alive = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def send(self, data: bytes, at_s: float, note_id: int) -> float | None:
        """Measure how late the message would have been."""
        return self._clock() - at_s

    def collect(self) -> list[Written]:
        """Return nothing: `send` has told already."""
        return []

    def withdraw(self, note_ids: Set[int]) -> None:
        """Nothing waits here."""

    def refresh(self) -> None:
        """Nothing can change."""

    def peers(self) -> tuple[str, ...]:
        """Return nothing: no one can connect."""
        return ()

    def connect(self, peer: str) -> None:
        """Nothing can be connected."""

    def adjust(self, sound: bytes) -> None:
        """Nothing sounds."""

    def close(self) -> None:
        """Nothing is open."""


def is_own(output: str) -> bool:
    """Return whether this is no existing port's name, see `engine.midi.ports.outputs`."""
    return output.partition("?")[0] in _OWN


def sounding(name: str) -> str:
    """Return what of a port's name makes the sound: the instrument where it plays beside it."""
    return name.rpartition(AND)[2]


def resolve_name(name: str, candidates: Sequence[str], kind: str = "output") -> str:
    """Return the one candidate whose name contains ``name``, ignoring case.

    An exact match wins over a longer name that contains it. ``kind`` is for messages.

    Raises
    ------
    MidiPortError
        If no candidate fits, or several do; the message lists them.
    """
    wanted = name.strip().lower()
    exact = [candidate for candidate in candidates if candidate.lower() == wanted]
    if exact:
        return exact[0]
    fitting = [candidate for candidate in candidates if wanted in candidate.lower()]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise MidiPortError(f"MIDI {kind} {name!r} is ambiguous: it fits {_listed(fitting)}")
    there = f"there are {_listed(candidates)}" if candidates else f"there is no MIDI {kind} port"
    raise MidiPortError(f"no MIDI {kind} port is named {name!r}; {there} (see `stimmung devices`)")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
