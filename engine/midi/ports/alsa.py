"""Who plays into a port of our own on the ALSA sequencer; RtMidi does not tell.

The kernel lists the connections of every client in a file. Where there is none (another system,
no sequencer) nobody is known to be connected.
"""

import re
from pathlib import Path

__all__ = ["senders_to"]

_CLIENTS = Path("/proc/asound/seq/clients")
_CLIENT = re.compile(r'Client +\d+ : "(.*)"')
_FROM = "Connected From:"


def senders_to(client: str, listing: Path = _CLIENTS) -> tuple[str, ...]:
    """Return the addresses (``"24:0"``) connected to the ports of the clients of this name."""
    try:
        lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    found: list[str] = []
    ours = False
    for line in lines:
        if started := _CLIENT.match(line):
            ours = started[1] == client
        elif ours and line.strip().startswith(_FROM):
            addresses = line.strip().removeprefix(_FROM).split(",")
            found += [address.split("[")[0].strip() for address in addresses]
    return tuple(found)
