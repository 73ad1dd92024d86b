"""``stimmung track``: the emotion of audio files, one row per hop."""

import argparse
import itertools
import os
import sys
from pathlib import Path

from engine.choices import check_range
from engine.cli.options import Commands, add_settings, given_settings, read_performance
from engine.cli.progress import progress_bar
from engine.emotion.tracker import Tracker
from engine.files import check_output
from engine.library.listing import find_sounds
from engine.library.progress import Store
from engine.library.rows import Job, Outcome, track_file
from engine.library.tables import FORMATS, format_of, open_table
from engine.library.workers import outcomes
from engine.settings.performance import Performance

__all__ = ["add", "run"]

_FLUSHED_ROWS = 256


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "track",
        help="print the emotion of audio files over time",
        description="Print the emotion of audio files over time, one row per hop, with the "
        "same tracker as live. With -o and several files, an interrupted run continues where it "
        "stopped when it is started again.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="sound or film of any format, a folder of them, or a play list (m3u, m3u8, pls)",
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="default: by the extension of OUT, else csv"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes; 0: one per core (default 1)"
    )
    parser.add_argument(
        "--dask",
        default="",
        metavar="ADDRESS",
        help="let the workers of this Dask scheduler do it, such as tcp://host:8786",
    )
    add_settings(parser, Performance, "listening")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="default: stdout")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Track the files in order; one that cannot be read is named and costs none of the others."""
    asked = read_performance(parsed, Performance())
    check_range("--jobs", parsed.jobs, 0, 1024)
    kind = format_of(parsed.output, parsed.format)
    sounds = find_sounds(parsed.files)
    if parsed.output is not None:
        check_output(parsed.output, *sounds)
    if len(sounds) == 1:
        _track_one(sounds[0], asked, parsed.output, kind)
        return 0
    settings = given_settings(parsed, Performance)
    return _track_all([Job(str(path), settings) for path in sounds], parsed, kind)


def _track_one(path: Path, asked: Performance, output: Path | None, kind: str) -> None:
    from engine.audio import AudioFile

    with AudioFile(path) as audio:
        length_s = audio.nominal_s
    with (
        open_table(output, kind, several=False) as write,
        progress_bar("tracking", length_s) as progress,
    ):
        rows = track_file(path, Tracker(), asked, _warn)
        while part := list(itertools.islice(rows, _FLUSHED_ROWS)):
            write(part)
            progress(part[-1]["time_s"])


def _track_all(jobs: list[Job], parsed: argparse.Namespace, kind: str) -> int:
    """Write rows in the order of the files, whoever is done first."""
    store = None if parsed.output is None else Store(parsed.output)
    done: dict[int, Outcome] = {}
    if store is not None:
        done = {i: known for i, job in enumerate(jobs) if (known := store.find(job)) is not None}
    rest = [index for index in range(len(jobs)) if index not in done]
    processes = parsed.jobs or os.cpu_count() or 1
    coming = outcomes([jobs[index] for index in rest], processes, parsed.dask)
    next_index = broken = 0
    with (
        open_table(parsed.output, kind, several=True) as write,
        progress_bar("tracking", len(jobs)) as progress,
    ):
        while next_index < len(jobs):
            if next_index not in done:
                place, outcome = next(coming)
                done[rest[place]] = outcome
                if store is not None:
                    store.keep(jobs[rest[place]], outcome)
                progress(next_index + len(done))
                continue
            outcome = done.pop(next_index)
            for warning in outcome.warnings:
                _warn(warning)
            if outcome.error:
                broken += 1
                _warn(outcome.error)
            write({"file": jobs[next_index].path} | row for row in outcome.rows())
            next_index += 1
    if store is not None and not broken:
        store.clear()
    return 1 if broken else 0


def _warn(words: str) -> None:
    print(f"stimmung: {words}", file=sys.stderr)
