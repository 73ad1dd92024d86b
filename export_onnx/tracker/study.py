"""Command line of distillation and ablation."""

import argparse
from dataclasses import replace
from pathlib import Path

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
    text = write_report(arguments.out, arguments.report)
    print(text)
    return 0


STUDIES = {
    "ablate": (_ablate_options, _ablate, "train with parts of the recipe left out, and compare"),
}
