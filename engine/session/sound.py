"""The input's sound beside the events of a session, as FLAC pieces of bounded length.

A crash can damage a file that is open, so each piece is closed after ten seconds. Until then its
sound goes to a raw file, twice a second, which `join_pieces` can read however it ends. Nothing here
is called from a real-time thread. Sound that the disk does not take in time is dropped and counted.
"""

import contextlib
import os
import queue
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import SessionError
from engine.files import staged_output
from engine.session.folder import AUDIO_NAME, PIECES_FOLDER

__all__ = ["SoundRecorder", "join_pieces"]

_PIECE_S: Final = 10.0
_FLUSH_S: Final = 0.5
_QUEUE_S: Final = 30.0
"""Sound kept in memory while the disk is slow or full [s]."""
_JOIN_S: Final = 5.0
_FULL_SCALE: Final = 32767.0
_BLOCK: Final = 65_536
"""Samples."""


class SoundRecorder:
    """Writes mono sound into a session's folder.

    Parameters
    ----------
    folder : Path
        The session's.
    sample_rate : int
        [Hz]

    Raises
    ------
    SessionError
        The folder cannot be written.
    """

    def __init__(self, folder: Path, sample_rate: int) -> None:
        self._folder = folder / PIECES_FOLDER
        self._rate = sample_rate
        self._queue: queue.Queue[NDArray[np.int16]] = queue.Queue()
        self._queued = 0  # samples; told to both sides by the lock of the queue
        self._counting = threading.Lock()
        self._dropped = 0
        self._number = 0
        self._written = 0  # samples of the piece under way
        self._raw: int | None = None
        self._error: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="session-sound", daemon=True)
        try:
            self._folder.mkdir()
            (self._folder / "rate").write_text(f"{sample_rate}\n", encoding="ascii")
        except OSError as error:
            raise SessionError(f"cannot write {self._folder}: {error.strerror}") from error

    @property
    def error(self) -> str | None:
        """Why the sound is not safe at this moment, in one line, or None."""
        if self._dropped:
            lost_s = self._dropped / self._rate
            return f"{self._error or 'the disk is slow'}; {lost_s:.1f} s of sound lost"
        return self._error

    def start(self) -> None:
        """Start writing in the background."""
        self._thread.start()

    def put(self, samples: NDArray[np.float32]) -> None:
        """Keep sound, shape (n,), -1..1. Never waits; too much for the disk is left out."""
        with self._counting:
            if self._queued + samples.size > _QUEUE_S * self._rate:
                self._dropped += samples.size
                return
            self._queued += samples.size
        clean = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
        self._queue.put((np.clip(clean, -1.0, 1.0) * _FULL_SCALE).astype("<i2"))

    def close(self) -> None:
        """Write what is left; a disk that does not answer is left alone."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)
            if self._thread.is_alive():
                self._error = f"cannot write {self._folder}: the disk does not answer"

    def _run(self) -> None:
        waiting = b""
        while not self._stopping.wait(_FLUSH_S):
            waiting = self._write(waiting + self._take())
        waiting = self._write(waiting + self._take())
        if not waiting:
            self._end_piece()

    def _take(self) -> bytes:
        taken = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._queue.get_nowait())
        return b"".join(block.tobytes() for block in taken)

    def _write(self, data: bytes) -> bytes:
        """Append to the raw file; return what the disk did not take."""
        if not data:
            return data  # a FLAC file of no samples cannot be read again
        written = 0
        try:
            if self._raw is None:
                path = self._folder / f"{self._number:05d}.raw"
                self._raw = os.open(path, _FLAGS, 0o644)
            while written < len(data):
                written += os.write(self._raw, data[written:])
            os.fsync(self._raw)
            self._error = None
        except OSError as error:
            self._error = f"cannot write {self._folder}: {error.strerror}"
        with self._counting:
            self._queued -= written // 2
        self._written += written // 2
        if self._written >= _PIECE_S * self._rate:
            self._end_piece()
        return data[written:]

    def _end_piece(self) -> None:
        """Keep the piece as FLAC, half the size, and begin another."""
        if self._raw is None:
            return
        os.close(self._raw)
        self._raw = None
        raw = self._folder / f"{self._number:05d}.raw"
        self._number += 1
        self._written = 0
        with contextlib.suppress(OSError):
            _encode([raw], raw.with_suffix(".flac"), self._rate)
            raw.unlink()


def join_pieces(folder: Path) -> Path | None:
    """Make one FLAC file of what a session's folder holds of its sound; None if it holds none.

    The pieces are removed when they are in it. Empty ones, begun as the session was cut off, are
    no sound.

    Raises
    ------
    InputError
        It cannot be written, or a piece cannot be read.
    """
    pieces, target = folder / PIECES_FOLDER, folder / AUDIO_NAME
    if not pieces.is_dir():
        return target if target.is_file() else None
    rate = int((pieces / "rate").read_text(encoding="ascii"))
    # A piece that is there twice was being encoded when the session was cut off: raw is whole.
    raw = {path.stem for path in pieces.glob("*.raw")}
    found = sorted(
        path
        for path in pieces.iterdir()
        if path.stat().st_size
        and (path.suffix == ".raw" or (path.suffix == ".flac" and path.stem not in raw))
    )
    if found:
        with staged_output(target) as part:
            _encode(found, part, rate)
    for path in pieces.iterdir():
        path.unlink()
    pieces.rmdir()
    return target if found else None


def _encode(paths: list[Path], target: Path, rate: int) -> None:
    """Write pieces, one after the other, as one FLAC file."""
    import soundfile

    try:
        with soundfile.SoundFile(target, "w", rate, 1, format="FLAC", subtype="PCM_16") as file:
            for path in paths:
                for block in _samples(path):
                    file.write(block)
    except soundfile.SoundFileError as error:
        raise OSError(0, str(error)) from error


def _samples(path: Path) -> Any:
    """Yield the samples of a piece, blocks of int16."""
    import soundfile

    if path.suffix == ".flac":
        with soundfile.SoundFile(path) as file:
            yield from file.blocks(_BLOCK, dtype="int16")
        return
    with path.open("rb") as stream:
        while data := stream.read(2 * _BLOCK):
            yield np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2")


# Without O_BINARY, Windows would end lines in its own way.
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
