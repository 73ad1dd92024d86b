"""``stimmung beats``: the beats of audio files, as they are heard live."""

import argparse
from pathlib import Path

from engine.audio import AudioFile, mono_blocks
from engine.cli.options import Commands
from engine.errors import InputError
from engine.files import check_output, output_file

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "beats",
        help="write the beats and bars of audio files",
        description="Write the beats of audio files, NAME.beats for each, with the very tracker "
        "that listens live. A line is a beat: its time [s], its number in the bar (1 is the "
        "downbeat) and how much sound had been heard when it was announced [s], tabs between.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="wav, flac, ogg, mp3")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder (default: beside each file)"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Follow the files in order; nothing is written if one of them cannot be."""
    from engine.beat.tracker import BeatTracker
    from engine.cli.progress import progress_bar

    outputs: dict[Path, Path] = {}
    lengths = []
    if parsed.output is not None and not parsed.output.is_dir():
        raise InputError(f"output folder {parsed.output} does not exist")
    for path in parsed.files:
        with AudioFile(path) as audio:
            lengths.append(audio.nominal_s)
        out = (path.parent if parsed.output is None else parsed.output) / f"{path.stem}.beats"
        check_output(out, *parsed.files, *outputs)
        outputs[out] = path
    tracker = BeatTracker()
    heard_s = 0.0
    with progress_bar("listening", sum(lengths)) as progress:
        for (out, path), length in zip(outputs.items(), lengths, strict=True):
            tracker.reset()
            lines = []
            for block in mono_blocks(path, tracker.sample_rate):
                for beat in tracker.push(block):
                    lines.append(f"{beat.time_s:.3f}\t{beat.number}\t{beat.heard_s:.3f}\n")
                    progress(heard_s + beat.heard_s)
            with output_file(out) as file:
                file.write("".join(lines).encode())
            heard_s += length
    return 0
