"""The audio inputs and outputs of this machine, by name.

PortAudio is never loaded into the engine's own process: it aborts when its sound server has
died, drivers crash inside it, and it re-lists devices only after a full restart. A short-lived
child (`engine.audio.capture`) asks it instead, so a list is always fresh and never fatal.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from engine.audio.capture_link import capture_command
from engine.errors import AudioDeviceError
from engine.process.child_pipe import NO_WINDOW, capture_environment

__all__ = [
    "DIRECTIONS",
    "PORTAUDIO_HELP",
    "AudioDevice",
    "Direction",
    "find_input",
    "list_devices",
    "match_device",
]

Direction = Literal["input", "output"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

PORTAUDIO_HELP: Final = (
    "PortAudio is missing: on Debian or Ubuntu run `sudo apt install libportaudio2`, on Fedora "
    "`sudo dnf install portaudio`, on Arch `sudo pacman -S portaudio`, elsewhere "
    "`pip install --force-reinstall sounddevice`; audio files can be used as input without it"
)

_LIST_TIMEOUT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class AudioDevice:
    """One audio input or output as PortAudio lists it.

    Attributes
    ----------
    name, host_api : str
        Such as ``"Scarlett 2i2 USB"`` and ``"Windows WASAPI"``.
    channels : int
        Channels of its direction, >= 1.
    default_sample_rate : int
        [Hz]
    index : int
        PortAudio's number, good only until devices change: remember ``label``.
    is_default : bool
        Whether this is what the system offers when nothing is chosen.
    """

    name: str
    host_api: str
    channels: int
    default_sample_rate: int
    index: int
    is_default: bool

    @property
    def label(self) -> str:
        """``"name, host api"``: what is matched, shown and remembered."""
        return f"{self.name}, {self.host_api}"


def list_devices() -> dict[Direction, list[AudioDevice]]:
    """Return the inputs and outputs present at this moment, in PortAudio's order.

    Raises
    ------
    AudioDeviceError
        PortAudio is missing or fails.
    """
    try:
        done = subprocess.run(
            capture_command("list"),
            env=capture_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=NO_WINDOW,
            timeout=_LIST_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AudioDeviceError(
            f"the audio system did not list its devices within {_LIST_TIMEOUT_S:.0f} s"
        ) from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout.partition(b"\n")[0])
    except ValueError:
        raise AudioDeviceError(
            f"the audio system failed while listing devices (exit status {done.returncode})"
        ) from None
    if "error" in answer:
        raise AudioDeviceError(answer["error"])
    return {
        direction: [AudioDevice(**device) for device in answer[direction]]
        for direction in DIRECTIONS
    }


def find_input(name: str | None = None) -> AudioDevice:
    """Return the input of that name, or the system's default input.

    Parameters
    ----------
    name : str or None
        Words of ``"name, host api"`` in order, upper or lower case, such as
        ``"scarlett wasapi"``.

    Raises
    ------
    AudioDeviceError
        None or several inputs fit (the message lists them), or PortAudio is missing.
    """
    return match_device(name, list_devices()["input"], "input")


def match_device(
    name: str | None, devices: Sequence[AudioDevice], direction: Direction
) -> AudioDevice:
    """Choose from a list as `find_input` does."""
    if not devices:
        instead = "play a file instead" if direction == "input" else "write a file instead: --audio"
        raise AudioDeviceError(f"no audio {direction} device is present; {instead}")
    if not name:
        return next((device for device in devices if device.is_default), devices[0])
    wanted = name.casefold()
    exact = [d for d in devices if wanted in (d.label.casefold(), d.name.casefold())]
    fitting = exact or [d for d in devices if _has_in_order(d.label.casefold(), wanted.split())]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise AudioDeviceError(f"no audio {direction} {name!r}; present: {_labels(devices)}")
    raise AudioDeviceError(
        f"audio {direction} {name!r} is ambiguous; add words of one of: {_labels(fitting)}"
    )


def _has_in_order(label: str, words: Sequence[str]) -> bool:
    position = 0
    for word in words:
        position = label.find(word, position)
        if position < 0:
            return False
        position += len(word)
    return True


def _labels(devices: Sequence[AudioDevice]) -> str:
    return "; ".join(f"'{device.label}'" for device in devices)
