"""Command line of the tracker: one function per command, called by ``export_onnx.__main__``."""

import argparse
import json
import os
from pathlib import Path

from export_onnx.tracker.steps import STEPS
from export_onnx.training.arguments import data_folder, print_differences, read_worker

__all__ = ["COMMANDS"]

_RUNS = Path("runs/tracker")
_PRESENCE = _RUNS / "train" / "presence.pt"
_DIGEST = _RUNS / "train" / "digest.pt"
_MODEL = Path("presets/models/tracker.onnx")


def _prepare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="train,val", help="splits, separated by commas")
    parser.add_argument("--out", type=Path, default=_RUNS / "features", help="folder of features")
    parser.add_argument("--variants", type=int, default=3, help="renderings per training item")
    parser.add_argument("--set", action="append", default=[], help="only this data set")
    parser.add_argument(
        "--soundfont", type=Path, action="append", default=[], help="one more for training"
    )
    parser.add_argument("--seed", type=int, default=20251121)
    parser.add_argument("--worker", default="0/1", help="I/N: do every N-th item, from the I-th")


def _prepare(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.prepare import PrepareOptions, prepare

    worker, count = read_worker(arguments.worker)
    written = prepare(
        PrepareOptions(
            data=data_folder(arguments),
            out=arguments.out,
            splits=tuple(arguments.split.split(",")),
            variants=arguments.variants,
            sets=tuple(arguments.set),
            soundfonts=tuple(arguments.soundfont),
            seed=arguments.seed,
            worker=worker,
            n_workers=count,
        )
    )
    print(f"{written} clips prepared in {arguments.out}")
    return 0


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=Path, default=_RUNS / "features")
    parser.add_argument("--out", type=Path, default=_RUNS / "train", help="folder of checkpoints")
    parser.add_argument("--emotions", type=int, default=1, help="emotion networks to average")
    parser.add_argument(
        "--start", type=Path, action="append", default=[], help="stage file to begin with"
    )
    parser.add_argument("--learning-rate", type=float, default=None)
    parser.add_argument(
        "--courses", type=Path, default=None, help="what `courses` wrote: learn from notes too"
    )
    parser.add_argument("--harmony-epochs", type=int, default=None)
    parser.add_argument("--mood-epochs", type=int, default=None)
    parser.add_argument("--crop-s", type=float, default=None, help="length of a sequence [s]")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--stop-after",
        type=int,
        default=0,
        help="epochs per network in this call; 0 trains to the end",
    )


def _train(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from export_onnx.tracker.train import TrainOptions, train
    from export_onnx.training.stage import TrainConfig

    names = ("harmony_epochs", "mood_epochs", "crop_s", "seed", "learning_rate")
    given = {name: getattr(arguments, name) for name in names}
    config = replace(TrainConfig(), **{k: v for k, v in given.items() if v is not None})
    options = TrainOptions(
        features=arguments.features,
        out=arguments.out,
        n_emotions=arguments.emotions,
        threads=arguments.threads,
        stop_after_epochs=arguments.stop_after,
        start=tuple(arguments.start),
        courses=arguments.courses,
        train=config,
    )
    path = train(options)
    if int(os.environ.get("RANK", "0")) == 0:
        goes_on = f"stopped; the same command goes on: {options.out}"
        print(goes_on if path is None else f"trained: {path}")
    return 0


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument(
        "--features", type=Path, default=None, help="prepared features, for the loudness baseline"
    )
    parser.add_argument("--soundfont", type=Path, default=None, help="default: the held-out one")
    parser.add_argument("--limit", type=int, default=0, help="items per data set; 0 takes all")
    parser.add_argument("--speech", type=Path, default=None, help="folder of spoken recordings")
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")


def _evaluate(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.evaluate import EvaluateOptions, evaluate

    rows = evaluate(
        EvaluateOptions(
            data=data_folder(arguments),
            split=arguments.split,
            model=arguments.model,
            features=arguments.features,
            soundfont=arguments.soundfont,
            limit=arguments.limit,
            speech=arguments.speech,
        )
    )
    print(f"{'set':8} {'measure':42} {'system':14} {'value':>7}  95 % interval      n")
    for row in rows:
        score = row.score
        print(
            f"{row.dataset:8} {row.measure:42} {row.system:14} {score.value:7.3f}  "
            f"{score.low:6.3f} .. {score.high:6.3f}  {score.n:4d}"
        )
    if arguments.json is not None:
        arguments.json.write_text(
            json.dumps([row.to_json() for row in rows], indent=1), encoding="utf-8"
        )
    return 0


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", type=Path, default=_RUNS / "train" / "tracker.pt")
    parser.add_argument(
        "--also", type=Path, action="append", default=[], help="stage file of one more network"
    )
    parser.add_argument(
        "--presence", type=Path, default=_PRESENCE, help="stage file that `presence` wrote"
    )
    parser.add_argument("--digest", type=Path, default=_DIGEST, help="file that `digest` wrote")
    parser.add_argument("--out", type=Path, default=_MODEL)
    parser.add_argument("--commit", default="", help="source the model was trained with")
    parser.add_argument(
        "--calibration", type=Path, default=None, help="prepared features that scale the deviations"
    )
    parser.add_argument("--split", default="val", help="split used for the calibration")


def _export(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.export import ExportOptions, export

    export(
        ExportOptions(
            checkpoint=arguments.checkpoint,
            presence=arguments.presence,
            digest=arguments.digest,
            out=arguments.out,
            commit=arguments.commit,
            calibration=arguments.calibration,
            split=arguments.split,
            also=tuple(arguments.also),
        )
    )
    print(f"exported: {arguments.out}, {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _verify_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument(
        "--checkpoint", type=Path, default=None, help="also compare with this checkpoint's network"
    )
    parser.add_argument("--also", type=Path, action="append", default=[], help="as given to export")
    parser.add_argument("--presence", type=Path, default=_PRESENCE, help="as given to export")
    parser.add_argument("--digest", type=Path, default=_DIGEST, help="as given to export")


def _verify(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.export import load_tracker
    from export_onnx.tracker.verify import verify

    tracker = None
    if arguments.checkpoint is not None:
        tracker, _ = load_tracker(
            arguments.checkpoint, tuple(arguments.also), arguments.presence, arguments.digest
        )
    report = verify(arguments.model, tracker)
    return print_differences(report)


COMMANDS = {
    "prepare": (_prepare_options, _prepare, "render and analyse the data sets"),
    "train": (_train_options, _train, "train on the prepared features"),
    "evaluate": (_evaluate_options, _evaluate, "measure an ONNX file from audio"),
    "export": (_export_options, _export, "write a checkpoint as ONNX"),
    "verify": (_verify_options, _verify, "compare ONNX with PyTorch and chunked with whole"),
    **STEPS,
}
