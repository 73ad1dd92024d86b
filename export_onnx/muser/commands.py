"""Command line of MusER: one function per command, called by ``export_onnx.__main__``."""

import argparse
from pathlib import Path

from engine.errors import InputError
from export_onnx.training.arguments import data_folder, print_differences

__all__ = ["COMMANDS"]

_RUNS = Path("runs/muser")
_MODELS = Path("presets/models")


def _prepare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="train,val", help="splits, separated by commas")
    parser.add_argument("--sets", default="emopia,vgmidi,pop909", help="data sets, by commas")
    parser.add_argument("--out", type=Path, default=_RUNS / "beats", help="folder of beats")


def _prepare(arguments: argparse.Namespace) -> int:
    from export_onnx.muser.prepare import PrepareOptions, prepare

    lines = prepare(
        PrepareOptions(
            data=data_folder(arguments),
            out=arguments.out,
            splits=tuple(arguments.split.split(",")),
            datasets=tuple(arguments.sets.split(",")),
        )
    )
    print("\n".join(lines))
    return 0


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--beats", type=Path, default=_RUNS / "beats", help="prepared beats")
    parser.add_argument("--out", type=Path, default=_RUNS / "train", help="folder of checkpoints")
    parser.add_argument("--stage", default="codes,decoder,prior", help="stages, by commas")
    parser.add_argument("--decoder-steps", type=int, default=None)
    parser.add_argument("--prior-steps", type=int, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--stop-after",
        type=int,
        default=0,
        help="steps per network in this call; 0 trains to the end",
    )


def _train(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from export_onnx.muser.train import STAGES, Course, TrainOptions, train

    wanted = arguments.stage.split(",")
    if unknown := [stage for stage in wanted if stage not in STAGES]:
        raise InputError(f"--stage must be of {', '.join(STAGES)}; got {unknown[0]!r}")
    steps = {
        name: getattr(arguments, name)
        for name in ("decoder_steps", "prior_steps")
        if getattr(arguments, name) is not None
    }
    train(
        TrainOptions(
            beats=arguments.beats,
            out=arguments.out,
            stages=tuple(stage for stage in STAGES if stage in wanted),
            threads=arguments.threads,
            stop_after=arguments.stop_after,
            course=replace(Course(), **steps),
        )
    )
    print(f"trained: {arguments.out}")
    return 0


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoints", type=Path, default=_RUNS / "train")
    parser.add_argument("--beats", type=Path, default=_RUNS / "beats", help="prepared beats")
    parser.add_argument("--out", type=Path, default=_MODELS, help="folder of the ONNX files")
    parser.add_argument("--int8", action="store_true", help="8-bit weights in matrix products")
    parser.add_argument("--commit", default="", help="source the networks were trained with")


def _export(arguments: argparse.Namespace) -> int:
    from engine.models.checksums import shipped_folder, write_table
    from export_onnx.muser.export import ExportOptions, export

    paths = export(
        ExportOptions(
            checkpoints=arguments.checkpoints,
            beats=arguments.beats,
            out=arguments.out,
            quantise=arguments.int8,
            commit=arguments.commit,
        )
    )
    for path in paths:
        print(f"exported: {path}, {path.stat().st_size / 1e6:.1f} MB")
    if arguments.out.resolve() == shipped_folder().resolve():
        print(f"checksums: {write_table()}")
    return 0


def _verify_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, default=None, help="folder; default: the shipped one")
    parser.add_argument("--checkpoints", type=Path, default=_RUNS / "train")


def _verify(arguments: argparse.Namespace) -> int:
    from export_onnx.muser.export import load_networks
    from export_onnx.muser.verify import verify

    report = verify(arguments.model, load_networks(arguments.checkpoints))
    return print_differences(report)


def _beats_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, default=0, help="songs; 0 takes all")


def _beats(arguments: argparse.Namespace) -> int:
    from export_onnx.muser.measure import measure

    found = measure(data_folder(arguments), arguments.split, arguments.limit)
    for name, score in found.items():
        print(f"{name:42} {score.value:.3f}  {score.low:.3f} .. {score.high:.3f}  n {score.n}")
    return 0


def _likelihood_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoints", type=Path, default=_RUNS / "train")
    parser.add_argument("--beats", type=Path, default=_RUNS / "beats", help="prepared beats")
    parser.add_argument("--split", default="val")
    parser.add_argument("--set", dest="dataset", default="emopia")


def _likelihood(arguments: argparse.Namespace) -> int:
    from export_onnx.muser.export import load_networks
    from export_onnx.muser.likelihood import report
    from export_onnx.muser.prepare import DATASETS

    if arguments.dataset not in DATASETS:
        raise InputError(f"--set must be one of {', '.join(DATASETS)}; got {arguments.dataset!r}")
    networks = load_networks(arguments.checkpoints)
    lines = report(networks, arguments.beats, arguments.split, arguments.dataset)
    print("\n".join(lines))
    return 0


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    from export_onnx.muser.evaluate import add_options

    add_options(parser)


def _evaluate(arguments: argparse.Namespace) -> int:
    from export_onnx.muser.evaluate import run

    return run(arguments)


COMMANDS = {
    "prepare": (_prepare_options, _prepare, "read the data sets into beats"),
    "beats": (_beats_options, _beats, "measure beat, key and chord finding on POP909"),
    "train": (_train_options, _train, "train codes, decoder and prior on the beats"),
    "likelihood": (_likelihood_options, _likelihood, "score held-out music, per element"),
    "export": (_export_options, _export, "write the checkpoints as ONNX step graphs"),
    "verify": (_verify_options, _verify, "compare ONNX with PyTorch and steps with whole"),
    "evaluate": (_evaluate_options, _evaluate, "judge the engine, look at its codes"),
}
