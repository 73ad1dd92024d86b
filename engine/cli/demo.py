"""``stimmung demo``: the whole line on the bundled piece, without any device."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.choices import check_range
from engine.cli.options import Commands, add_seed
from engine.emotion.quadrants import quadrant_masses
from engine.errors import SessionError
from engine.generators.registry import GENERATORS
from engine.pipeline.offline import Performed
from engine.settings.performance import Performance

if TYPE_CHECKING:
    from engine.emotion.tracker import Tracker

__all__ = ["add", "run"]

_SECTION_S = 8.0
_ENGINE = "muser"
_LOUDEST = 0.89  # -1 dBFS


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="track a bundled piece, play along, and write a session folder",
        description="Track a bundled piece and play along with it, faster than real time and "
        "without any device. Writes a folder with the sound of both, the answer alone, the MIDI "
        "file, the emotion table and a picture.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, default=Path("stimmung-demo"), metavar="DIR")
    parser.add_argument(
        "--engine", default=_ENGINE, help=f"{', '.join(GENERATORS)} (default {_ENGINE})"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="use only the first S seconds of the piece"
    )
    add_seed(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Run the demo and print what was heard and played."""
    import presets
    from engine.audio import AudioFile, mono_blocks
    from engine.cli.progress import progress_bar
    from engine.emotion.tracker import Tracker
    from engine.pipeline.offline import accompany
    from engine.session.info import describe_run
    from engine.session.recorder import SessionRecorder

    if parsed.seconds is not None:
        check_range("seconds", parsed.seconds, 1.0, 3600.0)
    check_range("seed", parsed.seed, 0, 2**31 - 1)
    performance = Performance(engine=parsed.engine)
    with AudioFile(presets.DEMO_AUDIO) as audio:
        length = min(audio.nominal_s, parsed.seconds or audio.nominal_s)
    tracker = Tracker()
    with progress_bar("listening and playing", length) as progress:
        performed = accompany(
            mono_blocks(presets.DEMO_AUDIO, tracker.sample_rate),
            tracker,
            performance,
            seed=parsed.seed,
            seconds=parsed.seconds,
            progress=progress,
        )
    info = describe_run(
        performance, seed=parsed.seed, input_name=presets.DEMO_AUDIO.name, midi_out="none"
    )
    recorder = SessionRecorder(parsed.out, info, origin_s=0.0)
    with recorder:
        for state, target in performed.emotions:
            recorder.emotion(state, target)
        for scheduled in performed.notes:
            recorder.note(scheduled.note, scheduled.on_s, scheduled.off_s)
        for control in performed.controls:
            recorder.control(control.control, control.at_s)
        recorder.close(leave=("picture.png",))  # it shows the answer's emotion too, later
    if recorder.error:
        raise SessionError(recorder.error)
    with progress_bar("making sound", 1.0):
        _write_sound(recorder.folder, parsed.engine, performed.seconds, tracker)
    _print_table(performed)
    folder = recorder.folder
    print(f"{folder}: stimmung.ogg, answer.ogg, stimmung.mid, picture.png, emotion.csv, log.txt")
    print(
        f"Listen to {folder / 'stimmung.ogg'} and open {folder / 'picture.png'}; "
        f"then play live: {_program()} gui"
    )
    return 0


def _program() -> str:
    """Return how this program can be called from here: its folder may not be on the path."""
    called = Path(sys.argv[0])
    return "stimmung" if shutil.which("stimmung") or called.stem != "stimmung" else str(called)


def _write_sound(folder: Path, engine: str, seconds: float, tracker: "Tracker") -> None:
    """Write the answer and its mix with the piece; draw both emotions into the picture."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    import presets
    from engine.audio import StreamResampler, mono_blocks
    from engine.instrument.programs import engine_programs
    from engine.instrument.sound_file import SAMPLE_RATE, file_messages, render, write_sound
    from engine.session.events_file import read_session
    from engine.session.picture import draw_picture

    messages = file_messages(folder / "stimmung.mid")
    answer = render(messages, programs=engine_programs(engine), length_s=seconds)
    piece = np.concatenate(list(mono_blocks(presets.DEMO_AUDIO, SAMPLE_RATE)))[: len(answer)]
    mix = answer * (piece.std() / max(float(answer.std()), 1e-6))  # both equally loud
    mix[: len(piece)] += piece[:, None]
    mix *= _LOUDEST / max(float(np.abs(mix).max()), 1e-6)
    with ThreadPoolExecutor() as encoders:
        files = {"answer.ogg": answer, "stimmung.ogg": mix}
        written = [encoders.submit(write_sound, folder / name, files[name]) for name in files]
        tracker.reset()
        resampler = StreamResampler(SAMPLE_RATE, tracker.sample_rate)
        states = tracker.push(resampler.push(answer.mean(axis=1)))
        draw_picture(read_session(folder), folder / "picture.png", states)
    for each in written:
        each.result()


def _print_table(performed: Performed) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="what was heard, and what was played", box=None)
    for column in ("time", "heard", "valence", "arousal", "key", "notes/s", "velocity", "pitch"):
        table.add_column(column, no_wrap=True)
    start = 0.0
    while start < performed.seconds:
        end = start + _SECTION_S
        states = [state for state, _ in performed.emotions if start < state.time_s <= end]
        notes = [item.note for item in performed.notes if start <= item.on_s < end]
        if states:
            last, count = states[-1], max(1, len(notes))
            length = min(end, performed.seconds) - start
            valence = _mean([state.valence for state in states])
            arousal = _mean([state.arousal for state in states])
            masses = quadrant_masses(valence, arousal, 1.0, 1.0)  # that of the means beside it
            quadrant = max(range(4), key=masses.__getitem__) + 1
            table.add_row(
                f"{start:.0f}–{min(end, performed.seconds):.0f} s",
                f"Q{quadrant} {last.state}",
                f"{valence:+.2f}",
                f"{arousal:+.2f}",
                last.key or "–",
                f"{len(notes) / length:.1f}",
                f"{sum(note.velocity for note in notes) / count:.0f}",
                f"{sum(note.pitch for note in notes) / count:.0f}",
            )
        start = end
    Console().print(table)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
