"""``stimmung gui``: start the window, a program of its own."""

import argparse
import os
import subprocess
import sys

from engine.cli.options import Commands
from engine.process.child import child_command, child_environment

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "gui",
        help="open the window",
        description="Open the window: emotion plane, curves, piano roll, devices.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--start", action="store_true", help="play at once, with the settings of last time"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Become the window; the engine package itself never imports Qt.

    Taking this process over, a signal to ``stimmung gui`` reaches the window. Windows cannot
    replace a process, and has no such signals: there the window is a child that is waited for.
    """
    command = child_command("gui", *["--start"] * parsed.start)
    if sys.platform == "win32":
        return subprocess.run(command, env=child_environment(), check=False).returncode
    sys.stdout.flush()
    os.execve(command[0], command, child_environment())
