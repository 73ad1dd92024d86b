"""Writes a session's final files in a process of its own.

Drawing the picture takes seconds, and neither a new start nor the end of the engine should wait
for it. The events file is complete by then, so nothing depends on this process.
"""

import os
import subprocess
import sys
from pathlib import Path

from engine.errors import SessionError
from engine.process.child import child_command, child_environment

__all__ = ["recover_in_background"]

_NICE = 10


def recover_in_background(folder: Path) -> None:
    """Start a process that writes the files of a session; it goes on when this one ends.

    Raises
    ------
    SessionError
        No process can be started.
    """
    try:
        subprocess.Popen(
            child_command("engine.session.background", str(folder.resolve())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise SessionError(f"cannot make the files of {folder}: {error.strerror}") from error


if __name__ == "__main__":
    from engine.session.recover import recover

    if hasattr(os, "nice"):
        os.nice(_NICE)
    try:
        recover(Path(sys.argv[1]))
    except SessionError:
        sys.exit(1)  # `stimmung recover` says why
