"""What a command returns, printed: files, rows of scores, differences, or plain words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from export_onnx.training.metrics import Score

__all__ = ["Row", "print_answer"]


@dataclass(frozen=True)
class Row:
    """One line of a table: a measure of one system on one data set, with its interval."""

    dataset: str
    measure: str
    system: str
    score: Score

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        told = {"dataset": self.dataset, "measure": self.measure, "system": self.system}
        return {**told, **asdict(self.score)}


def _print_rows(rows: Sequence[Row]) -> None:
    names = [(row.dataset, row.measure, row.system) for row in rows]
    widths = [max(len(each) for each in column) for column in zip(*names, strict=True)]
    for told, row in zip(names, rows, strict=True):
        score = row.score
        cells = "  ".join(name.ljust(width) for name, width in zip(told, widths, strict=True))
        print(f"{cells}  {score.value:7.3f}  [{score.low:6.3f}, {score.high:6.3f}]  n {score.n:4d}")


def print_answer(answer: Any, options: Any) -> None:
    """Print what a command returned.

    Parameters
    ----------
    answer : str, Path, int, mapping, list, or None
        Words; a file written; a number of files written; values by name; several words, files or
        `Row` (also written to the file of the option ``json``). None: a training that was stopped.
    options : dataclass
        The options of the command.
    """
    if answer is None:
        print(f"stopped; the same command goes on: {options.out}")
    elif isinstance(answer, int):
        print(f"{options.out}: {answer} files written")
    elif isinstance(answer, Mapping):
        for name, value in answer.items():
            print(f"{name}: {value:.2g}" if isinstance(value, float) else f"{name}: {value}")
    rows = [part for part in answer if isinstance(part, Row)] if isinstance(answer, list) else []
    for part in answer if isinstance(answer, list) else [answer]:
        if isinstance(part, Path):
            size = f", {part.stat().st_size / 1e6:.1f} MB" if part.is_file() else ""
            print(f"written: {part}{size}")
        elif isinstance(part, str):
            print(part)
    if rows:
        _print_rows(rows)
        if options.json is not None:
            text = json.dumps([row.to_json() for row in rows], indent=1)
            options.json.write_text(text, encoding="utf-8")
