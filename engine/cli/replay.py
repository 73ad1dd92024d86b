"""``stimmung replay``: a recorded session, played again."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from engine.choices import AUTO_OUT
from engine.cli.options import Commands, add_audio, check_audio, say_written
from engine.errors import InputError
from engine.files import check_output
from engine.session.content import Session
from engine.settings.latencies import shift_s
from engine.settings.run import LiveConfig

__all__ = ["add", "run"]

_TICK_S = 0.005


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "replay",
        help="play a recorded session again",
        description="Play the notes of a recorded session again, in time, through a port named "
        "Stimmung; or write them as a MIDI file. With --again the music is generated "
        "anew from the recorded emotions, commands and seed, which gives the same notes. Stop with "
        "Ctrl-C.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument(
        "--midi-out",
        metavar="auto|virtual|built-in|jack|NAME|none",
        help="where to play (default: auto as for live, or none with -o or --audio)",
    )
    parser.add_argument(
        "--from", type=float, default=0.0, dest="start", metavar="S", help="seconds"
    )
    parser.add_argument("--again", action="store_true", help="generate the music anew")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT.mid|OUT.dawproject",
        help="write a MIDI file, or a DAWproject with tempo, markers and automation of the emotion",
    )
    add_audio(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Write or play, or both."""
    from engine.instrument.programs import engine_programs
    from engine.instrument.sound_file import render_file
    from engine.session.dawproject import write_dawproject
    from engine.session.events_file import read_session
    from engine.session.folder import recorded_files
    from engine.session.products import write_midi

    session = read_session(parsed.folder)
    if parsed.again:
        session = _again(parsed.folder, session)
    if not session.notes:
        raise InputError(f"nothing was played in {parsed.folder}")
    if not 0.0 <= parsed.start < session.duration_s:
        raise InputError(
            f"--from must be from 0 to {session.duration_s:.1f} seconds; got {parsed.start:g}"
        )
    taken = recorded_files(parsed.folder)
    check_audio(parsed, parsed.output, *taken)
    if parsed.output is not None:
        check_output(parsed.output, *taken)
        if parsed.output.suffix.lower() == ".dawproject":
            write_dawproject(session, parsed.output)
        else:
            write_midi(session, parsed.output)
    if parsed.audio is not None:
        with tempfile.TemporaryDirectory(prefix="stimmung-") as folder:
            midi = Path(folder) / "session.mid"
            write_midi(session, midi)
            engine = str(session.info.settings.get("engine", ""))
            programs = engine_programs(engine)
            render_file(midi, parsed.audio, soundfont=parsed.soundfont, programs=programs)
    say_written(parsed.output, parsed.audio)
    if (parsed.output is None and parsed.audio is None) or parsed.midi_out is not None:
        config = LiveConfig(midi_out=parsed.midi_out or AUTO_OUT, soundfont=parsed.soundfont)
        _play(session, config, parsed.start)
    return 0


def _again(folder: Path, recorded: Session) -> Session:
    from engine.session.rerun import rerun

    made = rerun(folder)
    same = sum(a == b for a, b in zip(made.notes, recorded.notes, strict=False))
    print(f"made {len(made.notes)} notes; {same} are as recorded", file=sys.stderr)
    return made


def _play(session: Session, config: LiveConfig, start_s: float) -> None:
    from engine.cli.progress import progress_bar
    from engine.midi.sender.client import SenderClient
    from engine.session.replay import Replayer, ReplayScore

    score = ReplayScore(session)
    with (
        SenderClient(config.output) as sender,
        progress_bar("replaying", score.seconds) as progress,
    ):
        sender.sound(str(session.info.settings.get("engine", "")), config.performance.volume)
        sender.set_latency(shift_s(sender.status().port, None))
        replayer = Replayer(score, sender)
        replayer.play(time.perf_counter(), start_s)
        try:
            while not replayer.ended:
                now_s = time.perf_counter()
                replayer.advance(now_s)
                progress(replayer.position(now_s))
                time.sleep(_TICK_S)
        except KeyboardInterrupt:
            replayer.stop(time.perf_counter())
