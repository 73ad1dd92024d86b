"""Audio files: decoded block by block, offline or played in real time."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

import numpy as np

from engine.audio.resample import MAX_RATE, MIN_RATE, MonoFeed
from engine.audio.ring import SILENCE_DB, FloatArray, Ring
from engine.errors import AudioFileError

__all__ = ["AudioFile", "FileInput", "mono_blocks", "read_blocks"]

MAX_CHANNELS: Final = 256
PLAY_BLOCK_S: Final = 0.02
"""Length of the blocks a played file arrives in [s]."""

_LATE_LIMIT_S: Final = 0.5
"""Later than this (machine suspended), playing goes on from now instead of catching up."""


class AudioFile:
    """A decodable audio file (wav, flac, ogg, mp3 and whatever else libsndfile reads).

    Parameters
    ----------
    path : str or Path
        The file.

    Attributes
    ----------
    sample_rate : int
        [Hz]
    channels : int
        Number of channels.
    frames : int
        Length by the header [samples]; a damaged file may hold fewer.
    damage : str or None
        Why decoding stopped early, once it has; audio before that point is good.

    Raises
    ------
    AudioFileError
        The file is missing, not a file, unreadable, not audio, or empty.
    """

    def __init__(self, path: str | Path) -> None:
        import soundfile

        self.path = Path(path)
        self.damage: str | None = None
        self._decode_error: type[Exception] = soundfile.SoundFileError
        try:
            if not self.path.exists():
                raise AudioFileError(f"audio file not found: {self.path}")
            if not self.path.is_file():
                raise AudioFileError(f"not an audio file but a folder or device: {self.path}")
            if self.path.stat().st_size == 0:
                raise AudioFileError(f"audio file is empty: {self.path}")
            # Opened by us, for the system's own words about permissions.
            self._raw = self.path.open("rb")
        except (OSError, ValueError) as error:
            raise AudioFileError(f"cannot read {self.path}: {_reason(error)}") from error
        try:
            self._file = soundfile.SoundFile(self._raw)
        except soundfile.SoundFileError as error:
            self._raw.close()
            raise AudioFileError(
                f"cannot decode {self.path} (wav, flac, ogg and mp3 are understood): "
                f"{_reason(error)}"
            ) from error
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        if self.frames == 0:
            self.close()
            raise AudioFileError(f"audio file holds no audio: {self.path}")
        if not (MIN_RATE <= self.sample_rate <= MAX_RATE and 1 <= self.channels <= MAX_CHANNELS):
            self.close()
            raise AudioFileError(
                f"{self.path} claims {self.sample_rate} Hz and {self.channels} channels; "
                f"{MIN_RATE}..{MAX_RATE} Hz and 1..{MAX_CHANNELS} channels are understood"
            )

    @property
    def duration_s(self) -> float:
        """Length by the header [s]."""
        return self.frames / self.sample_rate

    def read(self, frames: int) -> FloatArray:
        """Decode up to ``frames`` more.

        Returns
        -------
        ndarray
            float32, shape (n, channels); n = 0 at the end, or where the file is damaged.

        Raises
        ------
        AudioFileError
            Not even the first block can be decoded.
        """
        if self.damage is not None:
            return np.zeros((0, self.channels), dtype=np.float32)
        before = self._file.tell()
        try:
            block: FloatArray = self._file.read(frames, dtype="float32", always_2d=True)
        except (self._decode_error, OSError) as error:
            self.damage = _reason(error)
            block = np.zeros((0, self.channels), dtype=np.float32)
        if before == 0 and block.shape[0] == 0:
            raise AudioFileError(
                f"cannot decode {self.path}: {self.damage or 'no audio behind the header'}"
            )
        return block

    def rewind(self) -> None:
        """Start again from the first sample."""
        self._file.seek(0)
        self.damage = None

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        self._raw.close()

    def __enter__(self) -> Self:
        """Return the open file."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close."""
        self.close()


def _reason(error: Exception) -> str:
    """Return the system's or libsndfile's words, in one line without the file name."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(getattr(error, "error_string", error) or type(error).__name__)
    return " ".join(text.split()).rstrip(".")


def read_blocks(path: str | Path, block_size: int = 65_536) -> Iterator[FloatArray]:
    """Decode a file in a stream, never the whole at once.

    Parameters
    ----------
    path : str or Path
        The file.
    block_size : int
        Frames per block; the last may be shorter.

    Yields
    ------
    ndarray
        float32, shape (n, channels), at the file's own rate.

    Raises
    ------
    AudioFileError
        See `AudioFile`. A file damaged further on ends there.
    """
    with AudioFile(path) as audio:
        while (block := audio.read(block_size)).shape[0]:
            yield block


def mono_blocks(
    path: str | Path, sample_rate: int, block_size: int = 65_536
) -> Iterator[FloatArray]:
    """Decode a file to mono at ``sample_rate`` [Hz], through the same feed as live audio.

    Yields
    ------
    ndarray
        float32, shape (n,), n >= 1 varies.

    Raises
    ------
    AudioFileError
        See `AudioFile`.
    """
    feed = MonoFeed(sample_rate)
    with AudioFile(path) as audio:
        while (block := audio.read(block_size)).shape[0]:
            if (samples := feed.push(block, audio.sample_rate)).size:
                yield samples
        if (samples := feed.flush()).size:
            yield samples


class FileInput:
    """A file played in real time, as if it came in through a cable.

    Parameters
    ----------
    path : str or Path
        The file.
    loop : bool
        Whether to start again at the end.
    now : callable
        Monotonic clock [s].
    wait : callable or None
        Sleeps the given seconds; None waits on the stop event, so `stop` is immediate.

    Raises
    ------
    AudioFileError
        See `AudioFile`.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        loop: bool = False,
        now: Callable[[], float] = time.perf_counter,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._file = AudioFile(path)
        self._loop = loop
        self._stopped = threading.Event()
        self._ended = threading.Event()
        self._now = now
        self._wait = wait or self._stopped.wait
        self._ring: Ring | None = None
        self._thread: threading.Thread | None = None
        self._error: str | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self._file.path.name

    @property
    def sample_rate(self) -> int:
        """The file's rate [Hz]."""
        return self._file.sample_rate

    @property
    def channels(self) -> int:
        """The file's channels."""
        return self._file.channels

    @property
    def duration_s(self) -> float:
        """Length by the header [s]."""
        return self._file.duration_s

    @property
    def alive(self) -> bool:
        """Whether the file is being played."""
        return self._thread is not None and not self._ended.is_set()

    @property
    def ended(self) -> bool:
        """Whether the last sample is in the ring, or the source was stopped."""
        return self._ended.is_set()

    @property
    def error(self) -> str | None:
        """Why playing ended early, or None."""
        return self._error

    @property
    def overruns(self) -> int:
        """Blocks the ring had no room for."""
        return self._ring.overruns if self._ring else 0

    @property
    def level(self) -> float:
        """RMS level of the last 100 ms [dBFS]."""
        return self._ring.level_db() if self._ring else SILENCE_DB

    @property
    def peak(self) -> float:
        """Highest sample of the last 100 ms [dBFS]."""
        return self._ring.peak_db() if self._ring else SILENCE_DB

    def start(self, ring: Ring) -> None:
        """Play from the beginning into the ring.

        Raises
        ------
        AudioFileError
            The source was started before; a file is played by one `FileInput` once.
        """
        if self._thread is not None:
            raise AudioFileError(f"{self._file.path} is already being played")
        self._ring = ring
        self._thread = threading.Thread(
            target=self._play, args=(ring,), name="file-input", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop playing and close the file."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self._ended.set()
        self._file.close()

    def _play(self, ring: Ring) -> None:
        feed = MonoFeed(ring.sample_rate)
        rate = self._file.sample_rate
        block_size = max(1, round(PLAY_BLOCK_S * rate))
        origin, played = self._now(), 0
        try:
            while not self._stopped.is_set():
                block = self._file.read(block_size)
                if block.shape[0] == 0:
                    if self._file.damage is not None:
                        self._error = f"{self._file.path} is damaged: {self._file.damage}"
                    if not self._loop:
                        ring.write(feed.flush())
                        return
                    self._file.rewind()
                    continue
                # A block is heard when its last sample has sounded. Deadlines are absolute,
                # so that waiting a little too long never adds up.
                played += block.shape[0]
                late = self._now() - (origin + played / rate)
                if late > _LATE_LIMIT_S:
                    origin += late
                elif late < 0:
                    self._wait(-late)
                ring.write(feed.push(block, rate))
        except AudioFileError as error:
            self._error = str(error)
        finally:
            self._ended.set()

    def __enter__(self) -> Self:
        """Return the source, not yet started."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()
