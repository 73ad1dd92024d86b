"""Tables of rows: CSV, JSON lines, Parquet."""

import contextlib
import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from engine.errors import InputError
from engine.files import output_file, staged_output
from engine.library.rows import ROW_COLUMNS, Row

__all__ = ["FORMATS", "Write", "format_of", "open_table"]

FORMATS: Final = ("csv", "jsonl", "parquet")

Write = Callable[[Iterable[Row]], None]

_WORDS: Final = ("file", "key", "chord", "state")


def format_of(path: Path | None, asked: str | None) -> str:
    """Return the format: as asked, else by the name of the output, else CSV.

    Raises
    ------
    InputError
        Parquet is to go to standard output.
    """
    by_name = "" if path is None else path.suffix.lower().removeprefix(".")
    chosen = asked or (by_name if by_name in FORMATS else "csv")
    if chosen == "parquet" and path is None:
        raise InputError("--format parquet needs -o FILE: it is no text")
    return chosen


@contextlib.contextmanager
def open_table(path: Path | None, kind: str, *, several: bool) -> Iterator[Write]:
    """Yield what writes rows; a file is complete when the block ends.

    Parameters
    ----------
    path : Path or None
        None writes to standard output.
    kind : str
        One of `FORMATS`.
    several : bool
        Whether a column names the file.
    """
    columns = ("file", *ROW_COLUMNS) if several else ROW_COLUMNS
    if kind == "parquet":
        assert path is not None
        with staged_output(path) as staged, _parquet(staged, columns) as write:
            yield write
    elif path is None:
        yield _text(sys.stdout, kind, columns)
    else:
        with output_file(path) as binary:
            text = io.TextIOWrapper(binary, encoding="utf-8", newline="", write_through=True)
            yield _text(text, kind, columns)
            text.detach()


def _text(file: TextIO, kind: str, columns: tuple[str, ...]) -> Write:
    if kind == "jsonl":
        return lambda rows: file.writelines(json.dumps(row) + "\n" for row in rows)
    table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    return table.writerows


@contextlib.contextmanager
def _parquet(path: Path, columns: tuple[str, ...]) -> Iterator[Write]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(
            "--format parquet needs pyarrow: pip install 'stimmung[parquet]'"
        ) from error
    fields: list[Any] = [
        (name, pyarrow.string() if name in _WORDS else pyarrow.float64()) for name in columns
    ]
    fields.append(("tags", pyarrow.map_(pyarrow.string(), pyarrow.float64())))
    schema = pyarrow.schema(fields)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:

        def write(rows: Iterable[Row]) -> None:
            plain = [{**row, "tags": list(row["tags"].items())} for row in rows]
            if plain:
                writer.write_table(pyarrow.Table.from_pylist(plain, schema=schema))

        yield write
