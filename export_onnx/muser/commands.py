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


COMMANDS = {
    "prepare": (_prepare_options, _prepare, "read the data sets into beats"),
}
