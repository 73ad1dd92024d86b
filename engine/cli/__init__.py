"""The ``stimmung`` command: one file per sub-command, each with ``add`` and ``run``.

Exit codes: 0 done, 2 bad input or usage (one clear line on stderr), 1 anything else.
Modules load what they need when they run, so that ``--help`` is instant.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence

from engine.cli import (
    beats,
    bench,
    calibrate,
    completion,
    demo,
    devices,
    doctor,
    generate,
    gui,
    live,
    plugin,
    presets,
    recover,
    replay,
    score,
    setlist,
    style,
    track,
    transfer,
)
from engine.errors import StimmungError

__all__ = ["main"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing to a full or failing disk raises."""

COMMANDS = (
    demo,
    live,
    track,
    calibrate,
    beats,
    generate,
    transfer,
    score,
    devices,
    presets,
    setlist,
    style,
    plugin,
    doctor,
    bench,
    recover,
    replay,
    gui,
    completion,
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    from importlib.metadata import version

    parser = argparse.ArgumentParser(
        prog="stimmung",
        description="Hears the mood of music as it is played, and answers in MIDI.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"stimmung {version('stimmung')}")
    parser.set_defaults(parser=parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except StimmungError as error:
        print(f"stimmung: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of a table has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in _FULL:
            raise
        # Python would try once more at its end, and complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"stimmung: the output cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return code
