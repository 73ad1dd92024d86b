"""A report as one HTML file that needs nothing beside it."""

import html
import io
import re
from collections.abc import Mapping
from typing import Any, Final

from engine.bench.parts import PARTS
from engine.bench.plots import PLOTS, draw
from engine.bench.table import FilledTable, Table, fill
from engine.bench.tables import TABLES

__all__ = ["as_html", "machine_lines"]

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #8885; }
td:not(:first-child) { font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; } figure svg { background: white; max-width: 100%; height: auto; }
.busy { color: #b03030; font-weight: 600; } .note { color: #777; font-size: .9em; }
"""


def machine_lines(machine: Mapping[str, Any]) -> list[str]:
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


def as_html(report: Mapping[str, Any], warnings: list[str]) -> str:
    """Return a report, as `engine.bench.report.run_report` returns it, as a page."""
    parts = report["parts"]
    figures = {name: part["figures"] for name, part in parts.items()}
    body = [
        f"<h1>Stimmung bench</h1><p>{'<br>'.join(map(_text, machine_lines(report['machine'])))}</p>"
    ]
    body += [f'<p class="busy">{_text(warning)}</p>' for warning in warnings]
    pictures = {name: svg for name in PLOTS if (svg := _svg(name, figures))}
    short = [filled for filled in _filled("", figures) if filled.rows]
    body += [_table(table, single=False) for table in short if len(parts) > 1]
    for name, part in parts.items():
        tables = [filled for filled in _filled(name, figures) if filled.rows]
        title = _text(PARTS[name].title) if name in PARTS else _text(name)
        body.append(f"<h2>{title[:1].upper()}{title[1:]}</h2>")
        body += [_table(table, single=len(tables) == 1) for table in tables]
        command = f"<code>stimmung bench {_text(name)}</code>"
        body.append(f'<p class="note">{command}, {part["seconds"]:.0f} s</p>')
    body.append("<h2>Pictures</h2>")
    body += [
        f"<figure><figcaption>{_text(PLOTS[name][0])}</figcaption>{svg}</figure>"
        for name, svg in pictures.items()
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Stimmung bench</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _filled(part: str, figures: Mapping[str, Any]) -> list[FilledTable]:
    return [fill(table, figures) for table in TABLES if table.part == part]


def _text(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))


def _table(filled: FilledTable, *, single: bool) -> str:
    table: Table = filled.table
    head = "".join(f"<th>{_text(cell)}</th>" for cell in table.head) if any(table.head) else ""
    rows = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in filled.rows
    )
    title = "" if single else f"<h3>{_text(table.title)}</h3>"
    note = f'<p class="note">{_text(table.note)}</p>' if table.note else ""
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"


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
