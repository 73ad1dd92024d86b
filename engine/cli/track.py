"""``stimmung track``: the emotion of audio files, one row per hop."""

import argparse
import contextlib
import csv
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from engine.cli.options import Commands, add_settings, check_output, read_performance
from engine.emotion.columns import EMOTION_COLUMNS
from engine.events import EmotionState
from engine.settings.performance import Performance

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "track",
        help="print the emotion of audio files over time",
        description="Print the emotion of audio files over time, one row per hop, with the very "
        "tracker that listens live.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="wav, flac, ogg, mp3")
    parser.add_argument("--format", choices=("csv", "jsonl"), default="csv")
    add_settings(parser, Performance, "listening")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="default: stdout")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Track the files in order."""
    from engine.audio import AudioFile

    asked = read_performance(parsed, Performance())
    lengths = []
    for path in parsed.files:  # all of them, before the first row is written
        with AudioFile(path) as audio:
            lengths.append(audio.duration_s)
    if parsed.output is not None:
        check_output(parsed.output)
    with _output(parsed.output) as file:
        _write(parsed, asked, lengths, file)
    return 0


def _write(
    parsed: argparse.Namespace, asked: Performance, lengths: list[float], file: TextIO
) -> None:
    from engine.audio import mono_blocks
    from engine.cli.progress import progress_bar
    from engine.emotion.heard import Heard
    from engine.emotion.tracker import Tracker

    several = len(parsed.files) > 1
    columns = ("file", *EMOTION_COLUMNS) if several else EMOTION_COLUMNS
    table = csv.DictWriter(file, columns, lineterminator="\n")
    if parsed.format == "csv":
        table.writeheader()
    tracker, heard = Tracker(), Heard()
    heard_s = 0.0
    with progress_bar("tracking", sum(lengths)) as progress:
        for path, length in zip(parsed.files, lengths, strict=True):
            tracker.reset()
            heard.reset()
            for block in mono_blocks(path, tracker.sample_rate):
                for state in tracker.push(block):
                    heard.hear(state, asked.recentre, asked.smoothing_s, asked.hysteresis)
                    if state.state != "silence" and heard.point is not None:
                        valence, arousal = (min(1.0, max(-1.0, v)) for v in heard.point)
                        state = replace(state, valence=valence, arousal=arousal)
                    row = ({"file": str(path)} if several else {}) | _row(state)
                    if parsed.format == "csv":
                        table.writerow(row)
                    else:
                        row["tags"] = dict(state.tags)
                        file.write(json.dumps(row) + "\n")
                    progress(heard_s + state.time_s)
            heard_s += length


def _row(state: EmotionState) -> dict[str, Any]:
    numbers = {
        "time_s": state.time_s,
        "valence": state.valence,
        "arousal": state.arousal,
        "valence_std": state.valence_std,
        "arousal_std": state.arousal_std,
        **dict(zip(("q1", "q2", "q3", "q4"), state.quadrants, strict=True)),
    }
    return {name: round(float(value), 4) for name, value in numbers.items()} | {
        "key": state.key,
        "chord": state.chord,
        "state": state.state,
        "loudness_db": round(float(state.loudness_db), 1),
        "tuning_hz": round(float(state.tuning_hz), 1),
    }


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Yield stdout, or a file that appears whole when all rows are written."""
    if path is None:
        yield sys.stdout
        return
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
