"""``stimmung gui``: start the window, a program of its own."""

import argparse
import subprocess
import sys

from engine.cli.options import Commands

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "gui",
        help="open the window",
        description="Open the window: emotion plane, curves, piano roll, devices.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)


def run(_parsed: argparse.Namespace) -> int:
    """Start the window and wait for it; the engine package itself never imports Qt."""
    return subprocess.run([sys.executable, "-P", "-m", "gui"], check=False).returncode
