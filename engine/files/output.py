"""The one way in which Stimmung writes a file that the user named.

An ordinary file is written beside its place and moved there when it is complete, so that a failure
leaves the old one whole. Everything else is written through: pipes, devices, files with several
names, and files in folders where nothing can be created. Links stay links.
"""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.errors import InputError

__all__ = ["check_output", "output_file", "staged_output", "write_output"]

_STANDARD_STREAMS = (1, 2)
_LONGEST_NAME = 100


def check_output(path: Path, *inputs: Path) -> None:
    """Raise now, before long work, if a file cannot or must not be written there later.

    Parameters
    ----------
    path : Path
        The output.
    *inputs : Path
        What is read, and other outputs: `path` must be none of them, by whatever name.

    Raises
    ------
    InputError
        The message names the path and the reason.
    """
    if path.is_dir():
        raise InputError(f"output must be a file; {path} is a folder")
    if not path.parent.is_dir():
        raise InputError(f"output folder {path.parent} does not exist")
    if not os.access(path if path.exists() else path.resolve().parent, os.W_OK):
        raise InputError(f"no permission to write {path}")
    for other in inputs:
        if _same(path, other):
            raise InputError(f"{path} would be written over; give every file its own name")


def write_output(path: Path, data: bytes) -> None:
    """Write a whole file.

    Raises
    ------
    InputError
        It cannot be written; an old file is as it was.
    """
    with output_file(path) as file:
        file.write(data)


@contextlib.contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a binary file for what `path` is to hold; it is complete when the block ends.

    Raises
    ------
    InputError
        It cannot be written; an old file is as it was.
    BrokenPipeError
        Who reads the pipe has left.
    """
    target = _replaceable(path)
    with _errors_name(path):
        if target is None:
            with _write_through(path) as file:
                yield file
            return
        with _moved_into(target) as part, part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())


@contextlib.contextmanager
def staged_output(path: Path) -> Iterator[Path]:
    """Yield a path, with the suffix of `path`, to write to by name; at the end `path` holds that.

    Raises
    ------
    InputError
        It cannot be written; an old file is as it was.
    """
    target = _replaceable(path)
    with _errors_name(path):
        if target is not None:
            with _moved_into(target) as part:
                yield part
            return
        with tempfile.TemporaryDirectory(prefix="stimmung-") as folder:
            part = Path(folder) / f"output{path.suffix}"
            yield part
            with _write_through(path) as file, part.open("rb") as source:
                shutil.copyfileobj(source, file)


@contextlib.contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


@contextlib.contextmanager
def _moved_into(target: Path) -> Iterator[Path]:
    part = target.with_name(
        f".{target.stem[:_LONGEST_NAME]}.{os.getpid()}.part{target.suffix[:_LONGEST_NAME]}"
    )
    try:
        yield part
        with contextlib.suppress(OSError):  # a new file has no permissions to keep
            shutil.copymode(target, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _replaceable(path: Path) -> Path | None:
    """Return the file to replace, links followed; None for what must be written through."""
    target = path.resolve()
    try:
        found = path.stat()
    except OSError:
        return target  # new, or the writing itself tells why not
    whole = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    if not whole or _open_stream(found) is not None or not os.access(target.parent, os.W_OK):
        return None
    return target


def _write_through(path: Path) -> BinaryIO:
    """Open what is there; /dev/stdout is our own stream, which must not be cut to nothing."""
    stream = _open_stream(path.stat())
    return path.open("wb") if stream is None else os.fdopen(os.dup(stream), "wb")


def _open_stream(found: os.stat_result) -> int | None:
    """Return the standard stream that leads to a file, if one does."""
    for stream in _STANDARD_STREAMS:
        with contextlib.suppress(OSError):
            if os.path.samestat(found, os.fstat(stream)):
                return stream
    return None


def _same(path: Path, other: Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # one of them is not there (yet)
        return path.resolve() == other.resolve()
