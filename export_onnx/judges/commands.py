"""Commands of the judges."""

from dataclasses import dataclass
from pathlib import Path

import torch

from export_onnx.judges.sequence import SequenceConfig
from export_onnx.judges.train import JUDGES_FOLDER, check_judges, load_bench, train_judges
from export_onnx.training.answers import Row
from export_onnx.training.options import data_option, nested, option

__all__ = ["EvaluateOptions", "TrainOptions", "evaluate", "train"]


@dataclass(frozen=True)
class TrainOptions:
    """Real clips in, judges out."""

    data: Path = data_option()
    out: Path = option(JUDGES_FOLDER, "folder of the judges")
    sequence: SequenceConfig = nested(SequenceConfig, seed="")


def train(options: TrainOptions) -> Path:
    """Train the judges on real clips; returns their folder."""
    torch.set_num_threads(1)  # more threads would change the last digits, and so the judges
    train_judges(options.data, options.out, options.sequence)
    return options.out


@dataclass(frozen=True)
class EvaluateOptions:
    """Judges and the real clips they are measured on."""

    data: Path = data_option()
    split: str = option("val")
    judges: Path = option(JUDGES_FOLDER, "folder of the judges")
    json: Path | None = option(None, "also write the table here")


def evaluate(options: EvaluateOptions) -> list[Row]:
    """Measure the judges on real clips (intervals over songs)."""
    bench = load_bench(options.judges)
    rows = check_judges(bench, options.data, options.split, options.judges)
    return [Row("real clips", measure, judge, score) for judge, measure, score in rows]
