"""Options that say how far what is heard may move anything."""

import argparse

from engine.settings.performance import Performance

__all__ = ["add_listening", "read_listening"]

_NAMES = ("recentre", "smoothing_s", "hysteresis")


def add_listening(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--recentre",
        type=float,
        metavar="R",
        help="take the venue's usual mood as the middle: 0 (not at all, default) to 1",
    )
    parser.add_argument(
        "--smoothing", type=float, dest="smoothing_s", metavar="S", help="of what is heard, 0..30 s"
    )
    parser.add_argument(
        "--hysteresis",
        type=float,
        metavar="H",
        help="hold back changes of valence and arousal below this, 0..0.5",
    )


def read_listening(parsed: argparse.Namespace, base: Performance) -> Performance:
    """Return ``base`` with what the command line sets.

    Raises
    ------
    InputError
        A value is out of range.
    """
    given = {name: value for name in _NAMES if (value := getattr(parsed, name)) is not None}
    return base.changed(given) if given else base
