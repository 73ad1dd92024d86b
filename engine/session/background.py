"""Making a session's final files aside: in a process of its own that nobody waits for.

Drawing a picture takes seconds. A musician who starts again, or an engine told to end, must
not wait for it; the events file is complete by then, so nothing depends on it either.
"""

import os
import subprocess
import sys
from pathlib import Path

from engine.errors import SessionError
from engine.process.child import child_command, child_environment

__all__ = ["recover_aside"]

_NICE = 10


def recover_aside(folder: Path) -> None:
    """Start making the files of a session; it outlives us.

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
