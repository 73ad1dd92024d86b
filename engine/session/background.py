"""Writes a session's final files in a process of its own: ``python -m …background FOLDER``.

Drawing the picture takes seconds, and neither a new start nor the end of the engine should wait
for it. The events file is complete by then, so nothing depends on this process.
"""

import sys
from pathlib import Path

from engine.errors import SessionError
from engine.process.background import be_nice, run_in_background

__all__ = ["recover_in_background"]


def recover_in_background(folder: Path) -> None:
    """Start a process that writes the files of a session; it goes on when this one ends.

    Raises
    ------
    SessionError
        No process can be started.
    """
    run_in_background("engine.session.background", str(folder.resolve()))


if __name__ == "__main__":
    from engine.session.recover import recover

    be_nice()
    try:
        recover(Path(sys.argv[1]))
    except SessionError:
        sys.exit(1)  # `stimmung recover` says why
