"""Command line of distillation and ablation."""

import argparse
from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from export_onnx.tracker.config import TrainConfig

__all__ = ["STUDIES"]

_RUNS = Path("runs/tracker")


def _budget(arguments: argparse.Namespace) -> TrainConfig:
    names = ("mood_epochs", "crop_s", "seed")
    given = {name: getattr(arguments, name) for name in names}
    return replace(TrainConfig(), **{k: v for k, v in given.items() if v is not None})


def _budget_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=Path, default=_RUNS / "features")
    parser.add_argument(
        "--harmony", type=Path, default=None, help="trained stage to start from (harmony.pt)"
    )
    parser.add_argument("--mood-epochs", type=int, default=None)
    parser.add_argument("--steps", type=int, default=0, help="per epoch; 0: all of EMOPIA once")
    parser.add_argument("--crop-s", type=float, default=None, help="length of a sequence [s]")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--commit", default="", help="source, for the record")


def _ablate_options(parser: argparse.ArgumentParser) -> None:
    _budget_options(parser)
    parser.add_argument("--out", type=Path, default=_RUNS / "ablation")
    parser.add_argument(
        "--rows",
        default="single,deaf,joint",
        help="single, deaf, joint, taught, without_emopia, without_vgmidi, without_emotify",
    )
    parser.add_argument("--lessons", type=Path, default=None, help="what `distill` wrote")
    parser.add_argument("--split", default="val")
    parser.add_argument("--report", type=Path, default=None, help="write the tables here")


def _ablate(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.ablate import AblateOptions, ablate
    from export_onnx.tracker.ablation_table import write_report

    ablate(
        AblateOptions(
            features=arguments.features,
            out=arguments.out,
            rows=tuple(name for name in arguments.rows.split(",") if name),
            harmony=arguments.harmony,
            lessons=arguments.lessons,
            split=arguments.split,
            steps=arguments.steps,
            threads=arguments.threads,
            commit=arguments.commit,
            train=_budget(arguments),
        )
    )
    taught = None if arguments.lessons is None else arguments.lessons.parent
    text = write_report(arguments.out, arguments.report, taught)
    print(text)
    return 0


def _distill_options(parser: argparse.ArgumentParser) -> None:
    _budget_options(parser)
    parser.add_argument("--out", type=Path, default=_RUNS / "student")
    parser.add_argument("--mert", default=None, help="teachers see MERT: folder or hub name")
    parser.add_argument("--split", default="val", help="part the teachers are measured on")
    parser.add_argument("--folds", type=int, default=3, help="teachers per data set")
    parser.add_argument("--variants", type=int, default=2, help="renderings teachers see")
    parser.add_argument("--teacher-epochs", type=int, default=8)
    parser.add_argument("--lesson", type=float, default=0.5, help="share of the teachers, 0..1")
    parser.add_argument("--emotions", type=int, default=1, help="0: teachers and lessons only")


def _distill(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.distill import DistillOptions, distill

    if arguments.harmony is None:
        raise InputError("--harmony FILE is required: harmony.pt of `train tracker`")
    if not 0.0 <= arguments.lesson <= 1.0:
        raise InputError(f"--lesson {arguments.lesson}: must be in 0..1")
    path = distill(
        DistillOptions(
            features=arguments.features,
            out=arguments.out,
            harmony=arguments.harmony,
            data=None if arguments.data is None else Path(arguments.data),
            mert=arguments.mert,
            split=arguments.split,
            folds=arguments.folds,
            variants=arguments.variants,
            teacher_epochs=arguments.teacher_epochs,
            lesson=arguments.lesson,
            students=arguments.emotions,
            steps=arguments.steps,
            threads=arguments.threads,
            commit=arguments.commit,
            train=_budget(arguments),
        )
    )
    print(f"written: {path}")
    return 0


STUDIES = {
    "distill": (_distill_options, _distill, "train teachers, and a student that listens to them"),
    "ablate": (_ablate_options, _ablate, "train with parts of the recipe left out, and compare"),
}
