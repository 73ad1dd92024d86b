"""Command line of the beat network: one function per command."""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from export_onnx.training.arguments import data_folder, print_differences

__all__ = ["COMMANDS"]

_RUNS = Path("runs/beat")
_MODEL = Path("presets/models/beat.onnx")


def _teach_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labels", type=Path, default=_RUNS / "labels", help="folder to write")
    parser.add_argument("--networks", type=int, default=4, choices=range(1, 9))
    parser.add_argument("--limit", type=int, default=0, help="recordings; 0 takes all")
    parser.add_argument("--seed", type=int, default=7)


def _teach(arguments: argparse.Namespace) -> int:
    from export_onnx.beat.teacher import TeachOptions, teach

    count = teach(
        TeachOptions(
            data_folder(arguments),
            arguments.labels,
            networks=arguments.networks,
            limit=arguments.limit,
            seed=arguments.seed,
        )
    )
    print(f"{arguments.labels}: {count} recordings with beats")
    return 0


def _prepare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=_RUNS / "prepared", help="folder of clips")
    parser.add_argument("--labels", type=Path, default=_RUNS / "labels", help="written by teach")
    parser.add_argument("--kinds", default="", help="kinds of clip, with commas; default all")
    parser.add_argument("--split", default="train,val", help="splits, separated by commas")
    parser.add_argument("--variants", type=int, default=3, help="of each training clip")
    parser.add_argument("--limit", type=int, default=0, help="clips of a kind; 0 takes all")
    parser.add_argument("--seed", type=int, default=20261201)


def _prepare(arguments: argparse.Namespace) -> int:
    from export_onnx.beat.prepare import PrepareOptions, prepare

    counts = prepare(
        PrepareOptions(
            data=data_folder(arguments),
            out=arguments.out,
            labels=arguments.labels,
            kinds=tuple(kind for kind in arguments.kinds.split(",") if kind),
            splits=tuple(arguments.split.split(",")),
            variants=arguments.variants,
            limit=arguments.limit,
            seed=arguments.seed,
        )
    )
    shown = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    print(f"clips prepared in {arguments.out}: {shown}")
    return 0


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prepared", type=Path, default=_RUNS / "prepared")
    parser.add_argument("--out", type=Path, default=_RUNS / "train", help="folder of checkpoints")
    parser.add_argument("--name", default="beat", help="of the checkpoint")
    parser.add_argument(
        "--published", type=Path, default=None, help="BeatNet's weights to begin with"
    )
    parser.add_argument("--weights", type=Path, default=None, help="a checkpoint to begin with")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--steps", type=int, default=None, help="batches in an epoch")
    parser.add_argument("--learning-rate", type=float, default=None, help="highest")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--spoiling", type=float, default=1.0, help="0 leaves the sound as it is")
    parser.add_argument(
        "--without", default="", help="kinds of clip to leave out, with commas (ablation)"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--stop-after", type=int, default=0, help="epoch to stop after; 0 trains to the end"
    )


def _train(arguments: argparse.Namespace) -> int:
    from export_onnx.beat.batches import SamplerConfig
    from export_onnx.beat.train import TrainConfig, TrainOptions, train

    names = ("epochs", "steps", "learning_rate", "seed")
    given = {name: v for name in names if (v := getattr(arguments, name)) is not None}
    without = arguments.without.split(",")
    sampler = SamplerConfig(spoiling=arguments.spoiling)
    shares = tuple((kind, share) for kind, share in sampler.shares if kind not in without)
    path = train(
        TrainOptions(
            prepared=arguments.prepared,
            out=arguments.out,
            name=arguments.name,
            published=arguments.published,
            weights=arguments.weights,
            threads=arguments.threads,
            stop_after_epochs=arguments.stop_after,
            sampler=replace(sampler, shares=shares),
            train=replace(TrainConfig(), **given),
        )
    )
    shown = f"stopped; the same command goes on: {arguments.out}"
    print(shown if path is None else f"trained: {path}")
    return 0


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prepared", type=Path, default=_RUNS / "prepared")
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")


def _evaluate(arguments: argparse.Namespace) -> int:
    from export_onnx.beat.evaluate import EvaluateOptions, evaluate

    found = evaluate(EvaluateOptions(arguments.prepared, arguments.model, arguments.split))
    print(f"{'clips':10} {'measure':10} {'value':>7}  95 % interval      n")
    for kind, scores in found.items():
        for name, score in scores.items():
            interval = f"{score.low:6.3f} .. {score.high:6.3f}"
            print(f"{kind:10} {name:10} {score.value:7.3f}  {interval}  {score.n:4d}")
    if arguments.json is not None:
        table = {kind: {n: asdict(s) for n, s in scores.items()} for kind, scores in found.items()}
        arguments.json.write_text(json.dumps(table, indent=1), encoding="utf-8")
    return 0


def _checkpoint_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", type=Path, default=_RUNS / "train" / "beat.pt")


def _export_options(parser: argparse.ArgumentParser) -> None:
    _checkpoint_option(parser)
    parser.add_argument("--out", type=Path, default=_MODEL)
    parser.add_argument("--late-ms", type=float, default=18.0, help="beats are so late by evaluate")
    parser.add_argument("--commit", default="", help="source the model was trained with")


def _export(arguments: argparse.Namespace) -> int:
    from export_onnx.beat.export import ExportOptions, export

    late_s = arguments.late_ms / 1e3
    export(ExportOptions(arguments.checkpoint, arguments.out, late_s, arguments.commit))
    print(f"exported: {arguments.out}, {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _verify_options(parser: argparse.ArgumentParser) -> None:
    _checkpoint_option(parser)
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")


def _verify(arguments: argparse.Namespace) -> int:
    from engine.beat.model import BeatModel
    from export_onnx.beat.export import load_network
    from export_onnx.beat.verify import verify

    network, _ = load_network(arguments.checkpoint)
    report = verify(BeatModel(arguments.model), network)
    return print_differences(report)


COMMANDS = {
    "teach": (_teach_options, _teach, "label recordings with madmom's offline beats"),
    "prepare": (_prepare_options, _prepare, "render and analyse clips with beats"),
    "train": (_train_options, _train, "train on the prepared clips"),
    "evaluate": (_evaluate_options, _evaluate, "measure an ONNX file on prepared clips"),
    "export": (_export_options, _export, "write a checkpoint as ONNX"),
    "verify": (_verify_options, _verify, "compare ONNX with PyTorch"),
}
