"""PortAudio, for the processes that hold a sound card: loading it, and what it lists."""

import ctypes
import ctypes.util
from typing import Any, Final

from engine.audio.devices import PORTAUDIO_HELP, AudioDevice, Direction
from engine.errors import AudioDeviceError

__all__ = ["FALLBACK_RATES", "load_portaudio", "query_devices"]

FALLBACK_RATES: Final = (48_000, 44_100, 96_000)
"""Tried where a device does not take its own rate [Hz]."""

_QUICK_API: Final = "Windows WASAPI"


def load_portaudio(client: bytes) -> Any:
    """Return the sounddevice module, with PortAudio initialised under a JACK client name.

    Raises
    ------
    AudioDeviceError
        It is missing or fails.
    """
    library = ctypes.util.find_library("portaudio")
    if library is not None:
        try:
            ctypes.CDLL(library).PaJack_SetClientName(client)
        except (OSError, AttributeError):
            pass  # built without JACK: there is no client to name
    try:
        import sounddevice
    except OSError as error:
        # Both "library not found" and a failed Pa_Initialize arrive here.
        reason = PORTAUDIO_HELP if "not found" in str(error) else f"PortAudio failed: {error}"
        raise AudioDeviceError(reason) from error
    except ImportError as error:
        raise AudioDeviceError(
            "the Python package sounddevice is missing: run `pip install sounddevice`; "
            "audio files can be used as input without it"
        ) from error
    return sounddevice


def query_devices(sd: Any, direction: Direction) -> list[AudioDevice]:
    """Return the inputs or outputs that a loaded PortAudio lists."""
    apis = sd.query_hostapis()
    default = sd.default.device[0 if direction == "input" else 1]
    if default < 0:
        # PortAudio's first host API may have none while a later one does.
        own = (api[f"default_{direction}_device"] for api in apis)
        default = next((number for number in own if number >= 0), -1)
    if direction == "output":
        # PortAudio's own default on Windows is MME, a tenth of a second late.
        quick = (api["default_output_device"] for api in apis if api["name"] == _QUICK_API)
        default = next((number for number in quick if number >= 0), default)
    return [
        AudioDevice(
            name=device["name"],
            host_api=apis[device["hostapi"]]["name"],
            channels=device[f"max_{direction}_channels"],
            default_sample_rate=round(device["default_samplerate"]),
            index=index,
            is_default=index == default,
        )
        for index, device in enumerate(sd.query_devices())
        if device[f"max_{direction}_channels"] > 0
    ]
