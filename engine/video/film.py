"""Films: video files of any kind, opened once and watched from the first picture to the last.

What is no film, or has nothing to see, is said in one line. The length a file states is not
relied upon.
"""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from engine.audio.decoder import open_container, why_unreadable
from engine.errors import InputError
from engine.video.analyser import Picture, VideoAnalyser
from engine.video.decoder import Decoder
from engine.video.mood import Calibration
from engine.video.state import VideoState

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["LONGEST_S", "Film", "picture_stream", "watch_film"]

LONGEST_S: Final = 6 * 3600.0
"""Longest film [s]; a time stamp beyond it is taken for damage."""

# Block edges do not show at 64 × 36, and their filter is a third of the work.
_DECODER_OPTIONS: Final = {"skip_loop_filter": "all", "flags2": "+fast"}


def picture_stream(container: "InputContainer") -> "VideoStream | None":
    """Return the first stream of moving pictures; covers of albums are none."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context:
            return stream
    return None


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

        try:
            self._container = open_container(self.path)
        except (av.FFmpegError, OSError) as error:
            reason = why_unreadable(self.path, error)
            raise InputError(f"{self.path} cannot be read as a video: {reason}") from error
        stream = picture_stream(self._container)
        if stream is None:
            self._container.close()
            raise InputError(f"{self.path} has no picture stream; music needs a film to go with")
        self._stream = stream
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.options = dict(_DECODER_OPTIONS)
        self._decoder = Decoder(self._container, self._stream, str(self.path), LONGEST_S)

    def __enter__(self) -> Self:
        """Return the film."""
        return self

    def __exit__(self, *exc_info: object) -> None:
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


def watch_film(
    film: Film,
    calibration: Calibration | None = None,
    on_picture: Callable[[Picture], None] = lambda _picture: None,
) -> Iterator[VideoState]:
    """Yield the states of a film from its first picture to its last.

    ``on_picture`` gets every picture too.
    """
    analyser = VideoAnalyser(calibration)
    for picture in film.pictures():
        yield from analyser.push(picture)
        on_picture(picture)
    yield from analyser.finish(film.end_s)
