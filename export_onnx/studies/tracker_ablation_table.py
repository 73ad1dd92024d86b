"""Tables of an ablation in Markdown, from the files of its rows."""

import json
from pathlib import Path
from typing import Any

from engine.errors import InputError
from export_onnx.studies.tracker_ablate import ROWS
from export_onnx.tracker.scores import Measure, difference, score
from export_onnx.training.metrics import Score

__all__ = ["write_report"]

_COLUMNS = {
    "emopia quadrant": "EMOPIA 4Q",
    "emopia arousal": "EMOPIA A",
    "emopia valence": "EMOPIA V",
    "vgmidi arousal": "VGMIDI r A",
    "vgmidi valence": "VGMIDI r V",
    "emotify arousal": "Emotify r A",
    "emotify valence": "Emotify r V",
    "emotify tags": "GEMS AUC",
}
_STEPS = (("joint", "single"), ("joint", "deaf"), ("taught", "joint"))


def _read(folder: Path, teachers: Path | None) -> dict[str, dict[str, Any]]:
    rows = {}
    for name in (*ROWS, "teachers"):
        path = (teachers if name == "teachers" and teachers else folder) / f"{name}.json"
        if path.exists():
            rows[name] = json.loads(path.read_text(encoding="utf-8"))
    if not rows:
        raise InputError(f"{folder}: no row was trained there")
    return rows


def _cell(one: Score, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return f"{one.value:{sign}.2f} ({one.low:{sign}.2f}..{one.high:{sign}.2f})"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write_report(folder: Path, report: Path | None = None, teachers: Path | None = None) -> str:
    """Return the tables of all finished rows in `folder`; also write them to `report`.

    `teachers` is the folder of ``teachers.json``.

    Raises
    ------
    InputError
        There is no finished row.
    """
    rows = _read(folder, teachers)
    measures = {
        name: {key: Measure.from_json(one) for key, one in row["measures"].items()}
        for name, row in rows.items()
    }
    head = _line(["", *_COLUMNS.values()])
    rule = _line(["---"] * (1 + len(_COLUMNS)))
    lines = [head, rule]
    for name, row in rows.items():
        cells = [
            _cell(score(measures[name][key])) if key in measures[name] else "" for key in _COLUMNS
        ]
        lines.append(_line([row["title"], *cells]))
    steps = [(a, b) for a, b in _STEPS if a in rows and b in rows]
    if steps:
        lines += ["", "Differences on the same clips:", "", head, rule]
    for first, second in steps:
        cells = [
            _cell(difference(measures[first][key], measures[second][key]), signed=True)
            for key in _COLUMNS
        ]
        lines.append(_line([f"`{first}` - `{second}`", *cells]))
    lines += ["", _line(["row", "epochs x steps", "crop [s]", "seed", "minutes", "commit"])]
    lines.append(_line(["---"] * 6))
    for name, row in rows.items():
        budget = f"{row['epochs']} x {row['steps_per_epoch']}"
        spent = f"{row['seconds'] / 60:.1f}"
        facts = [budget, f"{row['crop_s']:g}", str(row["seed"]), spent, row["commit"]]
        lines.append(_line([f"`{name}`", *facts]))
    text = "\n".join(lines) + "\n"
    if report is not None:
        report.write_text(_with_introduction(text, report), encoding="utf-8")
    return text


_MARK = "<!-- tables: written by `python -m export_onnx ablate tracker` -->"


def _with_introduction(tables: str, report: Path) -> str:
    """Keep what a person wrote above the mark."""
    written = report.read_text(encoding="utf-8") if report.exists() else "# Ablation\n\n"
    return f"{written.split(_MARK)[0].rstrip()}\n\n{_MARK}\n\n{tables}"
