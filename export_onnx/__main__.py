"""``python -m export_onnx COMMAND MODEL``: prepare, train, evaluate, export, verify.

To add a model, add one line to `MODELS`: its table of commands, each with the function that adds
its options, the function that runs it, and a line of help. `TOOLS` are commands without a model.
"""

import argparse
import sys
from collections.abc import Callable, Mapping

from engine.errors import StimmungError
from export_onnx.amt.commands import COMMANDS as AMT
from export_onnx.beat.commands import COMMANDS as BEAT
from export_onnx.clip import COMMANDS as CLIP
from export_onnx.datasets import listing
from export_onnx.judges.commands import COMMANDS as JUDGES
from export_onnx.muser.commands import COMMANDS as MUSER
from export_onnx.tracker.commands import COMMANDS as TRACKER
from export_onnx.tracker.slow.commands import COMMANDS as SLOW
from export_onnx.training import golden

__all__ = ["MODELS", "TOOLS", "main", "make_parser"]

Command = tuple[Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int], str]

MODELS: dict[str, Mapping[str, Command]] = {
    "tracker": TRACKER,
    "slow": SLOW,
    "judges": JUDGES,
    "muser": MUSER,
    "amt": AMT,
    "beat": BEAT,
    "clip": CLIP,
}

TOOLS: Mapping[str, Command] = {
    "golden": (golden.add_options, golden.run, "write the golden pairs of the shipped models"),
    "datasets": (listing.add_options, listing.run, "list the data sets, and which are there"),
}


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="python -m export_onnx", description="Train Stimmung's models and export them to ONNX."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    names = dict.fromkeys(name for table in MODELS.values() for name in table)
    for name in names:
        offering = [model for model, table in MODELS.items() if name in table]
        summary = MODELS[offering[0]][name][2]
        command = commands.add_parser(name, help=summary, description=summary)
        models = command.add_subparsers(dest="subject", required=True, metavar="MODEL")
        for model in offering:
            entry = models.add_parser(model, help=MODELS[model][name][2])
            entry.add_argument("--data", default=None, help="folder with a sub-folder per data set")
            MODELS[model][name][0](entry)
    for name, (add_options, _, summary) in TOOLS.items():
        add_options(commands.add_parser(name, help=summary, description=summary))
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 2 bad input or usage, 1 anything else)."""
    parsed = make_parser().parse_args(arguments)
    tool = TOOLS.get(parsed.command)
    try:
        return (tool or MODELS[parsed.subject][parsed.command])[1](parsed)
    except StimmungError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
