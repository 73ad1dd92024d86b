"""``stimmung beats``: the beats of audio files, as they are heard live."""

import argparse
from pathlib import Path

from engine.audio import AudioFile, mono_blocks
from engine.beat.decoder import Beat
from engine.cli.options import Commands
from engine.cli.several import named
from engine.errors import InputError
from engine.files import check_output, write_output

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "beats",
        help="write the beats and bars of audio files",
        description="Write the beats of audio files, NAME.beats for each, as detected live. "
        "Each line is a beat, separated by tabs: its time [s], its number in the bar (1 is the "
        "downbeat), and the time at which it was detected [s].",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="sound or film, any format"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder (default: beside each file)"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Follow the files in order; one that cannot be read is named and costs none of the others."""
    from engine.beat.tracker import BeatTracker
    from engine.cli.progress import progress_bar

    if parsed.output is not None and not parsed.output.is_dir():
        raise InputError(f"output folder {parsed.output} does not exist")
    outputs: dict[Path, Path] = {}
    for path in parsed.files:  # all of them, before the first is written
        out = (path.parent if parsed.output is None else parsed.output) / f"{path.stem}.beats"
        if out in outputs:
            raise InputError(f"{path} and {outputs[out]} would both be written to {out}")
        check_output(out, *parsed.files)
        outputs[out] = path
    several = len(outputs) > 1
    lengths: dict[Path, float] = {}
    broken = 0
    for path in outputs.values():
        with named(several) as failed, AudioFile(path) as audio:
            lengths[path] = audio.nominal_s
        broken += bool(failed)
    tracker = BeatTracker()
    heard_s = 0.0
    with progress_bar("listening", sum(lengths.values())) as progress:
        for out, path in outputs.items():
            if path not in lengths:
                continue
            with named(several) as failed:
                beats = []
                tracker.reset()
                for block in mono_blocks(path, tracker.sample_rate):
                    beats += tracker.push(block)
                    progress(heard_s + (beats[-1].heard_s if beats else 0.0))
                _write(out, beats)
            broken += bool(failed)
            heard_s += lengths[path]
    return 1 if broken else 0


def _write(path: Path, beats: list[Beat]) -> None:
    lines = [f"{beat.time_s:.3f}\t{beat.number}\t{beat.heard_s:.3f}\n" for beat in beats]
    write_output(path, "".join(lines).encode())
