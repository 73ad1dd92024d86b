"""A report for people: printed as tables, or as one HTML file with pictures."""

import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.bench.plots import PLOTS, draw
from engine.bench.table import TABLES, fill

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["as_html", "show"]

_WIDTH = 140


def _machine_lines(machine: Mapping[str, Any]) -> list[str]:
    """Return what is to be known about the machine and the version, a line each."""
    packages = ", ".join(f"{n} {v}" for n, v in machine["packages"].items() if v)
    busy = machine["busy_share"]
    commit = f", commit {machine['commit']}" if machine["commit"] else ""
    return [
        f"Stimmung {machine['stimmung']}{commit}, {machine['date']}",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB; "
        f"{machine['system']}",
        f"Python {machine['python']}, {packages}",
        f"load at the start {machine['load']}"
        + (f", processors {busy:.0%} busy" if busy is not None else ""),
    ]


def show(report: Mapping[str, Any], console: "Console") -> None:
    """Print the machine, and the tables of what was measured."""
    from rich.markup import escape
    from rich.table import Table

    for line in _machine_lines(report["machine"]):
        console.print(line, markup=False)
    figures = {name: part["figures"] for name, part in report["parts"].items()}
    for table in TABLES:
        parts = [part for part in table.parts if part in figures]
        if not parts or (len(table.parts) > 1 and len(figures) == 1):
            continue  # what joins several parts says nothing about one
        rows = fill(table, figures)
        if not rows:
            continue
        drawn = Table(
            *map(escape, table.head),
            title=escape(table.title),
            caption=escape(table.note),
            show_header=any(table.head),
            title_justify="left",
            caption_justify="left",
        )
        for row in rows:
            drawn.add_row(*map(escape, row))
        console.print(drawn)


def as_html(report: Mapping[str, Any], warnings: Sequence[str]) -> str:
    """Return a report, as `engine.bench.report.run_report` returns it, as a page."""
    from rich.console import Console

    console = Console(record=True, width=_WIDTH, file=io.StringIO(), highlight=False)
    for warning in warnings:
        console.print(warning, style="bold red", markup=False)
    show(report, console)
    figures = {name: part["figures"] for name, part in report["parts"].items()}
    pictures = [
        f"<figure><figcaption>{html.escape(title)}</figcaption>{svg}</figure>"
        for name, (title, _) in PLOTS.items()
        if (svg := _svg(name, figures))
    ]
    page = console.export_html(inline_styles=True)
    return page.replace("</body>", "\n".join([*pictures, "</body>"]))


def _svg(name: str, figures: Mapping[str, Any]) -> str:
    """Return a picture as SVG that can stand in a page; empty if there is none."""
    figure = draw(name, figures)
    if figure is None:
        return ""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    # Names within a picture are its own: several share a page.
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    return re.sub(r'(url\(#|xlink:href="#)', rf"\g<1>{name}-", svg)
