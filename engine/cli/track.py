"""``stimmung track``: the emotion of audio files, one row per hop."""

import argparse
import contextlib
import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from engine.cli.options import Commands, add_settings, read_performance
from engine.cli.several import named
from engine.emotion.columns import EMOTION_COLUMNS
from engine.emotion.heard import Heard
from engine.emotion.tracker import Tracker
from engine.errors import InputError
from engine.events import EmotionState
from engine.files import check_output, output_file
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
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="sound or film, any format"
    )
    parser.add_argument("--format", choices=("csv", "jsonl"), default="csv")
    add_settings(parser, Performance, "listening")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="default: stdout")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Track the files in order; one that cannot be read is named and costs none of the others."""
    from engine.cli.progress import progress_bar

    asked = read_performance(parsed, Performance())
    if parsed.output is not None:
        check_output(parsed.output, *parsed.files)
    several = len(parsed.files) > 1
    lengths: dict[Path, float] = {}
    broken = 0
    for path in parsed.files:  # all of them, before the first row is written
        with named(several) as failed:
            lengths[path] = _length_s(path)
        broken += bool(failed)
    columns = ("file", *EMOTION_COLUMNS) if several else EMOTION_COLUMNS
    tracker = Tracker()
    with (
        _output(parsed.output) as file,
        progress_bar("tracking", sum(lengths.values())) as progress,
    ):
        table = csv.DictWriter(file, columns, lineterminator="\n")
        if parsed.format == "csv":
            table.writeheader()
        heard_s = 0.0
        for path in parsed.files:
            if path not in lengths:
                continue
            with named(several) as failed:
                for state in _states(path, tracker, asked):
                    row = ({"file": str(path)} if several else {}) | _row(state)
                    if parsed.format == "csv":
                        table.writerow(row)
                    else:
                        row["tags"] = dict(state.tags)
                        file.write(json.dumps(row) + "\n")
                    progress(heard_s + state.time_s)
            broken += bool(failed)
            heard_s += lengths[path]
    return 1 if broken else 0


def _length_s(path: Path) -> float:
    from engine.audio import AudioFile

    with AudioFile(path) as audio:
        return audio.nominal_s


def _states(path: Path, tracker: Tracker, asked: Performance) -> Iterator[EmotionState]:
    """Yield what is heard at every hop, valence and arousal as the listening options want them."""
    from engine.audio import mono_blocks

    tracker.reset()
    heard = Heard()
    state: EmotionState | None = None
    for block in mono_blocks(path, tracker.sample_rate, report=_warn):
        for state in tracker.push(block):
            heard.hear(state, asked.recentre, asked.smoothing_s, asked.hysteresis)
            if state.state != "silence" and heard.point is not None:
                valence, arousal = (min(1.0, max(-1.0, v)) for v in heard.point)
                state = replace(state, valence=valence, arousal=arousal)
            yield state
    if state is None:
        least_s = tracker.hop_length / tracker.sample_rate
        raise InputError(f"{path} is shorter than {least_s:.3f} s, the least that can be tracked")


def _warn(damage: str) -> None:
    print(f"stimmung: {damage}", file=sys.stderr)


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
    """Yield stdout, or a file that is complete when all rows are written."""
    if path is None:
        yield sys.stdout
        return
    with output_file(path) as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="", write_through=True)
        yield text
        text.detach()
