"""Cameras by the system's names, through FFmpeg's devices."""

import math
import sys
from collections.abc import Iterator
from typing import Final

from engine.errors import DeviceError
from engine.video.analyser import Picture
from engine.video.decoder import Decoder

__all__ = ["Camera", "list_cameras"]

_FORMATS: Final = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}


def list_cameras() -> list[str]:
    """Return what ``live --video`` may be given to see a camera, each with its description.

    Raises
    ------
    DeviceError
        The system's cameras cannot be listed.
    """
    import av
    from av.device import enumerate_input_devices

    try:
        devices = enumerate_input_devices(_FORMATS.get(sys.platform, "v4l2"))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DeviceError(f"cameras cannot be listed: {error}") from error
    return [
        f"{device.name}  {device.description}".rstrip()
        for device in devices
        if "video" in device.media_types or not device.media_types
    ]


class Camera:
    """A camera, open; pictures are stamped by their driver.

    Parameters
    ----------
    name : str
        What the system calls it: a number or ``/dev/video0`` on Linux, a number or name on
        macOS, a name on Windows.

    Raises
    ------
    DeviceError
        It cannot be opened.
    """

    def __init__(self, name: str) -> None:
        import av

        self.name = name
        platform = _FORMATS.get(sys.platform, "v4l2")
        try:
            self._container = av.open(_address(platform, name), format=platform, timeout=(5.0, 2.0))
            self._stream = self._container.streams.video[0]
        except (av.FFmpegError, OSError, ValueError, IndexError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DeviceError(f"camera '{name}' cannot be opened: {reason}") from error
        self._decoder = Decoder(self._container, self._stream, f"camera '{name}'", math.inf)

    def close(self) -> None:
        """Close the camera."""
        self._container.close()

    def pictures(self) -> Iterator[Picture]:
        """Yield pictures until the camera is lost."""
        return self._decoder.pictures()


def _address(platform: str, name: str) -> str:
    """Return a camera's name as FFmpeg's device of that platform wants it."""
    if platform == "v4l2" and name.isdecimal():
        return f"/dev/video{name}"
    if platform == "avfoundation":
        return f"{name}:none"  # without its microphone
    return f"video={name}" if platform == "dshow" else name
