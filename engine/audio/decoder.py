"""Any sound file that FFmpeg reads, decoded to its true end (PyAV).

The length that a header states is a guess for progress bars only. What is damaged is left out and
reported with its time; what follows is decoded, and sounds at its own time: silence stands for what
is missing.
"""

import contextlib
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from engine.audio.headers import (
    FileTail,
    begin_behind_tag,
    ends_as_ogg,
    lacks_bytes,
    lacks_index,
    next_ogg_stream,
    states_frames,
)
from engine.audio.resample import MAX_RATE, MIN_RATE, Downmix
from engine.audio.ring import FloatArray
from engine.errors import AudioFileError

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer

__all__ = ["AudioFile", "open_container", "why_unreadable"]

MAX_CHANNELS: Final = 256
_JUMP_S: Final = 0.05
"""Time stamps that disagree by less are rounded, or are the decoder's own delay."""
_LONGEST_GAP_S: Final = 60.0
"""A longer jump of the time stamps is an error of the stamps, and nothing is missing."""
_LATEST_START_S: Final = 3600.0
_MOST_DAMAGES: Final = 20
_GUESSED_LENGTHS: Final = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "mpeg", "mpegts", "loas"})
"""Formats whose files do not hold their length: FFmpeg estimates it from the first bit rate."""
_BARE_FRAMES: Final = frozenset({"mp3", "mp2", "ac3", "eac3", "dts"})
"""Formats without time stamps, whose packets hold whatever lies between two frames."""
_EQUAL_FRAMES: Final = frozenset({"ac3", "eac3"})
"""Of these, those whose frames are of one length, but for a word [bytes]."""
_WORD: Final = 8
_TAGS: Final = (b"ID3", b"TAG")
"""What a text between two MP3 files that were joined begins with: no sound, and no damage."""


def open_container(source: Path | io.RawIOBase) -> "InputContainer":
    """Open a file for demuxing; raises what PyAV raises.

    Playlists inside a file must not reach out to the network, a colon in a name is no protocol, and
    titles that are no text must not keep the content from us.
    """
    import av

    name = f"file:{source}" if isinstance(source, Path) else source
    return av.open(
        name, "r", options={"protocol_whitelist": "file,crypto,data"}, metadata_errors="replace"
    )


class AudioFile:
    """A sound file, or the sound of a film, open for one pass from the beginning.

    Parameters
    ----------
    path : str or Path
        Any file FFmpeg can read.

    Attributes
    ----------
    sample_rate : int
        Of the first sound in it [Hz]; all blocks have this rate.
    channels : int
        Number of channels of all blocks.
    nominal_s : float
        Length as the file states it [s]; 0 if it does not. Often wrong.
    damage : list of str
        What could not be read so far, each with its time.

    Raises
    ------
    AudioFileError
        The file is missing, not a file, unreadable, or holds no sound that can be decoded.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            size = self.path.stat().st_size
            if not self.path.is_file():
                raise AudioFileError(f"not an audio file but a folder or device: {self.path}")
            if size == 0:
                raise AudioFileError(f"audio file is empty: {self.path}")
            # Opened by us, for the system's own words about permissions.
            with self.path.open("rb"):
                pass
        except AudioFileError:
            raise
        except FileNotFoundError as error:
            raise AudioFileError(f"audio file not found: {self.path}") from error
        except (OSError, ValueError) as error:
            raise AudioFileError(f"cannot read {self.path}: {_reason(error)}") from error
        self._start()

    def _start(self) -> None:
        self.damage: list[str] = []
        self.sample_rate = self.channels = 0
        self._begin = begin_behind_tag(self.path)  # where the container begins [bytes]
        source = FileTail(self.path, self._begin) if self._begin else self.path
        self._container, self._stream = self._open(source)
        self.nominal_s = _nominal_s(self._container, self._stream)
        self._decoded = 0
        self._lost_s = 0.0  # behind what was decoded, by the length of what was passed over
        self._last_bytes, self._least_bytes = 0, MAX_RATE  # of a packet, and of those before it
        self._blocks = self._decode()
        try:
            self._waiting = next(self._blocks, None)
        except AudioFileError:
            self.close()
            raise
        if self._waiting is None:
            self.close()
            why = self.damage[0] if self.damage else "it holds no audio"
            raise AudioFileError(f"cannot decode {self.path}: {why}")

    def _open(self, source: Path | io.RawIOBase) -> "tuple[InputContainer, AudioStream]":
        import av

        try:
            container = open_container(source)
        except (av.FFmpegError, OSError, ValueError) as error:
            why = why_unreadable(self.path, error)
            raise AudioFileError(f"cannot decode {self.path}: {why}") from error
        streams = [one for one in container.streams.audio if one.codec_context]
        if not streams:
            container.close()
            raise AudioFileError(f"cannot decode {self.path}: it holds no audio")
        best = container.streams.best("audio")
        stream = next((one for one in streams if one is best), streams[0])
        if stream.codec_context.name == "flac":  # others err where nothing is wrong
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
        return container, stream

    @property
    def position_s(self) -> float:
        """How much was decoded so far [s]."""
        return self._decoded / self.sample_rate if self.sample_rate else 0.0

    def read(self, frames: int) -> FloatArray:
        """Decode up to ``frames`` more.

        Returns
        -------
        ndarray
            float32, shape (n, channels), full scale ±1; n = 0 at the end.
        """
        parts, filled = [], 0
        while filled < frames:
            block = self._waiting
            if block is None:
                block = next(self._blocks, None)
            if block is None:
                break
            part, rest = block[: frames - filled], block[frames - filled :]
            self._waiting = rest if len(rest) else None
            parts.append(part)
            filled += len(part)
        if not parts:
            return np.zeros((0, self.channels), np.float32)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def rewind(self) -> None:
        """Start again from the first sample."""
        self.close()
        self._start()

    def close(self) -> None:
        """Release the file."""
        self._container.close()

    def __enter__(self) -> Self:
        """Return the open file."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close."""
        self.close()

    def _decode(self) -> Iterator[FloatArray]:
        """Yield all that can be decoded, float32, shape (n, channels), n >= 1."""
        converter = _Converter()
        origin_s: float | None = None  # time stamp of the beginning
        for frame in self._frames():
            if not self.sample_rate:
                self._take_format(frame)
                yield from self._late_start(frame)
                origin_s = None if frame.time is None else frame.time - self.position_s
            if self._lost_s > _JUMP_S:
                self._report(f"{self._lost_s:.2f} s of sound are missing")
                yield self._silence(min(self._lost_s, _LONGEST_GAP_S))
            self._lost_s = 0.0
            if origin_s is not None and frame.time is not None:
                gap_s = frame.time - origin_s - self.position_s
                if _JUMP_S < gap_s < _LONGEST_GAP_S:
                    self._report(f"{gap_s:.2f} s of sound are missing")
                    yield self._silence(gap_s)
                elif abs(gap_s) > _JUMP_S:
                    origin_s += gap_s
            for block in converter.convert(frame):
                self._decoded += len(block)
                yield block
        for block in converter.finish():
            self._decoded += len(block)
            yield block
        missing = self._what_is_missing()
        if missing and self.sample_rate:
            self._report(missing)

    def _take_format(self, frame: "av.AudioFrame") -> None:
        rate, channels = frame.sample_rate, frame.layout.nb_channels
        if not (MIN_RATE <= rate <= MAX_RATE and 1 <= channels <= MAX_CHANNELS):
            raise AudioFileError(
                f"{self.path} claims {rate} Hz and {channels} channels; "
                f"{MIN_RATE}..{MAX_RATE} Hz and 1..{MAX_CHANNELS} channels are understood"
            )
        self.sample_rate, self.channels = rate, channels

    def _late_start(self, frame: "av.AudioFrame") -> Iterator[FloatArray]:
        """Yield silence where the sound begins after the pictures."""
        start = self._container.start_time
        if start is None or frame.time is None or not len(self._container.streams.video):
            return
        late_s = frame.time - start / 1e6
        if _JUMP_S < late_s < _LATEST_START_S:
            yield self._silence(late_s)

    def _silence(self, seconds: float) -> FloatArray:
        frames = round(seconds * self.sample_rate)
        self._decoded += frames
        return np.zeros((frames, self.channels), np.float32)

    def _report(self, what: str) -> None:
        if len(self.damage) < _MOST_DAMAGES:
            self.damage.append(f"at {self.position_s:.1f} s: {what}")

    def _frames(self) -> "Iterator[av.AudioFrame]":
        """Yield decoded frames; damage is reported once where it begins, and passed over."""
        import av

        sound = True
        good_bytes = good_s = 0.0
        bare = self._container.format.name in _BARE_FRAMES
        while True:
            place = None
            packets = self._container.demux(self._stream)
            try:
                for packet in packets:
                    place = packet.pos if packet.pos is not None else place
                    try:
                        frames = packet.decode()
                    except av.FFmpegError as error:
                        if bytes(packet)[:3] in _TAGS:
                            continue
                        if sound and packet.size:
                            self._report(f"damaged ({_reason(error)})")
                        sound = False
                        if bare and good_bytes:
                            self._lost_s += packet.size * good_s / good_bytes
                        continue
                    if bare and packet.size and packet.duration and packet.time_base:
                        good_bytes += packet.size
                        good_s += float(packet.duration * packet.time_base)
                        self._least_bytes = min(self._least_bytes, self._last_bytes or MAX_RATE)
                        self._last_bytes = packet.size
                    for frame in frames:
                        if isinstance(frame, av.AudioFrame) and frame.samples:
                            sound = True
                            yield frame
                return
            except av.FFmpegError as error:
                if not self._go_on_behind(place):
                    self._report(f"it cannot be read any further ({_reason(error)})")
                    return

    def _go_on_behind(self, place: int | None) -> bool:
        """Open the next stream of a chained Ogg file that has another rate or codec."""
        if place is None or self._container.format.name != "ogg":
            return False
        start = next_ogg_stream(self.path, self._begin + place + 1)
        if start is None:
            return False
        try:
            container, stream = self._open(FileTail(self.path, start))
        except AudioFileError:
            return False
        self._container.close()
        self._container, self._stream, self._begin = container, stream, start
        return True

    def _what_is_missing(self) -> str:
        """Say what is missing at the end by the file's own headers; empty if all is there."""
        if lacks_bytes(self.path):
            return "the file ends here, but its header says that there is more"
        form = self._container.format.name
        if (
            form in _EQUAL_FRAMES
            and self._last_bytes < self._least_bytes - _WORD < MAX_RATE - _WORD
        ):
            return "the file ends here within a frame"
        if form == "ogg" and not ends_as_ogg(self.path):
            return "the file ends here without its last page"
        if form in _GUESSED_LENGTHS and not states_frames(self.path):
            return ""
        if self.nominal_s - self.position_s > max(0.5, 0.002 * self.nominal_s):
            return f"the sound ends here, but its header says {self.nominal_s:.1f} s"
        return ""


class _Converter:
    """Frames of any format to float32 blocks of the first frame's rate and channels."""

    def __init__(self) -> None:
        self._resampler: av.AudioResampler | None = None
        self._format: tuple[object, ...] = ()
        self._rate = self._channels = 0

    def convert(self, frame: "av.AudioFrame") -> Iterator[FloatArray]:
        """Yield what this frame completes."""
        import av

        given = (frame.format.name, frame.layout.name, frame.sample_rate)
        if given != self._format:
            yield from self.finish()
            self._rate = self._rate or frame.sample_rate
            self._resampler = av.AudioResampler("flt", frame.layout.name, self._rate)
            self._downmix = Downmix(frame.layout.nb_channels, self._rate)
            self._format = given
        frame.pts = None  # what is missing was filled already
        assert self._resampler is not None
        yield from self._blocks(self._resampler.resample(frame))

    def finish(self) -> Iterator[FloatArray]:
        """Yield what is still inside."""
        if self._resampler is not None:
            yield from self._blocks(self._resampler.resample(None))
            self._resampler = None
            self._format = ()

    def _blocks(self, frames: "list[av.AudioFrame]") -> Iterator[FloatArray]:
        for frame in frames:
            if frame.samples:
                # Interleaved: of planes, PyAV reads beyond the last one where there are eight.
                block = frame.to_ndarray().reshape(frame.samples, -1).astype(np.float32, copy=False)
                self._channels = self._channels or block.shape[1]
                if block.shape[1] != self._channels:
                    block = np.repeat(self._downmix.push(block)[:, None], self._channels, 1)
                yield block


def _nominal_s(container: "InputContainer", stream: "AudioStream") -> float:
    length = 0.0
    if stream.duration and stream.time_base:
        length = float(stream.duration * stream.time_base)
    elif "DURATION" in stream.metadata:  # Matroska: hours:minutes:seconds
        parts = stream.metadata["DURATION"].split(":")
        with contextlib.suppress(ValueError):
            length = sum(60.0**power * float(part) for power, part in enumerate(reversed(parts)))
    elif container.duration and not container.streams.video:
        length = container.duration / 1e6
    return length if math.isfinite(length) and length > 0.0 else 0.0


def why_unreadable(path: Path, error: Exception) -> str:
    """Say why FFmpeg cannot open a file, more exactly than FFmpeg where the file shows it."""
    if lacks_index(path):
        return "its index (moov) is missing, so it was cut off or never finished"
    return _reason(error)


def _reason(error: Exception) -> str:
    """Return the system's or FFmpeg's words, in one line without the file name."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if text.startswith("Error number"):  # FFmpeg has no words for it
        text = "invalid data"
    return " ".join(str(text).split()).rstrip(".").lower()
