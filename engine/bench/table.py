"""Tables that are filled from measured figures: the same words on screen, in HTML and in the docs.

``tables.md`` holds them: ``# NAME: title``, a Markdown table, and a note on what was done. A cell
has places for figures in braces: ``{tracker.hop_ms:.1f} ms`` is the figure ``hop_ms`` of the part
``tracker`` in Python's format ``.1f``. A row that begins with ``for engines.*:`` is repeated for
every entry there, lists included: its places name figures of the entry, ``{1}`` the name that the
first asterisk stands for. Where something could not be measured there is ``{"missing": reason}`` in
place of the figure or of all figures around it; cells show the reason.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

__all__ = ["ABSENT", "TABLES", "Table", "fill", "find", "markdown", "read_tables"]

Figures = Mapping[str, Any]
"""By part and name; parts may nest."""

Cells = tuple[str, ...]

_PLACE: Final = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
_REPEATED: Final = re.compile(r"for ([^:]+): ")
_MINUS_NOTHING: Final = re.compile(r"^-(?=[0.,]*%?$)")
_NOT_MEASURED: Final = "not measured"
_NOTHING: Final = "–"

ABSENT: Final = object()
"""Stands for a figure that was not measured."""


@dataclass(frozen=True)
class Table:
    """What a table says.

    Attributes
    ----------
    name : str
        By which a page asks for it.
    title : str
        Above it in a report.
    head : tuple of str
        Above the columns.
    rows : tuple of tuple of str
        The cells, with places for figures.
    note : str
        A line below: what was done.
    """

    name: str
    title: str
    head: Cells
    rows: tuple[Cells, ...]
    note: str = ""

    @property
    def parts(self) -> Cells:
        """The parts of the benchmark that it draws on."""
        found = []
        for row in self.rows:
            repeated = _REPEATED.match(row[0])
            paths = [repeated[1]] if repeated else [path for path, _ in _PLACE.findall(str(row))]
            found += [path.partition(".")[0] for path in paths]
        return tuple(dict.fromkeys(found))


def read_tables(text: str) -> tuple[Table, ...]:
    """Return the tables of a text as the module says."""
    tables = []
    for block in re.split(r"^# ", text, flags=re.M)[1:]:
        first, *lines = block.splitlines()
        name, _, title = first.partition(": ")
        grid = [_cells(line) for line in lines if line.startswith("|")]
        note = " ".join(line for line in lines if line and not line.startswith("|"))
        tables.append(Table(name, title, grid[0], tuple(grid[2:]), note))
    return tuple(tables)


def _cells(line: str) -> Cells:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


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


def fill(table: Table, figures: Figures) -> tuple[Cells, ...]:
    """Return the rows with their figures; rows for which nothing was measured are left out."""
    rows: list[Cells] = []
    for cells in table.rows:
        repeated = _REPEATED.match(cells[0])
        if repeated is None:
            rows.append(_row(cells, figures))
            continue
        cells = (cells[0][repeated.end() :], *cells[1:])
        for names, entry in _entries(figures, repeated[1].split(".")):
            numbered = {str(number): name for number, name in enumerate(names, 1)}
            rows.append(_row(cells, {**entry, **numbered}, names))
    return tuple(row for row in rows if any(row))


def _entries(value: Any, path: Sequence[str], names: Cells = ()) -> Iterator[tuple[Cells, Figures]]:
    """Yield the entries that a path with asterisks leads to, and what the asterisks stand for."""
    if not isinstance(value, Mapping | list):
        return
    if not path or (isinstance(value, Mapping) and "missing" in value):
        if isinstance(value, Mapping):
            yield names, value
    elif path[0] != "*":
        yield from _entries(
            value.get(path[0]) if isinstance(value, Mapping) else None, path[1:], names
        )
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield from _entries(below, path[1:], (*names, name))
    else:
        for below in value:
            yield from _entries(below, path[1:], names)


def _row(cells: Cells, figures: Figures, names: Cells = ()) -> Cells:
    """Return a row; one of empty cells if nothing it asks for was measured."""
    own = {str(number) for number in range(1, len(names) + 1)}
    places = [path for cell in cells for path, _ in _PLACE.findall(cell) if path not in own]
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


def markdown(table: Table, rows: Sequence[Cells]) -> str:
    """Return a filled table as Markdown."""
    lines = [table.head, tuple("---" for _ in table.head), *rows]
    return "\n".join("|" + "".join(_markdown_cell(cell) for cell in line) for line in lines)


def _markdown_cell(text: str) -> str:
    kept = text.replace("|", "\\|")
    return f" {kept} |" if kept else " |"


TABLES: Final = read_tables(
    resources.files(__package__).joinpath("tables.md").read_text(encoding="utf-8")
)
"""All tables, in the order of a report."""
