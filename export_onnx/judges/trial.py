"""The music of an engine measured: ``python -m export_onnx evaluate muser``, for any engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.choices import check_range
from engine.errors import InputError
from engine.midi.file import write_midi_file
from export_onnx.judges.material import Plan
from export_onnx.judges.report import SECTIONS, Reconstruct, Subject, measure
from export_onnx.judges.train import JUDGES_FOLDER, load_bench
from export_onnx.training.options import data_option, option

__all__ = ["TrialOptions", "try_engine"]

_USUAL: Final = tuple(name for name in SECTIONS if name != "players")


@dataclass(frozen=True)
class TrialOptions:
    """The engine, the real clips it is compared with, and how much it makes."""

    data: Path = data_option()
    train_data: Path | None = option(None, "where the training part lies, if elsewhere")
    split: str = option("val", "real clips to compare with")
    engine: str = option("rules", "engine on trial")
    judges: Path = option(JUDGES_FOLDER, "folder of the judges")
    sections: tuple[str, ...] = option(_USUAL, "what to measure", choices=tuple(SECTIONS))
    clips: int = option(32, "clips per quadrant target")
    bars: int = option(16, "bars per clip")
    level: float = option(0.8, "quadrant targets at +-LEVEL")
    tempo: float = option(100.0, "of all clips [BPM]")
    seeds: int = option(4, "clips per point of the grid")
    runs: int = option(32, "runs per step of the target")
    every: int = option(1, "transfer, ensemble: every N-th real piece only")
    settings: tuple[str, ...] = option((), "setting of the engine, NAME=VALUE", flag="--set")
    players: Path | None = option(None, "section players: a folder of MIDI files for each")
    json: Path | None = option(None, "also write the figures here")
    out: Path | None = option(None, "folder for the table and the quadrant clips as MIDI")


def _settings(pairs: tuple[str, ...]) -> dict[str, float]:
    settings = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            settings[name] = float(value)
        except ValueError as error:
            raise InputError(f"--set must look like name=0.5; got {pair!r}") from error
    return settings


def try_engine(options: TrialOptions, reconstruct: Reconstruct | None = None) -> list[str]:
    """Measure and write; `reconstruct` sends real clips through the engine's codes.

    Returns
    -------
    list of str
        The figures as aligned lines.
    """
    for name, low, high in (("clips", 1, 1000), ("bars", 16, 64), ("seeds", 1, 100)):
        check_range(name, getattr(options, name), low, high)
    for name in ("runs", "every"):
        check_range(name, getattr(options, name), 1, 1000)
    check_range("level", options.level, 0.0, 1.0)
    plan = Plan(
        engine=options.engine,
        level=options.level,
        bars=options.bars,
        per_quadrant=options.clips,
        seeds=options.seeds,
        responses=options.runs,
        every=options.every,
        tempo_bpm=options.tempo,
        settings=_settings(options.settings),
    )
    subject = Subject(
        plan,
        load_bench(options.judges),
        options.data,
        options.train_data or options.data,
        options.split,
        options.judges,
        reconstruct,
        options.players,
    )
    figures = [figure.to_json() for figure in measure(subject, options.sections)]
    lines = _table(figures)
    text = json.dumps(figures, indent=1)
    if options.json is not None:
        options.json.write_text(text, encoding="utf-8")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "figures.json").write_text(text, encoding="utf-8")
        (options.out / "table.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if "quadrants" in options.sections:
            _write_clips(subject, options.out / "clips")
    return lines


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


def _write_clips(subject: Subject, folder: Path) -> None:
    """Write the quadrant clips as MIDI files, to be listened to."""
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
