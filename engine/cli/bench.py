"""``stimmung bench``: figures of this machine, as a table or JSON."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.cli.options import Commands, check_output
from engine.errors import InputError

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


def _video() -> dict[str, Any]:
    from engine.bench.video import measure_video

    return measure_video()


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
    "video": ("how well films are read, and music fits them", _video),
    "sync": ("how well a MIDI clock is followed", _sync),
}


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bench",
        help="measure this machine",
        description="Measure this machine: "
        + "; ".join(f"{name}: {what}" for name, (what, _) in _MEASURES.items())
        + "; soak: hours on a stage of real processes, with faults (only when asked for).",
        allow_abbrev=False,
    )
    parser.add_argument("what", nargs="*", choices=(*_MEASURES, "soak"), metavar="WHAT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    soaking = parser.add_argument_group("soak")
    soaking.add_argument("--hours", type=float, default=0.05, metavar="H", help="default 0.05")
    soaking.add_argument("--faults", type=int, default=20, metavar="N", help="default 20")
    soaking.add_argument("--seed", type=int, default=0, metavar="S", help="default 0")
    soaking.add_argument(
        "--fake-hours", type=float, metavar="H", help="instead: the pure chain on counted time"
    )
    soaking.add_argument("--only", metavar="WORDS", help="faults whose names hold these words")
    soaking.add_argument("--folder", type=Path, metavar="DIR", help="keep the sessions there")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Measure and print."""
    from rich.console import Console
    from rich.table import Table

    if parsed.json is not None:
        check_output(parsed.json)
    if "soak" in parsed.what:
        return _soak(parsed)
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


def _soak(parsed: argparse.Namespace) -> int:
    """Soak, tell the story as it goes, and judge."""
    import signal
    import tempfile

    from engine.bench.soak.fake import fake_soak
    from engine.bench.soak.faults import FAULTS
    from engine.bench.soak.report import as_text
    from engine.bench.soak.run import soak
    from engine.config import check_range

    check_range("--hours", parsed.hours, 0.0, 1000.0)
    check_range("--faults", parsed.faults, 0, 100_000)
    if parsed.fake_hours is not None:
        check_range("--fake-hours", parsed.fake_hours, 0.001, 1000.0)
        found = fake_soak(parsed.fake_hours, seed=parsed.seed)
        print("\n".join(f"{name}: {value}" for name, value in found.items()))
        if parsed.json is not None:
            parsed.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return 1 if found["hanging_notes"] or found["missed_beats"] else 0
    if parsed.what != ["soak"]:
        raise InputError(f"soak is measured alone; got {' '.join(parsed.what)}")
    kinds = [fault for fault in FAULTS if (parsed.only or "") in fault.name]
    if not kinds:
        names = ", ".join(fault.name for fault in FAULTS)
        raise InputError(f"--only must be part of one of {names}; got {parsed.only!r}")
    # Whoever ends us means all of it: server, engine and receiver are cleared away too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="stimmung-soak-") as scratch:
        folder = parsed.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        report = soak(
            folder,
            seconds=parsed.hours * 3600.0,
            faults=parsed.faults,
            seed=parsed.seed,
            tell=lambda line: print(line, flush=True),
            kinds=kinds,
        )
    print(as_text(report))
    if parsed.json is not None:
        parsed.json.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    return 0 if report.passed else 1
