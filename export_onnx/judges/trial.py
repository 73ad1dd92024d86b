"""``python -m export_onnx evaluate muser|amt``: evaluate the music of an engine."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError

if TYPE_CHECKING:  # measuring needs torch, offering the command must not
    from export_onnx.judges.report import Reconstruct, Subject

__all__ = ["add_options", "run"]

_JUDGES = Path("runs/judges")
_SECTIONS = ("quadrants", "grid", "likeness", "flaws", "memory", "real", "response", "transfer")


def add_options(
    parser: argparse.ArgumentParser, engine: str = "rules", more: tuple[str, ...] = ()
) -> None:
    """Add the options; ``engine`` is measured if none is named, ``more`` are further sections."""
    sections = (*_SECTIONS, *more)
    parser.add_argument(
        "--train-data", type=Path, default=None, help="where the training part lies, if elsewhere"
    )
    parser.add_argument("--split", default="val", help="real clips to compare with")
    parser.add_argument("--engine", default=engine, help=f"engine on trial (default {engine})")
    parser.add_argument("--judges", type=Path, default=_JUDGES, help="folder of the judges")
    parser.add_argument(
        "--sections", default=",".join(sections), help=f"of {', '.join(sections)}, by commas"
    )
    parser.add_argument("--clips", type=int, default=32, help="clips per quadrant target")
    parser.add_argument("--bars", type=int, default=16, help="bars per clip")
    parser.add_argument("--level", type=float, default=0.8, help="quadrant targets at +-LEVEL")
    parser.add_argument("--tempo", type=float, default=100.0, help="of all clips [BPM]")
    parser.add_argument("--seeds", type=int, default=4, help="clips per point of the grid")
    parser.add_argument("--runs", type=int, default=32, help="runs per step of the target")
    parser.add_argument("--every", type=int, default=1, help="transfer every N-th real clip only")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="setting of the engine"
    )
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")
    parser.add_argument(
        "--out", type=Path, default=None, help="folder for the table and the quadrant clips as MIDI"
    )


def _settings(pairs: list[str]) -> dict[str, float]:
    settings = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            settings[name] = float(value)
        except ValueError as error:
            raise InputError(f"--set must look like name=0.5; got {pair!r}") from error
    return settings


def run(arguments: argparse.Namespace, reconstruct: "Reconstruct | None" = None) -> int:
    """Measure, print, write; `reconstruct` sends real clips through the engine's codes."""
    from engine.choices import check_range
    from export_onnx.judges.material import Plan
    from export_onnx.judges.report import SECTIONS, Subject, measure
    from export_onnx.judges.train import load_bench
    from export_onnx.training.arguments import data_folder

    sections = [name for name in arguments.sections.split(",") if name]
    if unknown := [name for name in sections if name not in SECTIONS]:
        raise InputError(f"--sections must be of {', '.join(SECTIONS)}; got {unknown[0]!r}")
    for name, low, high in (("clips", 1, 1000), ("bars", 16, 64), ("seeds", 1, 100)):
        check_range(name, getattr(arguments, name), low, high)
    for name in ("runs", "every"):
        check_range(name, getattr(arguments, name), 1, 1000)
    check_range("level", arguments.level, 0.0, 1.0)
    plan = Plan(
        engine=arguments.engine,
        level=arguments.level,
        bars=arguments.bars,
        per_quadrant=arguments.clips,
        seeds=arguments.seeds,
        responses=arguments.runs,
        every=arguments.every,
        tempo_bpm=arguments.tempo,
        settings=_settings(arguments.set),
    )
    bench = load_bench(arguments.judges)
    data = data_folder(arguments)
    subject = Subject(
        plan,
        bench,
        data,
        arguments.train_data or data,
        arguments.split,
        arguments.judges,
        reconstruct,
    )
    figures = [figure.to_json() for figure in measure(subject, sections)]
    lines = _table(figures)
    print("\n".join(lines))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
        (arguments.out / "table.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if "quadrants" in sections:
            _write_clips(subject, arguments.out / "clips")
    return 0


def _table(figures: list[dict[str, Any]]) -> list[str]:
    """Return the figures as aligned lines."""
    lines = [f"{'section':10} {'who':22} {'measure':58} {'value':>8}  95 % interval      n"]
    for figure in figures:
        low, high = figure["low"], figure["high"]
        interval = "" if low is None else f"{low:7.3f} .. {high:7.3f}"
        line = (
            f"{figure['section']:10} {figure['who']:22} {figure['measure']:58} "
            f"{figure['value']:8.3f}  {interval:18} {figure['n'] or '':>4}  {figure['note']}"
        )
        lines.append(line.rstrip())
    return lines


def _write_clips(subject: "Subject", folder: Path) -> None:
    """Write the quadrant clips as MIDI files, to be listened to."""
    from engine.midi.file import write_midi_file

    folder.mkdir(parents=True, exist_ok=True)
    for made in subject.corners:
        request = made.request
        write_midi_file(
            folder / f"v{request.valence:+.1f}_a{request.arousal:+.1f}_{request.seed}.mid",
            [scheduled.note for scheduled in made.performed.notes],
            [scheduled.control for scheduled in made.performed.controls],
            tempo_bpm=subject.plan.tempo_bpm,
            key=request.key,
            beats_per_bar=4,
        )
