"""``stimmung presets``: what there is to choose from."""

import argparse
import sys

from engine.cli.options import Commands

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "presets",
        help="list presets",
        description="List the shipped presets and your own.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)


def run(_parsed: argparse.Namespace) -> int:
    """Print the table; broken files are named, and the exit code is 1."""
    from rich.console import Console
    from rich.table import Table

    from engine.settings.presets import broken_presets, list_presets, user_folder

    table = Table("program", "preset", "mode", "what it does", box=None)
    for preset in list_presets():
        table.add_row(
            str(preset.program),
            preset.slug,
            preset.performance.mode,
            preset.description,
        )
    console = Console()
    console.print(table)
    console.print(f"Your own presets: {user_folder()}", soft_wrap=True)
    broken = broken_presets()
    for error in broken:
        print(f"stimmung: {error}", file=sys.stderr)
    return 1 if broken else 0
