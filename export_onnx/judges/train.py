"""Train the judges on real clips, and measure them on clips of other songs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.errors import InputError
from export_onnx.judges.corpus import Clip, read_corpus
from export_onnx.judges.judge import HIGH_AROUSAL, HIGH_VALENCE, Judge
from export_onnx.judges.plain import PlainJudge, Rater, fit_plain, fit_rater
from export_onnx.judges.sequence import SequenceConfig, SequenceJudge, fit_sequence
from export_onnx.judges.statistics import describe_all
from export_onnx.training.answers import Row
from export_onnx.training.metrics import accuracy, bootstrap, pearson, r_squared
from export_onnx.training.options import data_option, nested, option

__all__ = [
    "JUDGES_FOLDER",
    "Bench",
    "EvaluateOptions",
    "TrainOptions",
    "evaluate",
    "load_bench",
    "train",
]

JUDGES_FOLDER = Path("runs/judges")

_PLAIN, _SEQUENCE, _RATER = "plain.npz", "sequence.pt", "rater.npz"


@dataclass(frozen=True)
class Bench:
    """Who sits in judgement: two classifiers of EMOPIA's quadrants and one linear rater."""

    plain: PlainJudge
    sequence: SequenceJudge
    rater: Rater

    @property
    def judges(self) -> tuple[Judge, Judge]:
        """Both classifiers."""
        return self.plain, self.sequence


def _quadrants(clips: Sequence[Clip]) -> np.ndarray:
    return np.array([clip.quadrant for clip in clips], np.int64)


@dataclass(frozen=True)
class TrainOptions:
    """Real clips in, judges out."""

    data: Path = data_option()
    out: Path = option(JUDGES_FOLDER, "folder of the judges")
    sequence: SequenceConfig = nested(SequenceConfig, seed="")


def train(options: TrainOptions) -> Path:
    """Train on the training clips of EMOPIA (the rater on VGMIDI too); return the judges' folder.

    Raises
    ------
    InputError
        A set is missing or cannot be read.
    """
    torch.set_num_threads(1)  # more threads would change the last digits, and so the judges
    data, out = options.data, options.out
    clips = read_corpus(data, ("train",), ("emopia",), out)
    rated = clips + read_corpus(data, ("train",), ("vgmidi",), out)
    statistics = describe_all([clip.notes for clip in rated])
    labels = np.array([(clip.valence, clip.arousal) for clip in rated], np.float64)
    quadrants = _quadrants(clips)
    bench = Bench(
        fit_plain(statistics[: len(clips)], quadrants),
        fit_sequence([clip.notes for clip in clips], quadrants, options.sequence),
        fit_rater(statistics, labels),
    )
    out.mkdir(parents=True, exist_ok=True)
    bench.plain.save(out / _PLAIN)
    bench.sequence.save(out / _SEQUENCE)
    bench.rater.save(out / _RATER)
    return out


def load_bench(folder: Path = JUDGES_FOLDER) -> Bench:
    """Read the trained judges.

    Raises
    ------
    InputError
        They have not been trained.
    """
    for name in (_PLAIN, _SEQUENCE, _RATER):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder / name}: missing; run python -m export_onnx train judges --data DIR"
            )
    return Bench(
        PlainJudge.load(folder / _PLAIN),
        SequenceJudge.load(folder / _SEQUENCE),
        Rater.load(folder / _RATER),
    )


@dataclass(frozen=True)
class EvaluateOptions:
    """Judges and the real clips they are measured on."""

    data: Path = data_option()
    split: str = option("val")
    judges: Path = option(JUDGES_FOLDER, "folder of the judges")
    json: Path | None = option(None, "also write the table here")


def evaluate(options: EvaluateOptions) -> list[Row]:
    """Measure the judges on real clips of other songs (intervals over songs)."""
    bench, data = load_bench(options.judges), options.data
    split, keep = options.split, options.judges
    clips = read_corpus(data, (split,), ("emopia",), keep)
    notes, quadrants = [clip.notes for clip in clips], _quadrants(clips)
    songs = [clip.group for clip in clips]
    rows: list[Row] = []
    for judge in bench.judges:
        opinion = judge.judge(notes)
        for measure, found, true in (
            ("EMOPIA quadrant accuracy", opinion.quadrant, quadrants),
            ("EMOPIA arousal accuracy", opinion.arousal > 0, HIGH_AROUSAL[quadrants]),
            ("EMOPIA valence accuracy", opinion.valence > 0, HIGH_VALENCE[quadrants]),
        ):
            score = bootstrap(accuracy, (found, true), songs)
            rows.append(Row("real clips", measure, judge.name, score))
    first, second = (judge.judge(notes) for judge in bench.judges)
    together = bootstrap(accuracy, (first.quadrant, second.quadrant), songs)
    rows.append(Row("real clips", "EMOPIA quadrants agree", "both", together))
    pieces = read_corpus(data, (split,), ("vgmidi",), keep)
    for dataset, group in (("EMOPIA", clips), ("VGMIDI", pieces)):
        rated = bench.rater.rate([clip.notes for clip in group])
        labels = np.array([(clip.valence, clip.arousal) for clip in group], np.float64)
        groups = [clip.group for clip in group]
        for column, axis in ((1, "arousal"), (0, "valence")):
            pair = (rated[:, column], labels[:, column])
            for measure, function in (("r", pearson), ("R2", r_squared)):
                score = bootstrap(function, pair, groups)
                named = f"{dataset} {axis} {measure}"
                rows.append(Row("real clips", named, bench.rater.name, score))
    return rows
