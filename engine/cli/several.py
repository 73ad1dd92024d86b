"""Commands that read several files: one that cannot be read costs none of the others."""

import contextlib
import sys
from collections.abc import Iterator

from engine.errors import InputError

__all__ = ["named"]


@contextlib.contextmanager
def named(several: bool) -> Iterator[list[InputError]]:
    """Print what is wrong with one file of several and go on; a single one fails the command."""
    failed: list[InputError] = []
    try:
        yield failed
    except InputError as error:
        if not several:
            raise
        failed.append(error)
        print(f"stimmung: {error}", file=sys.stderr)
