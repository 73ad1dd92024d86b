"""``stimmung bench``: figures of this machine, as tables, JSON and a page with pictures."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.bench.parts import PARTS, Size
from engine.cli.options import Commands
from engine.errors import InputError
from engine.files import check_output, write_output

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["add", "run"]

_GROUPS = {"scaling": ("trackers", "hours")}
"""Names that stand for several parts."""

_FOLDER = Path("stimmung-bench")


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bench",
        help="measure this machine",
        description="Measure processor load and timing on this machine. Parts: "
        + "; ".join(f"{name}: {part.title}" for name, part in PARTS.items())
        + f"; scaling: {', '.join(_GROUPS['scaling'])}. Without a name: all but "
        + ", ".join(name for name, part in PARTS.items() if not part.standard)
        + ", as a report of tables and pictures. "
        "soak: hours of live playing with real processes and random faults (only when named).",
        allow_abbrev=False,
    )
    parser.add_argument("what", nargs="*", type=_subject, metavar="WHAT")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help=f"write report.html and report.json there (without WHAT: {_FOLDER})",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", action="store_const", dest="size", const="quick", help="fewer repetitions"
    )
    size.add_argument(
        "--long",
        action="store_const",
        dest="size",
        const="long",
        help="more notes, for the high percentiles",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    soaking = parser.add_argument_group("soak")
    soaking.add_argument("--hours", type=float, default=0.05, metavar="H", help="default 0.05")
    soaking.add_argument("--faults", type=int, default=20, metavar="N", help="default 20")
    soaking.add_argument("--seed", type=int, default=0, metavar="S", help="default 0")
    soaking.add_argument(
        "--fake-hours", type=float, metavar="H", help="instead: without threads, in simulated time"
    )
    soaking.add_argument(
        "--only", metavar="WORDS", help="only faults whose names contain these words"
    )
    soaking.add_argument("--folder", type=Path, metavar="DIR", help="keep the sessions there")
    parser.set_defaults(run=run, size="standard")


def _subject(word: str) -> str:
    """Check a WHAT; argparse's own choices would refuse that there is none."""
    known = (*PARTS, *_GROUPS, "soak")
    if word not in known:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(known)}; got {word!r}")
    return word


def run(parsed: argparse.Namespace) -> int:
    """Measure, print and write; return 1 if a part broke."""
    import signal

    if parsed.json is not None:
        check_output(parsed.json)
    # Whoever ends us means all of it: parts, servers and engines are cleared away too.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _soak(parsed) if "soak" in parsed.what else _report(parsed)
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(parsed: argparse.Namespace) -> int:
    from rich.console import Console

    from engine.bench.page import show
    from engine.bench.report import STANDARD, failures, warnings_of, write_report

    names = _parts(parsed.what) or list(STANDARD)
    folder = parsed.report or (None if parsed.what else _FOLDER)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise InputError(f"--report must be a folder; {folder} is a file")
    console = Console(stderr=True, highlight=False)
    report = _measure(names, console, size=parsed.size)
    show(report, Console(highlight=False))
    for warning in warnings_of(report):
        console.print(warning, style="bold")
    if parsed.json is not None:
        _write_json(parsed.json, report)
    if folder is not None:
        for path in write_report(report, folder):
            print(path)
    return 1 if failures(report) else 0


def _write_json(path: Path, values: Any) -> None:
    write_output(path, (json.dumps(values, indent=2) + "\n").encode())


def _parts(what: list[str]) -> list[str]:
    """Return the parts asked for, groups taken apart, each once."""
    return list(dict.fromkeys(name for word in what for name in _GROUPS.get(word, (word,))))


def _measure(names: list[str], console: "Console", *, size: Size) -> dict[str, Any]:
    """Measure with a progress bar; without a terminal, print a line per part."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from engine.bench.report import run_report

    total = sum(PARTS[name].about_s for name in names)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    shown = console.is_terminal
    # Two pictures a second: what is measured shares the cores with this.
    with Progress(
        *columns, console=console, transient=True, refresh_per_second=2, disable=not shown
    ) as bar:
        task = bar.add_task("", total=total)

        def begin(name: str) -> None:
            place = f"{names.index(name) + 1} of {len(names)}"
            bar.update(task, description=f"{place}: {PARTS[name].title}")

        def done(name: str, seconds: float) -> None:
            bar.advance(task, PARTS[name].about_s)
            if not shown:
                console.print(f"{name}: {seconds:.0f} s")

        if size == "standard":
            console.print(
                f"about {max(1, round(total / 60))} min; leave the machine alone meanwhile"
            )
        return run_report(names, size=size, begin=begin, done=done)


def _soak(parsed: argparse.Namespace) -> int:
    """Run the soak test, print what happens, and judge it."""
    import tempfile

    from engine.bench.soak.fake import fake_soak
    from engine.bench.soak.faults import FAULTS
    from engine.bench.soak.report import as_text
    from engine.bench.soak.run import soak
    from engine.choices import check_range

    check_range("--hours", parsed.hours, 0.0, 1000.0)
    check_range("--faults", parsed.faults, 0, 100_000)
    if parsed.fake_hours is not None:
        check_range("--fake-hours", parsed.fake_hours, 0.001, 1000.0)
        found = fake_soak(parsed.fake_hours, seed=parsed.seed)
        print("\n".join(f"{name}: {value}" for name, value in found.items()))
        if parsed.json is not None:
            _write_json(parsed.json, found)
        return 1 if found["hanging_notes"] or found["missed_beats"] else 0
    if parsed.what != ["soak"]:
        raise InputError(f"soak is measured alone; got {' '.join(parsed.what)}")
    kinds = [fault for fault in FAULTS if (parsed.only or "") in fault.name]
    if not kinds:
        names = ", ".join(fault.name for fault in FAULTS)
        raise InputError(f"--only must be part of one of {names}; got {parsed.only!r}")
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
        _write_json(parsed.json, report.to_json())
    return 0 if report.passed else 1
