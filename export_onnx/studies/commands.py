"""Command line of the studies: ablations, distillation, quantisation."""

import argparse
from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from export_onnx.amt.commands import show
from export_onnx.training.stage import TrainConfig

__all__ = ["AMT_STUDIES", "TRACKER_STUDIES"]

_RUNS = Path("runs/tracker")
_AMT_RUNS = Path("runs/amt")


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


def _ablate_tracker_options(parser: argparse.ArgumentParser) -> None:
    _budget_options(parser)
    parser.add_argument("--out", type=Path, default=_RUNS / "ablation")
    parser.add_argument(
        "--rows",
        default="single,deaf,joint",
        help="single, deaf, joint, taught, without_emopia, without_vgmidi, without_emotify",
    )
    parser.add_argument(
        "--lessons", type=Path, default=None, help="pseudo-labels that `distill` wrote"
    )
    parser.add_argument("--split", default="val")
    parser.add_argument("--report", type=Path, default=None, help="write the tables here")


def _ablate_tracker(arguments: argparse.Namespace) -> int:
    from export_onnx.studies.tracker_ablate import AblateOptions, ablate
    from export_onnx.studies.tracker_ablation_table import write_report

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
    parser.add_argument(
        "--lesson", type=float, default=0.5, help="share of the teachers' loss, 0..1"
    )
    parser.add_argument(
        "--emotions", type=int, default=1, help="0: only teachers and pseudo-labels"
    )


def _distill(arguments: argparse.Namespace) -> int:
    from export_onnx.studies.distill import DistillOptions, distill

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


def _quantise_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument("--kind", choices=("dynamic", "static"), default="dynamic")
    parser.add_argument("--out", type=Path, default=_RUNS / "tracker.int8.onnx")


def _quantise(arguments: argparse.Namespace) -> int:
    import numpy as np

    import presets
    from engine.audio import mono_blocks
    from engine.emotion.model import TrackerModel, shipped_model_path
    from export_onnx.studies.quantise import compare, quantise

    source = arguments.model or shipped_model_path()
    rate = TrackerModel(source).sample_rate
    sound = np.concatenate(list(mono_blocks(presets.DEMO_AUDIO, rate)))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    count = quantise(source, arguments.out, arguments.kind, sound)
    found = compare(source, arguments.out, sound)
    print(f"{count} products quantised ({arguments.kind}): {arguments.out}")
    for name, (before, after) in (
        ("size [MB]", found.size_mb),
        ("hop p50 [ms]", found.hop_p50_ms),
        ("hop p99 [ms]", found.hop_p99_ms),
    ):
        print(f"{name:14} {before:8.3f} -> {after:8.3f}")
    for name, value in found.differences.items():
        print(f"largest difference of {name:12} {value:.3g}")
    return 0


def _ablate_amt_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prepared", type=Path, default=_AMT_RUNS / "prepared")
    parser.add_argument(
        "--out", type=Path, default=_AMT_RUNS / "ablate", help="folder of checkpoints"
    )
    parser.add_argument("--songs", type=int, default=240, help="songs to train on")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=20251121)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")


def _ablate_amt(arguments: argparse.Namespace) -> int:
    from export_onnx.studies.amt_ablate import AblateOptions, ablate

    names = ("prepared", "out", "songs", "epochs", "seed", "threads")
    rows = ablate(AblateOptions(**{name: getattr(arguments, name) for name in names}))
    show(rows, arguments.json)
    return 0


TRACKER_STUDIES = {
    "quantise": (_quantise_options, _quantise, "try eight-bit products, and compare"),
    "distill": (_distill_options, _distill, "train teachers, and a student that learns from them"),
    "ablate": (_ablate_tracker_options, _ablate_tracker, "train without parts, and compare"),
}

AMT_STUDIES = {
    "ablate": (_ablate_amt_options, _ablate_amt, "short trainings without parts, compared"),
}
