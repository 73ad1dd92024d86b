"""``stimmung style``: let MusER lean on a player's own pieces."""

import argparse
import sys
from pathlib import Path

from engine.cli.options import Commands

__all__ = ["add"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "style",
        help="learn a player's own style from MIDI files",
        description="Learn how a player plays from their MIDI files, for --style NAME. Nothing is "
        "trained: it takes seconds, and nothing leaves this machine.",
        allow_abbrev=False,
    )
    deeds = parser.add_subparsers(metavar="learn|list|forget", required=True)
    learn = deeds.add_parser("learn", help="learn from a folder", allow_abbrev=False)
    learn.add_argument("folder", type=Path, metavar="FOLDER", help="MIDI files, also in folders")
    learn.add_argument("--name", metavar="NAME", help="name of the style (default: the folder's)")
    learn.set_defaults(run=_learn)
    deeds.add_parser("list", help="list what was learned", allow_abbrev=False).set_defaults(
        run=_list
    )
    forget = deeds.add_parser("forget", help="remove a style", allow_abbrev=False)
    forget.add_argument("name", metavar="NAME")
    forget.set_defaults(run=_forget)


def _learn(parsed: argparse.Namespace) -> int:
    from engine.generators.muser.generator import load_model
    from engine.generators.muser.model import shipped_model_folder
    from engine.generators.muser.styles import learn_style

    left_out: list[str] = []
    name = parsed.name or parsed.folder.resolve().name
    model = load_model(shipped_model_folder())
    pieces, beats = learn_style(parsed.folder, name, model, left_out.append)
    for line in left_out:
        print(f"stimmung: {line}", file=sys.stderr)
    print(f"style {name!r}: {pieces} pieces, {beats} beats. Use it with --style {name!r}")
    return 1 if left_out else 0


def _list(_parsed: argparse.Namespace) -> int:
    from engine.generators.shared.styles import list_styles

    print("\n".join(list_styles()) or "no style was learned yet: stimmung style learn FOLDER")
    return 0


def _forget(parsed: argparse.Namespace) -> int:
    from engine.generators.shared.styles import forget_style

    forget_style(parsed.name)
    return 0
