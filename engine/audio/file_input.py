"""Audio files: decoded block by block, offline or played in real time."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from engine.audio.decoder import AudioFile
from engine.audio.resample import MonoFeed
from engine.audio.ring import SILENCE_DB, FloatArray, Ring
from engine.errors import AudioFileError

__all__ = ["FileInput", "mono_blocks"]

PLAY_BLOCK_S: Final = 0.02
"""Length of the blocks a played file arrives in [s]."""

_LATE_LIMIT_S: Final = 0.5
"""Later than this (machine suspended), playing goes on from now instead of catching up."""


def mono_blocks(
    path: str | Path,
    sample_rate: int,
    block_size: int = 65_536,
    report: Callable[[str], None] = lambda _damage: None,
) -> Iterator[FloatArray]:
    """Decode a file to mono at ``sample_rate`` [Hz], through the same feed as live audio.

    ``report`` is told of every damage, in one line, once all before it was yielded.

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
    reported = 0
    with AudioFile(path) as audio:
        while (block := audio.read(block_size)).shape[0]:
            if (samples := feed.push(block, audio.sample_rate)).size:
                yield samples
            while audio.damage[reported:]:
                report(f"{path}: {audio.damage[reported]}")
                reported += 1
        for damage in audio.damage[reported:]:
            report(f"{path}: {damage}")
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
    def alive(self) -> bool:
        """Whether the file is being played."""
        return self._thread is not None and not self._ended.is_set()

    @property
    def ended(self) -> bool:
        """Whether the last sample is in the ring, or the source was stopped."""
        return self._ended.is_set()

    @property
    def error(self) -> str | None:
        """What of the file could not be read, or None."""
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
                    if self._file.damage:
                        self._error = f"{self._file.path} is damaged {self._file.damage[-1]}"
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
