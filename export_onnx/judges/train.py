"""Train the judges on real clips, and measure them on clips of other songs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.judges.corpus import Clip, read_corpus
from export_onnx.judges.judge import HIGH_AROUSAL, HIGH_VALENCE, Judge
from export_onnx.judges.plain import PlainJudge, Rater, fit_plain, fit_rater
from export_onnx.judges.sequence import SequenceConfig, SequenceJudge, fit_sequence
from export_onnx.judges.statistics import describe_all
from export_onnx.training.metrics import Score, accuracy, bootstrap, pearson, r_squared

__all__ = ["JUDGES_FOLDER", "Bench", "check_judges", "load_bench", "train_judges"]

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


def train_judges(
    data: Path, out: Path = JUDGES_FOLDER, config: SequenceConfig | None = None
) -> Bench:
    """Train on the training clips of EMOPIA (the rater on VGMIDI too) and keep them in `out`.

    Raises
    ------
    InputError
        A set is missing or cannot be read.
    """
    clips = read_corpus(data, ("train",), ("emopia",), out)
    rated = clips + read_corpus(data, ("train",), ("vgmidi",), out)
    statistics = describe_all([clip.notes for clip in rated])
    labels = np.array([(clip.valence, clip.arousal) for clip in rated], np.float64)
    quadrants = _quadrants(clips)
    bench = Bench(
        fit_plain(statistics[: len(clips)], quadrants),
        fit_sequence([clip.notes for clip in clips], quadrants, config),
        fit_rater(statistics, labels),
    )
    out.mkdir(parents=True, exist_ok=True)
    bench.plain.save(out / _PLAIN)
    bench.sequence.save(out / _SEQUENCE)
    bench.rater.save(out / _RATER)
    return bench


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


def check_judges(bench: Bench, data: Path, split: str, keep: Path) -> list[tuple[str, str, Score]]:
    """Measure the judges on real clips: rows of judge, measure, score (intervals over songs)."""
    clips = read_corpus(data, (split,), ("emopia",), keep)
    notes, quadrants = [clip.notes for clip in clips], _quadrants(clips)
    songs = [clip.group for clip in clips]
    rows: list[tuple[str, str, Score]] = []
    for judge in bench.judges:
        opinion = judge.judge(notes)
        for measure, found, true in (
            ("EMOPIA quadrant accuracy", opinion.quadrant, quadrants),
            ("EMOPIA arousal accuracy", opinion.arousal > 0, HIGH_AROUSAL[quadrants]),
            ("EMOPIA valence accuracy", opinion.valence > 0, HIGH_VALENCE[quadrants]),
        ):
            rows.append((judge.name, measure, bootstrap(accuracy, (found, true), songs)))
    first, second = (judge.judge(notes) for judge in bench.judges)
    together = bootstrap(accuracy, (first.quadrant, second.quadrant), songs)
    rows.append(("both", "EMOPIA quadrants agree", together))
    pieces = read_corpus(data, (split,), ("vgmidi",), keep)
    for dataset, group in (("EMOPIA", clips), ("VGMIDI", pieces)):
        rated = bench.rater.rate([clip.notes for clip in group])
        labels = np.array([(clip.valence, clip.arousal) for clip in group], np.float64)
        groups = [clip.group for clip in group]
        for column, axis in ((1, "arousal"), (0, "valence")):
            pair = (rated[:, column], labels[:, column])
            for measure, function in (("r", pearson), ("R2", r_squared)):
                score = bootstrap(function, pair, groups)
                rows.append((bench.rater.name, f"{dataset} {axis} {measure}", score))
    return rows
