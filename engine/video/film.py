"""Films and cameras, decoded by FFmpeg (PyAV), as pictures in order of time.

Whatever a file does wrong is either mended (missing or repeated time stamps, damaged packets, a
length that is not known, a first frame that is not at zero) or said in one line. Rotation does
not matter to the features and is ignored.
"""

import math
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError, InputError
from engine.video.analyser import Picture, VideoAnalyser
from engine.video.look import HEIGHT, WIDTH, Small
from engine.video.mood import Calibration
from engine.video.state import VideoState

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

__all__ = ["LONGEST_S", "Camera", "Film", "watch_film"]

LONGEST_S: Final = 6 * 3600.0
"""Longest film [s]; a time stamp beyond it is taken for damage."""

_USUAL_RATE: Final = 25.0
_CAMERA_FORMATS: Final = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
# Block edges do not show at 64 × 36, and their filter is a third of the work.
_DECODER_OPTIONS: Final = {"skip_loop_filter": "all", "flags2": "+fast"}


class _Decoder:
    """Pictures of an opened container."""

    def __init__(
        self,
        container: "InputContainer",
        stream: "VideoStream",
        name: str,
        longest_s: float = LONGEST_S,
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
            yield Picture(time_s, _Frame(frame, scaler))
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


class _Frame:
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


class Film:
    """A video file, open for one pass.

    Parameters
    ----------
    path : path-like
        Any file FFmpeg can read.

    Raises
    ------
    InputError
        The file is missing, is no video, or has no picture stream.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"video {self.path} does not exist or is no file")
        import av
        from av.stream import Disposition

        try:
            # Playlists inside a file must not reach out to the network.
            self._container = av.open(
                str(self.path), options={"protocol_whitelist": "file,crypto,data"}
            )
        except (av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{self.path} cannot be read as a video: {reason}") from error
        streams = [
            stream
            for stream in self._container.streams.video
            if not stream.disposition & Disposition.attached_pic and stream.codec_context
        ]
        if not streams:
            self._container.close()
            raise InputError(f"{self.path} has no picture stream; music needs a film to go with")
        self._stream = streams[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.options = dict(_DECODER_OPTIONS)
        self._decoder = _Decoder(self._container, self._stream, str(self.path))

    def __enter__(self) -> Self:
        """Return the film."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._container.close()

    @property
    def nominal_s(self) -> float | None:
        """Length as the file states it [s], or None; `end_s` after the pass is the truth."""
        stream = self._stream
        if stream.duration and stream.time_base:
            length = float(stream.duration * stream.time_base)
        elif self._container.duration:
            length = self._container.duration / 1e6
        else:
            return None
        return length if math.isfinite(length) and 0.0 < length <= LONGEST_S else None

    @property
    def end_s(self) -> float:
        """Time at which the last picture decoded so far ends [s]."""
        return self._decoder.end_s

    @property
    def damaged(self) -> int:
        """Packets that could not be read so far."""
        return self._decoder.damaged

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures, the first at 0 s; once.

        Raises
        ------
        InputError
            There is not one picture, or the film is longer than `LONGEST_S`.
        """
        return self._decoder.pictures()


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
        platform = _CAMERA_FORMATS.get(sys.platform, "v4l2")
        address = {
            "v4l2": f"/dev/video{name}" if name.isdecimal() else name,
            "avfoundation": f"{name}:none",
            "dshow": f"video={name}",
        }[platform]
        try:
            self._container = av.open(address, format=platform, timeout=(5.0, 2.0))
            self._stream = self._container.streams.video[0]
        except (av.FFmpegError, OSError, ValueError, IndexError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DeviceError(f"camera '{name}' cannot be opened: {reason}") from error
        self._decoder = _Decoder(self._container, self._stream, f"camera '{name}'", math.inf)

    def close(self) -> None:
        """Let the camera go."""
        self._container.close()

    def pictures(self) -> Iterator[Picture]:
        """Yield pictures until the camera is lost."""
        return self._decoder.pictures()


def watch_film(
    film: Film,
    calibration: Calibration | None = None,
    glance: Callable[[Picture], None] = lambda _picture: None,
) -> Iterator[VideoState]:
    """Yield the states of a film from its first picture to its last.

    ``glance`` is shown every picture too.
    """
    analyser = VideoAnalyser(calibration)
    for picture in film.pictures():
        yield from analyser.push(picture)
        glance(picture)
    yield from analyser.finish(film.end_s)
