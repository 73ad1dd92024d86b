"""The rig's private JACK server and receiver, for tests; what they heard, judged."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.bench.soak import jack_rig
from engine.bench.soak.jack_rig import RATE, Heard, MidiDump, default_server, until
from servers.needs import need_program

__all__ = [
    "RATE",
    "Heard",
    "JackServer",
    "MidiDump",
    "default_server",
    "hanging",
    "midi_dump",
    "since_connected",
    "sounding",
    "until",
]


class JackServer(jack_rig.JackServer):
    """The rig's server; where its programs are missing, tests are skipped."""

    def __init__(self) -> None:
        for program in ("jackd", "jack_lsp", "jack_connect", "jack_midi_dump"):
            need_program(program)
        super().__init__()


def sounding(dump: MidiDump, notes: int = 3) -> bool:
    """Tell whether more than so many notes were heard and one sounds."""
    return len(dump.ons) > notes and bool(hanging(since_connected(dump.heard)))


def hanging(heard: list[Heard]) -> set[tuple[int, int]]:
    """Return channel and pitch of notes still sounding; an off without its on is an error.

    An off may be said again: so it is after the server lost time.
    """
    sounding: dict[tuple[int, int], int] = {}
    ended: set[tuple[int, int]] = set()
    for message in heard:
        place = message.place
        if message.is_on:
            assert place not in sounding, f"{place} started twice"
            sounding[place] = message.frame
        elif message.is_off:
            assert place in sounding or place in ended, f"{place} ended without having started"
            sounding.pop(place, None)
            ended.add(place)
    return set(sounding)


def since_connected(heard: list[Heard]) -> list[Heard]:
    """Leave out the ends of notes that began before the receiver was connected."""
    started: set[tuple[int, int]] = set()
    whole = []
    for message in heard:
        if message.is_on:
            started.add(message.place)
        if not message.is_off or message.place in started:
            whole.append(message)
    return whole


@contextmanager
def midi_dump(server: JackServer, name: str) -> Iterator[MidiDump]:
    """Run a receiver for the length of a ``with`` block."""
    dump = MidiDump(server, name)
    try:
        yield dump
    finally:
        dump.stop()
