"""Audio in: devices by name, files in real time or offline, mono at the tracker's rate."""

import os
from pathlib import Path
from typing import Final

from engine.audio.decoder import AudioFile
from engine.audio.device_input import DeviceInput
from engine.audio.devices import DIRECTIONS, AudioDevice, find_input, list_devices
from engine.audio.file_input import FileInput, mono_blocks
from engine.audio.no_input import NoInput
from engine.audio.resample import MonoFeed, StreamResampler
from engine.audio.ring import Ring
from engine.audio.source import AudioSource

__all__ = [
    "DIRECTIONS",
    "SOUND_SUFFIXES",
    "AudioDevice",
    "AudioFile",
    "AudioSource",
    "DeviceInput",
    "FileInput",
    "MonoFeed",
    "NoInput",
    "Ring",
    "StreamResampler",
    "find_input",
    "list_devices",
    "mono_blocks",
    "open_source",
]

SOUND_SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in (
        "3gp aac ac3 aif aifc aiff alac amr ape asf au avi bwf caf dff dsf dts eac3 flac flv "
        "m4a m4b mka mkv mov mp2 mp3 mp4 mpc mpg oga ogg opus rf64 snd spx thd tta voc w64 wav "
        "webm wma wv"
    ).split()
)
"""What the names of sound files end with, in small letters."""


def open_source(chosen: str | None, *, loop: bool = False, patient: bool = False) -> AudioSource:
    """Return the source that ``--input NAME|FILE`` means, not yet started.

    Parameters
    ----------
    chosen : str or None
        An audio file, or words of a device name; None for the default input, ``"none"`` for
        no sound at all. Whatever is a file, or is spelled like one, is a file.
    loop : bool
        Whether a file starts again at its end.
    patient : bool
        Whether a device is opened in the background, and looked for until it is there.

    Raises
    ------
    AudioFileError
        The file is missing or cannot be decoded.
    """
    if chosen and _means_file(chosen):
        return FileInput(chosen, loop=loop)
    if chosen == "none":
        return NoInput()
    return DeviceInput(chosen, patient=patient)


def _means_file(chosen: str) -> bool:
    # A folder that happens to be called like a device hides it only if spelled as a path.
    # os.path answers False for names no system would take, where pathlib may raise.
    is_path = os.path.isfile(chosen) or (os.path.exists(chosen) and os.path.dirname(chosen) != "")
    return is_path or Path(chosen).suffix.lower() in SOUND_SUFFIXES
