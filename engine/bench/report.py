"""A report: chosen parts measured one after the other, as JSON, HTML and tables."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.bench.core import missing
from engine.bench.machine import describe_machine, is_busy
from engine.bench.parts import PARTS, Size, measure

__all__ = ["STANDARD", "failures", "run_report", "warnings_of", "write_report"]

STANDARD: Final = tuple(name for name, part in PARTS.items() if part.standard)
"""Parts of the whole report, in order."""


def run_report(
    names: Sequence[str],
    *,
    size: Size = "standard",
    begin: Callable[[str], None] = lambda _name: None,
    done: Callable[[str, float], None] = lambda _name, _seconds: None,
) -> dict[str, Any]:
    """Measure parts one after the other.

    Parameters
    ----------
    names : sequence of str
        Of `PARTS`.
    size : str
        ``quick`` (the figures are rough), ``standard`` or ``long``.
    begin, done : callable
        Told of each part, and how long it took [s].

    Returns
    -------
    dict
        ``machine`` (see `describe_machine`), ``size``, ``parts``: by name ``seconds`` and
        ``figures``. What could not be measured is ``{"missing": reason}``.
    """
    report: dict[str, Any] = {"machine": describe_machine(), "size": size, "parts": {}}
    for name in names:
        begin(name)
        began = time.perf_counter()
        try:
            figures = measure(name, size)
        except (OSError, ValueError) as error:
            figures = missing(f"failed ({error})")
        seconds = round(time.perf_counter() - began, 1)
        report["parts"][name] = {"seconds": seconds, "figures": figures}
        done(name, seconds)
    return report


def failures(report: Mapping[str, Any]) -> list[str]:
    """Return the parts that broke, as against what a machine lacks."""
    return [
        name
        for name, part in report["parts"].items()
        if str(part["figures"].get("missing", "")).startswith(("failed", "not done"))
    ]


def warnings_of(report: Mapping[str, Any]) -> list[str]:
    """Return what makes the figures doubtful, a line each."""
    machine = report["machine"]
    found = []
    if is_busy(machine):
        found.append(
            f"The machine was {machine['busy_share']:.0%} busy with other things: "
            "times are upper bounds, trust only ratios."
        )
    if report["size"] == "quick":
        found.append("Measured quickly: the figures are rough.")
    return found


def write_report(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write ``report.json`` and ``report.html`` into a folder; return their paths."""
    from engine.bench.page import as_html

    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.json": json.dumps(report, indent=1) + "\n",
        "report.html": as_html(report, warnings_of(report)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
