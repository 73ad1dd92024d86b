"""``stimmung recover``: a session's files, from what a crash left."""

import argparse
from pathlib import Path

from engine.cli.options import Commands

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "recover",
        help="rebuild the files of a session after a crash",
        description="Rebuild MIDI file, emotion table, log and picture of a session folder from "
        "its event log, after a crash or a power cut.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Rebuild the files and name them."""
    from engine.session.recover import recover

    for path in recover(parsed.folder).files:
        print(path)
    return 0
