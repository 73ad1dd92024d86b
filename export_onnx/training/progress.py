"""A progress bar on a terminal, a line now and then in a log."""

import sys
import time
from types import TracebackType

__all__ = ["Progress"]


class Progress:
    """Counts `total` steps on stderr; a context manager.

    On a terminal one line is rewritten; elsewhere a new line is written at most every
    `interval_s` seconds. `silent` writes nothing.
    """

    def __init__(
        self, title: str, total: int, interval_s: float = 15.0, silent: bool = False
    ) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self._silent = silent
        self._terminal = sys.stderr.isatty()
        self._interval_s = 0.2 if self._terminal else interval_s
        self._started = self._last = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write("\n")

    def advance(self, note: str = "") -> None:
        """Count one step; `note` is shown behind the numbers."""
        self.done += 1
        now = time.monotonic()
        if now - self._last >= self._interval_s:
            self._last = now
            self._write("" if self._terminal else "\n", note)

    def _write(self, end: str, note: str = "") -> None:
        if self._silent:
            return
        spent = time.monotonic() - self._started
        left = spent / max(self.done, 1) * (self.total - self.done)
        share = self.done / max(self.total, 1)
        bar = "#" * int(share * 24)
        start = "\r" if self._terminal else ""
        sys.stderr.write(
            f"{start}{self.title} [{bar:<24}] {self.done}/{self.total} "
            f"{spent:.0f} s, {left:.0f} s left {note}{end}"
        )
        sys.stderr.flush()
