"""How far a long command has come: a bar on a terminal, drawn anew rarely in a log."""

import sys
from typing import Self

from tqdm import tqdm

__all__ = ["Progress"]


class Progress:
    """Counts `total` steps on stderr; a context manager.

    In a log it writes at most every `interval_s` seconds; `silent` writes nothing.
    """

    def __init__(
        self, title: str, total: int, interval_s: float = 15.0, silent: bool = False
    ) -> None:
        interval_s = 0.2 if sys.stderr.isatty() else interval_s
        self._bar = tqdm(
            desc=title, total=total, mininterval=interval_s, miniters=1, disable=silent
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def advance(self, note: str = "") -> None:
        """Count one step; `note` is shown behind the numbers."""
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update()
