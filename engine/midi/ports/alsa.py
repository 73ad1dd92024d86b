"""Who is connected to a port of our own on the ALSA sequencer; RtMidi does not tell.

The kernel lists the connections of every client in a file. Where there is none (another system,
no sequencer) nobody is known to be connected.
"""

import re
from pathlib import Path

from engine.midi.ports.advice import Direction

__all__ = ["connected", "lists_connections"]

_CLIENTS = Path("/proc/asound/seq/clients")
_CLIENT = re.compile(r'Client +\d+ : "(.*)"')
_LINES: dict[Direction, str] = {"in": "Connected From:", "out": "Connecting To:"}


def lists_connections(listing: Path = _CLIENTS) -> bool:
    """Return whether this system tells who is connected."""
    return listing.is_file()


def connected(client: str, direction: Direction, listing: Path = _CLIENTS) -> tuple[str, ...]:
    """Return the addresses (``"24:0"``) connected to the ports of the clients of this name.

    ``in``: those that play into them; ``out``: those that they play into.
    """
    try:
        lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    found: list[str] = []
    ours = False
    for line in lines:
        if started := _CLIENT.match(line):
            ours = started[1] == client
        elif ours and line.strip().startswith(_LINES[direction]):
            addresses = line.strip().removeprefix(_LINES[direction]).split(",")
            found += [address.split("[")[0].strip() for address in addresses]
    return tuple(found)
