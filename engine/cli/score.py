"""``stimmung score``: music for a film."""

import argparse
import sys
from pathlib import Path

from engine.choices import AUTO_KEY, PARTS
from engine.cli.options import (
    Commands,
    add_audio,
    add_engine_settings,
    add_seed,
    check_audio,
    read_performance,
    say_written,
)
from engine.cli.progress import progress_bar
from engine.errors import InputError
from engine.files import check_output
from engine.generators.registry import GENERATORS, create_generator
from engine.instrument.programs import engine_programs
from engine.instrument.sound_file import file_messages, write_sound
from engine.instrument.sound_file import render as play
from engine.settings.curve import read_film_curve
from engine.settings.performance import Performance
from engine.video.film import Film
from engine.video.film_score import FilmScore, ScoreRequest, score_course, watch
from engine.video.mood import Calibration, calibrate
from engine.video.render import check_render, render
from engine.video.semantic import Reader
from engine.video.table import read_features, write_features

__all__ = ["add", "run"]

_ENGINE = "amt"
_AUTO = "auto"


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "score",
        help="write music for a film",
        description="Write music for a film as a MIDI file: its mood follows the pictures, its "
        "bar lines meet the cuts. The file holds the tempo map, markers at the cuts, one track "
        "per part, and the emotion as controllers CC 20 (valence) and CC 21 (arousal).",
        allow_abbrev=False,
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="any file FFmpeg can read")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.mid")
    parser.add_argument(
        "--engine", default=_ENGINE, help=f"{', '.join(GENERATORS)} (default {_ENGINE})"
    )
    parser.add_argument(
        "--tempo", default=_AUTO, metavar="BPM|auto", help="20..300; auto: by the film's mood"
    )
    parser.add_argument(
        "--tempo-range",
        type=float,
        default=10.0,
        metavar="PERCENT",
        help="how far the tempo may change so that cuts fall on bar lines, 0..50 (default 10)",
    )
    parser.add_argument("--beats-per-bar", type=int, default=4, metavar="N", help="2..7")
    parser.add_argument("--key", default=AUTO_KEY, help="key such as C:maj or F#:min, or auto")
    parser.add_argument(
        "--parts", metavar="LIST", help=f"parts that sound, separated by commas: {', '.join(PARTS)}"
    )
    add_engine_settings(parser)
    parser.add_argument(
        "--curve",
        type=Path,
        metavar="CSV",
        help="your own mood instead of the film's: columns time_s (or beat), valence, arousal",
    )
    parser.add_argument(
        "--neutral",
        type=Path,
        metavar="CSV",
        help="features of a recording that counts as neutral (made with --features)",
    )
    parser.add_argument(
        "--clip", type=Path, metavar="FILE.onnx", help="CLIP model that reads the pictures"
    )
    parser.add_argument(
        "--features", type=Path, metavar="CSV", help="write the features of the pictures"
    )
    parser.add_argument(
        "--render",
        type=Path,
        metavar="FILE",
        help="the film with the music as .mp4, .mov or .mkv",
    )
    add_audio(parser)
    add_seed(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Watch, compose, write."""
    inputs = (parsed.video, parsed.curve, parsed.neutral, parsed.clip, parsed.soundfont)
    taken = [path for path in inputs if path is not None]
    for path in (parsed.output, parsed.features, parsed.render):
        if path is not None:
            check_output(path, *taken)
            taken.append(path)
    request = _request(parsed)
    neutral = _calibration(parsed.neutral)
    reader = None if parsed.clip is None else Reader(parsed.clip)
    check_audio(parsed, *taken)
    if parsed.render is not None:
        check_render(parsed.render)
    generator = create_generator(request.engine, request.seed)
    with Film(parsed.video) as film:
        nominal_s = film.nominal_s
    with progress_bar("watching", nominal_s or 0.0) as progress:
        states, course = watch(parsed.video, neutral, reader, progress)
    if parsed.features is not None:
        write_features(parsed.features, states)
    with progress_bar("composing", course.end_s) as progress:
        film_score = score_course(course, request, generator, progress)
    film_score.write(parsed.output)
    print(_summary(film_score), file=sys.stderr)
    if parsed.render is not None or parsed.audio is not None:
        sound = play(
            file_messages(parsed.output),
            soundfont=parsed.soundfont,
            programs=engine_programs(request.engine),
            length_s=course.end_s,
        )
        if parsed.audio is not None:
            write_sound(parsed.audio, sound)
        if parsed.render is not None:
            render(parsed.video, sound, parsed.render)
    say_written(parsed.output, parsed.audio, parsed.render)
    return 0


def _request(parsed: argparse.Namespace) -> ScoreRequest:

    if not 0.0 <= parsed.tempo_range <= 50.0:
        raise InputError(f"--tempo-range must be from 0 to 50; got {parsed.tempo_range:g}")
    tempo = None
    if parsed.tempo != _AUTO:
        try:
            tempo = float(parsed.tempo)
        except ValueError:
            raise InputError(
                f"--tempo must be a number from 20 to 300, or auto; got {parsed.tempo!r}"
            ) from None
    position, curve = ("beat", ()) if parsed.curve is None else read_film_curve(parsed.curve)
    performance = read_performance(parsed, Performance())
    return ScoreRequest(
        engine=performance.engine,
        tempo_bpm=tempo,
        tempo_range=parsed.tempo_range / 100.0,
        beats_per_bar=performance.beats_per_bar,
        key=performance.key,
        seed=parsed.seed,
        parts=performance.parts,
        settings=performance.settings,
        curve=curve,
        curve_in_beats=position == "beat",
    )


def _calibration(path: Path | None) -> Calibration | None:

    return None if path is None else calibrate(read_features(path))


def _summary(film_score: FilmScore) -> str:
    sections = film_score.spotting.sections
    tempi = sorted(section.tempo_bpm for section in sections)
    cuts = len(film_score.course.cuts_s)
    bars = sum(len(section.bars) for section in sections)
    return (
        f"{film_score.course.end_s:.1f} s, {cuts} cuts: {film_score.met} on a bar line, "
        f"{film_score.near} within a beat of one; {bars} bars at {tempi[0]:.1f} to "
        f"{tempi[-1]:.1f} BPM, {film_score.performance.key}, {len(film_score.score.notes)} notes"
    )
