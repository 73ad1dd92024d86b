"""Fill the tables of the docs from what was measured, so that no figure is typed by hand.

``python docs/figures.py REPORT.json ...`` takes over the parts of reports that ``stimmung bench``
wrote, keeps each as ``docs/figures/PART.json``, writes every table between its markers anew, and
draws the pictures. Without a report it does the last two only.

In a page ``<!-- figures: NAME -->`` begins and ``<!-- end of figures -->`` ends a table; NAME is
one of `engine.bench.table.TABLES`. Below it stand the command, the commit and the day.
"""

import argparse
import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.bench.machine import is_busy
from engine.bench.plots import PLOTS, draw
from engine.bench.table import TABLES, fill, markdown

__all__ = ["filled", "load", "main", "pages", "take"]

DOCS = Path(__file__).parent
FIGURES = DOCS / "figures"
PICTURES = DOCS / "pictures"
_DOTS_PER_INCH = 110
_BLOCK = re.compile(r"<!-- figures: ([^\n]*?) -->\n.*?<!-- end of figures -->", re.S)


def main() -> int:
    """Take over reports and rewrite the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", nargs="*", type=Path, metavar="REPORT.json")
    parsed = parser.parse_args()
    for report in parsed.reports:
        for name in take(json.loads(report.read_text("utf-8"))):
            print(f"{FIGURES.name}/{name}.json")
    for page in pages():
        page.write_text(filled(page.read_text("utf-8")), "utf-8")
    _pictures()
    return 0


def take(report: dict[str, Any]) -> list[str]:
    """Keep the parts of a report and return their names.

    A quick look is refused, and nothing longer is given up for something shorter.
    """
    if report["size"] == "quick":
        raise SystemExit("a report made with --quick has no figures for the docs")
    FIGURES.mkdir(exist_ok=True)
    before = load()
    taken = []
    for name, part in report["parts"].items():
        if report["size"] == "standard" and before.get(name, report)["size"] == "long":
            print(f"{name}: kept what was measured with --long; repeat that")
            continue
        kept = {"machine": report["machine"], "size": report["size"], **part}
        (FIGURES / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        taken.append(name)
    return taken


def load() -> dict[str, Any]:
    """Return what is kept, by part: ``machine``, ``size``, ``seconds``, ``figures``."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FIGURES.glob("*.json"))
    }


def filled(text: str) -> str:
    """Return a page with its tables as the kept figures have them; one without says so."""
    kept = load()
    figures = {name: part["figures"] for name, part in kept.items()}
    tables = {table.name: table for table in TABLES}

    def block(found: re.Match[str]) -> str:
        name = found[1]
        if name not in tables:
            raise SystemExit(f"no table is called {name!r}; there are {', '.join(tables)}")
        table = tables[name]
        parts = table.parts
        rows = fill(table, figures)
        if not rows or not set(parts) <= set(kept):
            wanted = " ".join(part for part in parts if part not in kept) or parts[0]
            blank = f"*Not measured yet: `stimmung bench {wanted}`*"
            return f"<!-- figures: {name} -->\n{blank}\n<!-- end of figures -->"
        lines = [markdown(table, rows), ""]
        lines += [table.note, ""] if table.note else []
        lines += [
            "; ".join(
                dict.fromkeys(
                    _source(part if len(parts) == 1 else "", kept[part]) for part in parts
                )
            )
        ]
        return "\n".join([f"<!-- figures: {name} -->", *lines, "<!-- end of figures -->"])

    return _BLOCK.sub(block, text)


def _source(part: str, kept: dict[str, Any]) -> str:
    machine, long = kept["machine"], " --long" if kept["size"] == "long" else ""
    command = f"stimmung bench {part}{long}".strip()
    day = datetime.fromisoformat(machine["date"])
    version = f"commit `{machine['commit']}`" if machine["commit"] else machine["stimmung"]
    busy = ", while others kept the machine busy" if is_busy(machine) else ""
    return f"*`{command}`, {version}, {day.day} {day:%B %Y}{busy}*"


def pages() -> list[Path]:
    """Return the pages that hold tables of figures."""
    found = [*sorted(DOCS.glob("**/*.md")), DOCS.parent / "README.md"]
    return [page for page in found if _BLOCK.search(page.read_text("utf-8"))]


def _pictures() -> None:
    figures = {name: part["figures"] for name, part in load().items()}
    for name in PLOTS:
        figure = draw(name, figures)
        if figure is not None:
            path = PICTURES / f"bench-{name}.png"
            figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Software": None})
            print(f"{PICTURES.name}/{path.name}")


if __name__ == "__main__":
    sys.exit(main())
