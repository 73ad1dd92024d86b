"""Tables that are filled from measured figures: the same words on screen, in HTML and in the docs.

A cell is text with places for figures in braces: ``{tracker.hop_ms|.1f} ms`` is the figure
``hop_ms`` of the part ``tracker`` in Python's format ``.1f``. Where something could not be measured
there is ``{"missing": reason}`` in place of the figure or of all figures around it; cells show the
reason.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["ABSENT", "Each", "FilledTable", "Table", "fill", "find", "markdown", "parts_of"]

Figures = Mapping[str, Any]
"""By part and name; parts may nest."""

_PLACE: Final = re.compile(r"\{([^{}|]+)(?:\|([^{}]*))?\}")
_MINUS_NOTHING: Final = re.compile(r"^-(?=[0.,]*%?$)")
_NOT_MEASURED: Final = "not measured"
_NOTHING: Final = "–"

ABSENT: Final = object()
"""What stands for a figure that nobody took."""


@dataclass(frozen=True)
class Each:
    """One row for every entry of a list of figures.

    Attributes
    ----------
    list : str
        Where the list is.
    cells : tuple of str
        Places name figures of the entry, or of everything.
    """

    list: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """What a table says.

    Attributes
    ----------
    name : str
        By which a page asks for it.
    part : str
        Of the benchmark; ``stimmung bench PART`` measures it. Empty if it draws on several.
    title : str
        Above it in a report.
    rows : tuple of (tuple of str or Each)
        The cells.
    head : tuple of str
        Above the columns.
    note : str
        A line below: what was done.
    """

    name: str
    part: str
    title: str
    rows: tuple[tuple[str, ...] | Each, ...]
    head: tuple[str, ...] = ("", "")
    note: str = ""


@dataclass(frozen=True)
class FilledTable:
    """A table with its figures in place; rows nothing was measured for are left out."""

    table: Table
    rows: tuple[tuple[str, ...], ...]


def find(figures: Figures, path: str) -> Any:
    """Return a figure by its path, such as ``midi.jack p99_ms``; `ABSENT` if there is none.

    Names may hold dots themselves.
    """
    if path in figures:
        return figures[path]
    for dot in re.finditer(r"\.", path):
        below = figures.get(path[: dot.start()])
        if isinstance(below, Mapping):
            return find(below, path[dot.end() :])
    return ABSENT


def parts_of(table: Table) -> tuple[str, ...]:
    """Return the parts of the benchmark that a table draws on."""
    if table.part:
        return (table.part,)
    texts = [cell for row in table.rows if not isinstance(row, Each) for cell in row]
    paths = [path for text in texts for path, _ in _PLACE.findall(text)]
    return tuple(dict.fromkeys(path.partition(".")[0] for path in paths))


def fill(table: Table, figures: Figures) -> FilledTable:
    """Put the figures into a table."""
    rows: list[tuple[str, ...]] = []
    for row in table.rows:
        if isinstance(row, Each):
            entries = find(figures, row.list)
            if isinstance(entries, Sequence):
                rows += [_row(row.cells, {**figures, **entry}) for entry in entries]
            elif reason := _reason(figures, row.list):
                rows.append((reason, *("" for _ in row.cells[1:])))
        else:
            rows.append(_row(row, figures))
    return FilledTable(table, tuple(row for row in rows if any(row)))


def _row(cells: Sequence[str], figures: Figures) -> tuple[str, ...]:
    """Return a row; one of empty cells if nothing it asks for was measured."""
    places = [path for cell in cells for path, _ in _PLACE.findall(cell)]
    known = [find(figures, path) is not ABSENT or _reason(figures, path) for path in places]
    if places and not any(known):
        return tuple("" for _ in cells)
    return tuple(_cell(cell, figures) for cell in cells)


def _cell(text: str, figures: Figures) -> str:
    """Return a cell's text; the reason instead if a figure of it is missing."""
    for path, _ in _PLACE.findall(text):
        value = find(figures, path)
        if value is ABSENT or isinstance(value, Mapping):
            return _reason(figures, path) or _NOT_MEASURED
    return _PLACE.sub(lambda place: _shown(find(figures, place[1]), place[2] or ""), text)


def _shown(value: Any, form: str) -> str:
    if value is None:
        return _NOTHING
    return value if isinstance(value, str) else _MINUS_NOTHING.sub("", format(value, form))


def _reason(figures: Figures, path: str) -> str:
    """Return why there is no figure: what stands in its place or around it says so; or nothing."""
    ends = [len(path), *(dot.start() for dot in reversed(list(re.finditer(r"\.", path))))]
    for end in ends:
        around = find(figures, path[:end])
        if isinstance(around, Mapping) and "missing" in around:
            return str(around["missing"])
    return str(figures.get("missing", ""))


def markdown(filled: FilledTable) -> str:
    """Return the table as Markdown."""
    head = filled.table.head
    lines = [head, tuple("---" for _ in head), *filled.rows]
    return "\n".join("|" + "".join(_markdown_cell(cell) for cell in line) for line in lines)


def _markdown_cell(text: str) -> str:
    kept = text.replace("|", "\\|")
    return f" {kept} |" if kept else " |"
