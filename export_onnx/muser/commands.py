"""Command line of MusER: one function per command, called by ``export_onnx.__main__``."""

import argparse
from pathlib import Path

from engine.errors import InputError

__all__ = ["COMMANDS"]

_RUNS = Path("runs/muser")


def _existing_folder(arguments: argparse.Namespace) -> Path:
    if arguments.data is None:
        raise InputError("--data DIR is required: the folder with a sub-folder per data set")
    return Path(arguments.data)


def _prepare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="train,val", help="splits, separated by commas")
    parser.add_argument("--sets", default="emopia,vgmidi,pop909", help="data sets, by commas")
    parser.add_argument("--out", type=Path, default=_RUNS / "beats", help="folder of beats")


def _prepare(arguments: argparse.Namespace) -> int:
    from export_onnx.muser.prepare import PrepareOptions, prepare

    lines = prepare(
        PrepareOptions(
            data=_existing_folder(arguments),
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
            course=replace(Course(), **steps),
        )
    )
    print(f"trained: {arguments.out}")
    return 0


COMMANDS = {
    "prepare": (_prepare_options, _prepare, "read the data sets into beats"),
    "train": (_train_options, _train, "train codes, decoder and prior on the beats"),
}
