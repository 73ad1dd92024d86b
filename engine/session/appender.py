"""Appends lines to a file from a thread of its own; a full or missing disk stops nothing."""

import contextlib
import os
import queue
import threading
from pathlib import Path
from typing import Final

from engine.errors import SessionError

__all__ = ["LineAppender"]

FLUSH_S: Final = 0.25
"""Lines reach the operating system at least so often [s]: what a killed process loses."""
SYNC_S: Final = 1.0
"""… and the disk at least so often [s]: what a power cut loses."""
QUEUE_LINES: Final = 16_384
UNWRITTEN_BYTES: Final = 8 * 2**20
"""Kept in memory while the disk is full or gone; about a quarter of an hour of playing."""
_JOIN_S: Final = 5.0


class LineAppender:
    """An append-only file behind a bounded queue.

    `put` never blocks. While the disk fails, `error` says so and lines stay in memory; they are
    written when it works again. When memory is full too, lines are dropped and counted.

    Parameters
    ----------
    path : Path
        The file; must not exist.
    header : bytes
        Its first line, written at once and again should the file have to be made anew.

    Raises
    ------
    SessionError
        The file cannot be created.
    """

    def __init__(self, path: Path, header: bytes) -> None:
        self.path = path
        self._header = header
        self._queue: queue.Queue[bytes] = queue.Queue(QUEUE_LINES)
        self._unwritten = bytearray(header)
        self._file: int | None = None
        self._stopping = threading.Event()
        self._writer = threading.Thread(target=self._run, name="session-writer", daemon=True)
        self._syncer = threading.Thread(target=self._sync_run, name="session-sync", daemon=True)
        self._write_error: str | None = None
        self._sync_error: str | None = None
        self._dropped = 0
        try:
            self._file = os.open(path, _FLAGS | os.O_EXCL, 0o644)
        except OSError as error:
            raise SessionError(f"cannot write {path}: {error.strerror}") from error
        self._write()
        if self._write_error is not None:
            self._close_file()
            raise SessionError(self._write_error)

    @property
    def error(self) -> str | None:
        """Why lines do not reach the disk at this moment, or None."""
        return self._write_error or self._sync_error

    @property
    def dropped(self) -> int:
        """Lines lost for good."""
        return self._dropped

    def start(self) -> None:
        """Start the threads that write and sync."""
        self._writer.start()
        self._syncer.start()

    def put(self, line: bytes) -> None:
        """Queue a line, its newline included. Never waits."""
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self) -> bool:
        """Write what is left and close; return False if the disk failed."""
        self._stopping.set()
        if not _ended(self._writer):
            self._write_error = f"cannot write {self.path}: the disk does not answer"
            return False
        self._drain()
        self._write()
        if _ended(self._syncer):
            self._sync()
        else:
            self._sync_error = f"cannot save {self.path}: the disk is very slow"
        self._close_file()
        return self._write_error is None

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_S):
            self._drain()
            self._write()

    def _drain(self) -> None:
        """Move queued lines to the buffer; over its limit the newest are dropped."""
        with contextlib.suppress(queue.Empty):
            while True:
                line = self._queue.get_nowait()
                if len(self._unwritten) + len(line) <= UNWRITTEN_BYTES:
                    self._unwritten += line
                else:
                    self._dropped += 1

    def _write(self) -> None:
        try:
            if self._file is None or not self.path.exists():
                self._reopen()
            assert self._file is not None
            while self._unwritten:
                # What a full disk still took is gone from the buffer: a retry goes on
                # in the middle of the line.
                del self._unwritten[: os.write(self._file, self._unwritten)]
            self._write_error = None
        except OSError as error:
            self._write_error = f"cannot write {self.path}: {error.strerror}"
            self._close_file()

    def _reopen(self) -> None:
        self._close_file()
        self._file = os.open(self.path, _FLAGS, 0o644)
        if os.fstat(self._file).st_size == 0 and not self._unwritten.startswith(self._header):
            self._unwritten[:0] = self._header

    def _close_file(self) -> None:
        if self._file is not None:
            # Closing may report a write error that is known already.
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None

    def _sync_run(self) -> None:
        # A thread of its own: a disk that takes seconds to sync must not hold up writing.
        while not self._stopping.wait(SYNC_S):
            self._sync()

    def _sync(self) -> None:
        try:
            handle = os.open(self.path, os.O_WRONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            self._sync_error = None
        except FileNotFoundError:
            pass  # the writer meets and reports this
        except OSError as error:
            self._sync_error = f"cannot save {self.path}: {error.strerror}"


def _ended(thread: threading.Thread) -> bool:
    if thread.ident is not None:
        thread.join(_JOIN_S)
    return not thread.is_alive()


# Without O_BINARY, Windows would end lines in its own way.
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
