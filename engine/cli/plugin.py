"""``stimmung plugin``: put the plug-in where workstations find it, or build it."""

import argparse
from pathlib import Path

from engine.cli.options import Commands

__all__ = ["add"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "plugin",
        help="install the plug-in for DAWs (CLAP, VST3, LV2)",
        description="The plug-in sits on a track of a DAW, sends the sound of that track to "
        "Stimmung and plays Stimmung's notes on their exact frames. It makes no music itself: "
        "start `stimmung live --plugin` beside the DAW.",
        allow_abbrev=False,
    )
    deeds = parser.add_subparsers(metavar="install|remove|status|build", required=True)
    deeds.add_parser(
        "install", help="copy it to your own plug-in folders", allow_abbrev=False
    ).set_defaults(run=_install)
    deeds.add_parser("remove", help="remove it from there", allow_abbrev=False).set_defaults(
        run=_remove
    )
    deeds.add_parser(
        "status", help="show what is installed and whether the engine runs", allow_abbrev=False
    ).set_defaults(run=_status)
    build = deeds.add_parser(
        "build",
        help="build it from source",
        description="Build the plug-in. Needs a C++ compiler (or `pip install ziglang`) and the "
        "formats' headers from DPF (Debian: apt install dpf-source; else DPF_PATH).",
        allow_abbrev=False,
    )
    build.add_argument(
        "--all", action="store_true", help="for all systems, with zig (pip install ziglang)"
    )
    build.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the binaries (default: where install looks)",
    )
    build.set_defaults(run=_build)


def _install(_parsed: argparse.Namespace) -> int:
    from engine.plugin.install import install

    for path in install():
        print(path)
    return 0


def _remove(_parsed: argparse.Namespace) -> int:
    from engine.plugin.install import remove

    for path in remove():
        print(path)
    return 0


def _status(_parsed: argparse.Namespace) -> int:
    from engine.plugin.discovery import discovery_file
    from engine.plugin.install import status

    for entry in status():
        word = "installed" if entry.current else "another version" if entry.there else "missing"
        print(f"{entry.format:<5} {word:<16} {entry.path}")
    running = "is listening" if discovery_file().is_file() else "is not running with --plugin"
    print(f"engine {running} ({discovery_file()})")
    return 0


def _build(parsed: argparse.Namespace) -> int:
    from engine.plugin.build import BUILT, TARGETS, build

    names = tuple(TARGETS) if parsed.all else None
    for path in build(
        names, parsed.out or BUILT, lambda line: print(f"building {line}", flush=True)
    ):
        print(path)
    return 0
