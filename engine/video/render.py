"""Puts the sound of a score under its film, by FFmpeg.

The film's pictures are copied as they are; its own sound is left out.
"""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.audio.decoder import open_container
from engine.audio.ring import FloatArray
from engine.errors import InputError
from engine.files import staged_output
from engine.instrument.sound_file import SAMPLE_RATE
from engine.video.film import picture_stream

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

__all__ = ["check_render", "render"]

_SUFFIXES: Final = (".mp4", ".m4v", ".mov", ".mkv")
_ANIMATIONS: Final = ("gif", "apng", "webp")
_BLOCK: Final = 1024


def check_render(output: Path) -> None:
    """Raise `InputError` now, before long work, if the output cannot be rendered later."""
    if output.suffix.lower() not in _SUFFIXES:
        raise InputError(f"--render must end in {', '.join(_SUFFIXES)}; got {output.name!r}")


def render(film: Path, sound: FloatArray, output: Path) -> None:
    """Write a film with other sound.

    Parameters
    ----------
    film : Path
        Where pictures come from.
    sound : ndarray
        As long as the film, float32, shape (n, 2).
    output : Path
        File to write; an existing one is replaced when all is done.

    Raises
    ------
    InputError
        The pictures cannot go into such a file.
    """
    check_render(output)
    with staged_output(output) as part:
        _mux(film, sound, part)


def _mux(film: Path, sound: FloatArray, output: Path) -> None:
    """Copy the film's pictures and put the sound beside them."""
    import av

    with open_container(film) as source:
        pictures = picture_stream(source)
        if pictures is None:
            raise InputError(f"{film} has no picture stream")
        stamps = _Stamps(film)
        try:
            with av.open(str(output), "w") as target:
                _copy(source, pictures, stamps, target, sound)
        except (av.FFmpegError, ValueError) as error:
            codec = pictures.codec_context.name
            why = getattr(error, "strerror", None) or error
            advice = "try .mkv"
            if output.suffix.lower() == ".mkv" or codec in _ANIMATIONS:
                advice = f"convert the film first, with `ffmpeg -i {film.name} {film.stem}.mp4`"
            raise InputError(
                f"pictures of {film.name} ({codec}) cannot go into a {output.suffix} file: "
                f"{why}; {advice}"
            ) from error


class _Stamps:
    """When each packet of a film is to be shown and decoded, in its time base.

    Matroska stores no decoding times, AVI no others, and trimmed files hold pictures before their
    first that are only decoded. `show` and `decode` have one entry per packet that holds something;
    the first picture that is shown is at 0.
    """

    def __init__(self, film: Path) -> None:
        show: list[int] = []
        decode: list[int | None] = []
        shown: list[bool] = []
        with open_container(film) as source:
            for packet in source.demux(picture_stream(source)):
                if not packet.size:
                    continue
                stamp = packet.pts if packet.pts is not None else packet.dts
                show.append(stamp if stamp is not None else len(show))
                decode.append(packet.dts)
                shown.append(not packet.is_discard)
        start = min((at for at, seen in zip(show, shown, strict=True) if seen), default=0)
        self.show = [at - start for at in show]
        self.decode = [at - start for at in decode if at is not None]
        if len(self.decode) < len(show) or self.decode != sorted(set(self.decode)):
            ordered = sorted(self.show)
            late = max((at - own for at, own in zip(ordered, self.show, strict=True)), default=0)
            self.decode = []
            for at in ordered:  # as early as the picture that waits longest needs it
                last = self.decode[-1] + 1 if self.decode else at - late
                self.decode.append(max(at - late, last))


def _copy(
    source: "InputContainer",
    pictures: "VideoStream",
    stamps: _Stamps,
    target: "OutputContainer",
    sound: FloatArray,
) -> None:
    copied = target.add_stream_from_template(pictures)
    music = target.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    music.bit_rate = 192_000
    written = 0
    filled = (packet for packet in source.demux(pictures) if packet.size)
    for packet, show, decode in zip(filled, stamps.show, stamps.decode, strict=True):
        base = float(packet.time_base or Fraction(1, 1000))
        until = round(decode * base * SAMPLE_RATE) + SAMPLE_RATE
        written = _encode(target, music, sound, written, until)
        packet.pts, packet.dts = show, decode
        packet.stream = copied
        target.mux(packet)
    _encode(target, music, sound, written, len(sound))
    target.mux(music.encode(None))


def _encode(
    target: "OutputContainer",
    music: "AudioStream",
    sound: FloatArray,
    start: int,
    until: int,
) -> int:
    """Encode blocks of sound up to a sample; return the next sample to encode."""
    import av

    while start < min(until, len(sound)):
        block = np.ascontiguousarray(sound[start : start + _BLOCK].T)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = start
        frame.time_base = Fraction(1, SAMPLE_RATE)
        target.mux(music.encode(frame))
        start += block.shape[1]
    return start
