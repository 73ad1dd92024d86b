"""What the engine and its capture process agree on: command line, environment, packets."""

import struct
import subprocess
from typing import Final

from engine.child import child_command, child_environment

__all__ = ["LEFT", "LOST", "NO_WINDOW", "PACKET", "capture_command", "capture_environment"]

PACKET: Final = struct.Struct("<IIQ")
"""Header of a packet: frames that follow (float32, mono), blocks PortAudio flagged and frames
dropped in the capture process, both counted since it started."""

LOST: Final = 3
"""Exit status of a capture process whose device stopped delivering."""

LEFT: Final = 4
"""Exit status of a capture process whose JACK client of choice has gone."""

NO_WINDOW: Final = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Flag that keeps Windows from opening a console for the process."""


def capture_command(*arguments: str) -> list[str]:
    """Return the command line of the capture process."""
    return child_command("engine.audio.capture", *arguments)


def capture_environment() -> dict[str, str]:
    """Return the environment in which the capture process finds this very engine."""
    # JACK locks all memory of its clients: no pool of linear algebra threads that never run.
    return child_environment(OPENBLAS_NUM_THREADS="1")
