"""Writes a session's files from its events file, at its end or after a crash."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, SessionError
from engine.files import staged_output
from engine.session.content import Session
from engine.session.dawproject import write_dawproject
from engine.session.events_file import read_session
from engine.session.picture import draw_picture
from engine.session.products import write_emotion_csv, write_log, write_midi
from engine.session.sound import join_pieces

__all__ = ["PRODUCTS", "Recovered", "recover"]

PRODUCTS: dict[str, Callable[[Session, Path], None]] = {
    "stimmung.mid": write_midi,
    "stimmung.dawproject": write_dawproject,
    "emotion.csv": write_emotion_csv,
    "log.txt": write_log,
    "picture.png": draw_picture,
}
"""File name → what writes it."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The files that were written, and the session that they were made from."""

    files: list[Path]
    session: Session


def recover(folder: str | Path, leave: Collection[str] = ()) -> Recovered:
    """Write every product of a session but those of ``leave`` from its events; join its sound.

    Each is replaced whole or left alone; the events file is only read.

    Raises
    ------
    SessionError
        The folder holds no session, or a product cannot be written (the others are).
    """
    path = Path(folder)
    session = read_session(path)
    files: list[Path] = []
    problems: list[str] = []
    for name in [name for name in PRODUCTS if name not in leave]:
        try:
            with staged_output(path / name) as part:
                PRODUCTS[name](session, part)
            files.append(path / name)
        except InputError as error:
            problems.append(str(error))
    try:
        sound = join_pieces(path)
        files += [sound] if sound is not None else []
    except (OSError, ValueError) as error:
        problems.append(str(error))
    if problems:
        raise SessionError("; ".join(problems))
    return Recovered(files, session)
