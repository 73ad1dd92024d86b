"""A report: chosen parts measured one after the other, as JSON, HTML and tables."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.bench.core import missing
from engine.bench.machine import describe_machine, is_busy
from engine.bench.parts import PARTS, Size, measure
from engine.errors import StimmungError

__all__ = ["STANDARD", "failures", "run_report", "warnings_of", "write_report"]

STANDARD: Final = tuple(name for name, part in PARTS.items() if part.standard)
"""Parts of the whole report, in order."""

_ANSWER_S: Final = 5.0


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
    with _jack(wanted=any(PARTS[name].jack for name in names)) as environment:
        for name in names:
            begin(name)
            began = time.perf_counter()
            try:
                figures = measure(name, environment, size)
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


@contextlib.contextmanager
def _jack(*, wanted: bool) -> Iterator[dict[str, str]]:
    """Have a JACK server: the one that runs, else a private one on the dummy driver if installed.

    Yields the environment in which programs find it.
    """
    server = _private_server() if wanted and not _server_runs() else None
    if server is None:
        yield {}
        return
    try:
        yield {"JACK_DEFAULT_SERVER": server.name, "JACK_NO_START_SERVER": "1"}
    finally:
        server.stop()


def _server_runs() -> bool:
    tool = shutil.which("jack_lsp")
    if tool is None:
        return False
    environment = {**os.environ, "JACK_NO_START_SERVER": "1"}
    try:
        asked = subprocess.run(
            [tool], env=environment, capture_output=True, check=False, timeout=_ANSWER_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _private_server() -> Any:
    """Return a server of our own; None where JACK is not installed or does not start."""
    try:
        from engine.bench.soak.jack_rig import JackServer

        return JackServer()
    except (ImportError, StimmungError, OSError):
        return None
