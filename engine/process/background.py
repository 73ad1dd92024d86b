"""Work that goes on in a process of its own when this one ends, such as drawing a picture."""

import os
import subprocess

from engine.errors import SessionError
from engine.process.child import child_command, child_environment

__all__ = ["be_nice", "run_in_background"]

_NICE = 10


def run_in_background(module: str, *arguments: str) -> None:
    """Start one of our modules as a program, and do not wait for it.

    Raises
    ------
    SessionError
        No process can be started.
    """
    try:
        subprocess.Popen(
            child_command(module, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise SessionError(f"cannot start {module}: {error.strerror}") from error


def be_nice() -> None:
    """Let whatever plays go first."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
