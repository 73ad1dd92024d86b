"""What the engine and its capture process agree on: command line, environment, packets."""

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["LOST", "NO_WINDOW", "PACKET", "capture_command", "capture_environment"]

PACKET: Final = struct.Struct("<IIQ")
"""Header of a packet: frames that follow (float32, mono), blocks PortAudio flagged and frames
dropped in the capture process, both counted since it started."""

LOST: Final = 3
"""Exit status of a capture process whose device stopped delivering."""

NO_WINDOW: Final = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Flag that keeps Windows from opening a console for the process."""


def capture_command(*arguments: str) -> list[str]:
    """Return the command line of the capture process."""
    # -P: a folder named engine where the musician happens to stand is not ours.
    return [sys.executable, "-P", "-m", "engine.audio.capture", *arguments]


def capture_environment() -> dict[str, str]:
    """Return the environment in which the capture process finds this very engine."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    # JACK locks all memory of its clients: no pool of linear algebra threads that never run.
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OPENBLAS_NUM_THREADS": "1",
    }
