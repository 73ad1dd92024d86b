"""``stimmung completion``: what a shell needs to complete commands and options."""

import argparse
from pathlib import Path

from engine.cli.options import Commands

__all__ = ["add", "run"]

_SHELLS = ("bash", "zsh", "tcsh")


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "completion",
        help="print what your shell needs to complete commands",
        description="Print a script that completes commands and options; in ~/.bashrc: "
        'eval "$(stimmung completion bash)".',
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=_SHELLS)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    _complete_files(parsed.parser, shtab.FILE)
    print(shtab.complete(parsed.parser, shell=parsed.shell))
    return 0


def _complete_files(parser: argparse.ArgumentParser, how: object) -> None:
    """Let every option that takes a path complete file names."""
    for action in parser._actions:  # argparse has no public list
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete_files(command, how)
        elif action.type is Path:
            action.complete = how  # type: ignore[attr-defined]
