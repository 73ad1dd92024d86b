"""Frames of a film or camera, decoded by FFmpeg (PyAV), as pictures in order of time.

Whatever time stamps and packets do wrong is mended: missing or repeated stamps, a first frame
that is not at zero, damaged packets. Rotation does not matter to the features and is ignored.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.video.analyser import Picture
from engine.video.look import HEIGHT, WIDTH, Small

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

__all__ = ["Decoder"]

_USUAL_RATE: Final = 25.0


class Decoder:
    """Pictures of an opened container."""

    def __init__(
        self,
        container: "InputContainer",
        stream: "VideoStream",
        name: str,
        longest_s: float,
    ) -> None:
        self._container = container
        self._longest_s = longest_s
        self._stream = stream
        self._name = name
        self._last_s = 0.0
        self._gap_s = 1.0 / self.frame_rate
        self.damaged = 0

    @property
    def frame_rate(self) -> float:
        """Frames per second as the file says, or 25."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        value = float(rate) if rate else _USUAL_RATE
        return value if math.isfinite(value) and 0.1 <= value <= 1000.0 else _USUAL_RATE

    @property
    def end_s(self) -> float:
        """Time at which the last picture so far ends [s]."""
        return self._last_s + self._gap_s

    def pictures(self) -> Iterator[Picture]:
        """Yield what can be decoded, the first picture at 0 s.

        Raises
        ------
        InputError
            There is not one picture, or the film is too long.
        """
        from av.video.reformatter import VideoReformatter

        scaler = VideoReformatter()
        origin_s: float | None = None
        for frame in self._frames():
            if origin_s is None:
                origin_s = frame.time or 0.0
                time_s = 0.0
            else:
                time_s = self._after(frame.time, origin_s)
            yield Picture(time_s, _Scaled(frame, scaler))
        if origin_s is None:
            raise InputError(f"{self._name}: no picture in it can be decoded")

    def _after(self, stamp: float | None, origin_s: float) -> float:
        """Return the time of the next frame, made to ascend [s]."""
        gap_s = 1.0 / self.frame_rate
        time_s = self._last_s + gap_s
        if stamp is not None and math.isfinite(stamp) and stamp - origin_s > self._last_s:
            time_s = stamp - origin_s
            gap_s = min(time_s - self._last_s, 1.0)
        if time_s > self._longest_s:
            raise InputError(
                f"{self._name}: a picture at {time_s:.0f} s; films may last {self._longest_s:.0f} s"
            )
        self._last_s, self._gap_s = time_s, gap_s
        return time_s

    def _frames(self) -> Iterator["av.VideoFrame"]:
        """Decode packet by packet; what is damaged is counted and left out."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.BlockingIOError:
                continue
            except av.FFmpegError:  # cut off in the middle
                self.damaged += 1
                return
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.damaged += 1
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    yield frame


class _Scaled:
    """One decoded frame, to be had in other sizes."""

    def __init__(self, frame: "av.VideoFrame", scaler: "VideoReformatter") -> None:
        self._frame = frame
        self._scaler = scaler

    def reduce(self) -> Small:
        """Return it squeezed to RGB, uint8, shape (36, 64, 3)."""
        return self._scaled(WIDTH, HEIGHT, "AREA")

    def square(self, size: int) -> NDArray[np.uint8]:
        """Return its middle square as RGB, uint8, shape (size, size, 3)."""
        shortest = min(self._frame.width, self._frame.height)
        width = max(size, round(self._frame.width * size / shortest))
        height = max(size, round(self._frame.height * size / shortest))
        left, top = (width - size) // 2, (height - size) // 2
        scaled = self._scaled(width, height, "BICUBIC")
        return scaled[top : top + size, left : left + size]

    def _scaled(self, width: int, height: int, method: str) -> NDArray[np.uint8]:
        scaled = self._scaler.reformat(
            self._frame, width, height, "rgb24", interpolation=method, threads=1
        )
        return np.asarray(scaled.to_ndarray(), np.uint8)
