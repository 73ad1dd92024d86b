"""The folder of a session: a new one each time, nothing is overwritten."""

import os
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.errors import SessionError

__all__ = ["AUDIO_NAME", "EVENTS_NAME", "PIECES_FOLDER", "make_session_folder", "recorded_files"]

EVENTS_NAME: Final = "events.jsonl"
AUDIO_NAME: Final = "input.flac"
PIECES_FOLDER: Final = "sound"
"""What is recorded, by name within the session's folder; everything else is made from it."""


def make_session_folder(folder: str | Path) -> Path:
    """Create the folder for a new session and return it.

    A missing or empty folder is used itself. One that holds anything gets a sub-folder named
    after date and time, so that ``--record ~/sessions`` collects sessions and nothing is ever
    overwritten.

    Raises
    ------
    SessionError
        The folder cannot be created or written.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not any(path.iterdir()):
            chosen = path
        else:
            chosen = _new_subfolder(path)
    except FileExistsError:
        raise SessionError(f"cannot record into {path}: it is a file, not a folder") from None
    except (OSError, ValueError) as error:
        raise SessionError(f"cannot record into {path}: {_words(error)}") from error
    if not os.access(chosen, os.W_OK):
        raise SessionError(f"cannot record into {chosen}: no permission to write there")
    return chosen


def recorded_files(folder: str | Path) -> list[Path]:
    """Return the files that hold the recording itself: nothing may be written over them."""
    path = Path(folder)
    return [path / EVENTS_NAME, path / AUDIO_NAME, *(path / PIECES_FOLDER).glob("*")]


def _new_subfolder(path: Path) -> Path:
    stamp = datetime.now().strftime("session-%Y-%m-%d-%H%M%S")
    for attempt in range(1, 100):
        chosen = path / (stamp if attempt == 1 else f"{stamp}-{attempt}")
        try:
            chosen.mkdir()
            return chosen
        except FileExistsError:
            continue
    raise SessionError(f"cannot record into {path}: it already holds 99 sessions of this second")


def _words(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
