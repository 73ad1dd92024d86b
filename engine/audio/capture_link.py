"""What the engine and its capture process agree on: command line, environment, packets."""

import struct
from typing import Final

from engine.process.child import child_command

__all__ = ["PACKET", "capture_command"]

PACKET: Final = struct.Struct("<IIQd")
"""Header of a packet: frames that follow (float32, mono), blocks PortAudio flagged and frames
dropped in the capture process, both counted since it started; and when the very first frame was
at the converter [s, `time.perf_counter`]."""


def capture_command(*arguments: str) -> list[str]:
    """Return the command line of the capture process."""
    return child_command("engine.audio.capture", *arguments)
