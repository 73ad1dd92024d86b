"""``stimmung transfer``: chosen elements of a MIDI file move toward an emotion."""

import argparse
from pathlib import Path

from engine.choices import check_range
from engine.cli.options import Commands, add_audio, add_seed, check_audio, say_left_out, say_written
from engine.files import check_output
from engine.transfer import ELEMENTS, parse_elements

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "transfer",
        help="move elements of a MIDI file toward an emotion",
        description="Move chosen musical elements of a MIDI file toward an emotion; everything "
        "else in the file stays as it is.",
        allow_abbrev=False,
    )
    parser.add_argument("input", type=Path, metavar="IN.mid")
    parser.add_argument("--valence", type=float, metavar="V", required=True, help="-1..1")
    parser.add_argument("--arousal", type=float, metavar="A", required=True, help="-1..1")
    parser.add_argument(
        "--elements",
        default="all",
        metavar="LIST",
        help=f"comma-separated: {', '.join(ELEMENTS)} (timing and mode are read as tempo and "
        "pitch), or all (default)",
    )
    parser.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="X",
        help="0 (the file as it is) .. 1 (all the way, default)",
    )
    add_audio(parser)
    add_seed(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.mid")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Transfer and write the file."""
    from engine.instrument.sound_file import render_file
    from engine.transfer.file import transfer_file

    elements = parse_elements(parsed.elements)
    check_range("seed", parsed.seed, 0, 2**31 - 1)
    check_output(parsed.output, parsed.input)
    check_audio(parsed, parsed.input, parsed.output)
    left_out = transfer_file(
        parsed.input,
        parsed.output,
        parsed.valence,
        parsed.arousal,
        elements=elements,
        strength=parsed.strength,
        seed=parsed.seed,
    )
    say_left_out(parsed.input, left_out)
    if parsed.audio is not None:
        render_file(parsed.output, parsed.audio, soundfont=parsed.soundfont)
    say_written(parsed.output, parsed.audio)
    return 0
