"""``stimmung generate``: music to a chosen emotion, as a MIDI file."""

import argparse
import sys
from pathlib import Path

from engine.choices import AUTO_KEY, check_range
from engine.cli.options import (
    Commands,
    add_audio,
    add_engine_settings,
    add_seed,
    add_settings,
    check_audio,
    read_performance,
    say_left_out,
    say_written,
)
from engine.errors import InputError
from engine.files import check_output
from engine.settings.performance import Performance

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "generate",
        help="write music of a chosen emotion as a MIDI file",
        description="Write music of a chosen emotion as a MIDI file: one track per part, the "
        "emotion as controllers CC 20 (valence) and CC 21 (arousal).",
        allow_abbrev=False,
    )
    add_settings(parser, Performance, "music")
    add_engine_settings(parser)
    parser.add_argument("--curve", type=Path, metavar="CSV", help="columns beat, valence, arousal")
    parser.add_argument("--bars", type=int, default=16, help="1..10000 (default 16)")
    parser.add_argument(
        "--primer",
        type=Path,
        metavar="MID",
        help="continue this piece (engine muser), by default in its tempo, metre and key",
    )
    add_audio(parser)
    add_seed(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.mid")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Generate and write the file."""
    from engine.cli.progress import progress_bar
    from engine.instrument.programs import engine_programs
    from engine.instrument.sound_file import render_file
    from engine.midi.file import write_midi_file
    from engine.performer.primer import read_primer
    from engine.pipeline.offline import compose
    from engine.settings.curve import read_curve

    if parsed.curve is None and (parsed.valence is None or parsed.arousal is None):
        raise InputError("give --valence and --arousal, or --curve")
    if parsed.curve is not None and (parsed.valence is not None or parsed.arousal is not None):
        raise InputError("give either --curve or --valence and --arousal, not both")
    if parsed.mode not in (None, "manual", "curve"):
        raise InputError(f"mode must be manual or curve here; got {parsed.mode!r}")
    inputs = [path for path in (parsed.curve, parsed.primer) if path is not None]
    check_output(parsed.output, *inputs)
    check_audio(parsed, parsed.output, *inputs)
    check_range("bars", parsed.bars, 1, 10_000)
    check_range("seed", parsed.seed, 0, 2**31 - 1)
    curve = () if parsed.curve is None else read_curve(parsed.curve)
    parsed.mode = "curve" if curve else "manual"
    base = Performance(slew_per_s=100.0)  # no listener: the target applies at once
    primer = None if parsed.primer is None else read_primer(parsed.primer, parsed.beats_per_bar)
    if primer is not None:
        say_left_out(parsed.primer, primer.left_out)
        frame = {name: getattr(primer, name) for name in ("tempo_bpm", "beats_per_bar", "key")}
        base = base.changed(frame)
    performance = read_performance(parsed, base)
    if performance.key == AUTO_KEY:
        performance = performance.changed({"key": "C:maj"})
    with progress_bar("composing", parsed.bars) as progress:
        performed = compose(
            performance,
            bars=parsed.bars,
            seed=parsed.seed,
            curve=curve,
            primer=primer,
            progress=progress,
        )
    write_midi_file(
        parsed.output,
        [scheduled.note for scheduled in performed.notes],
        [scheduled.control for scheduled in performed.controls],
        tempo_bpm=performance.tempo_bpm,
        key=performance.key,
        beats_per_bar=performance.beats_per_bar,
    )
    if parsed.audio is not None:
        programs = engine_programs(performance.engine)
        render_file(parsed.output, parsed.audio, soundfont=parsed.soundfont, programs=programs)
    print(f"{parsed.output}: {parsed.bars} bars, {len(performed.notes)} notes", file=sys.stderr)
    say_written(parsed.audio)
    return 0
