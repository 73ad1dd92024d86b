"""``stimmung bench``: figures of this machine, as a table or JSON."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.cli.options import Commands, check_output

__all__ = ["add", "run"]

_MIDI_NOTES = 1500


def _tracker() -> dict[str, Any]:
    from engine.bench.tracker import measure_tracker

    return measure_tracker()


def _live() -> dict[str, Any]:
    from engine.bench.live import measure_live

    return measure_live()


def _rules() -> dict[str, Any]:
    from engine.bench.control import measure_control

    return measure_control("rules")


def _muser() -> dict[str, Any]:
    from engine.bench.generator import measure_muser

    return measure_muser()


def _amt() -> dict[str, Any]:
    from engine.bench.chords import measure_amt
    from engine.bench.control import measure_control

    return {**measure_amt(), **measure_control("amt")}


def _sync() -> dict[str, Any]:
    from engine.bench.sync import measure_follower

    return measure_follower()


def _midi() -> dict[str, Any]:
    """Measure every output this machine has; each beside a plain sleep loop in the same run."""
    from dataclasses import asdict

    from engine.bench.midi import measure_lateness
    from engine.errors import MidiPortError

    figures: dict[str, Any] = {}
    for output in ("virtual", "jack", "none"):
        try:
            measured = measure_lateness(output, n_events=_MIDI_NOTES)
        except MidiPortError as error:
            figures[output] = str(error)
            continue
        for name, lateness in (("", measured.sender), (" plain loop", measured.plain)):
            if lateness is not None:
                for figure, value in asdict(lateness).items():
                    if figure.endswith("_ms"):
                        figures[f"{output}{name} {figure}"] = round(value, 3)
        figures[f"{output} dropped"] = measured.dropped
        figures[f"{output} cpu share"] = round(measured.sender_cpu, 4)
    return figures


_MEASURES: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "tracker": ("cost of the tracker on one core", _tracker),
    "live": ("first emotion, memory and load of the live engine", _live),
    "rules": ("how well the music of `rules` follows the target", _rules),
    "muser": ("cost of `muser` on one core", _muser),
    "amt": ("cost of `amt`, its voices, and how well its music follows the target", _amt),
    "midi": ("how late notes leave, beside a plain sleep loop", _midi),
    "sync": ("how well a MIDI clock is followed", _sync),
}


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bench",
        help="measure this machine",
        description="Measure this machine: "
        + "; ".join(f"{name}: {what}" for name, (what, _) in _MEASURES.items())
        + ".",
        allow_abbrev=False,
    )
    parser.add_argument("what", nargs="*", choices=tuple(_MEASURES), metavar="WHAT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Measure and print."""
    from rich.console import Console
    from rich.table import Table

    if parsed.json is not None:
        check_output(parsed.json)
    names = parsed.what or list(_MEASURES)
    console = Console()
    figures: dict[str, dict[str, Any]] = {}
    for name in names:
        title, measure = _MEASURES[name]
        with console.status(f"measuring {title}"):
            figures[name] = measure()
        table = Table("figure", "value", title=title)
        for figure, value in figures[name].items():
            table.add_row(figure, str(value))
        console.print(table)
    if parsed.json is not None:
        parsed.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0
