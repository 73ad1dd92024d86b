"""``stimmung calibrate``: fit the emotion scale to a venue, or measure a latency."""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.choices import PLUGIN, check_range
from engine.cli.options import Commands
from engine.settings.venue import MARKS, fit_venue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.emotion.tracker import Tracker

__all__ = ["add", "run"]

_SETTLE_S = 4.0  # of each moment, before it counts
_WAIT_S = 0.05


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "calibrate",
        help="fit the emotion scale to a venue; measure the latency of an output",
        description="Listen to something calm and to something intense as they sound in this "
        "venue, and keep the fitted scale in a preset: live from an input, one after the other, "
        "or from files. With --latency: play clicks through an output, listen to them with a "
        "microphone, and keep the measured latency; from then on, live plays that much earlier.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "title", metavar="TITLE", nargs="?", help="title of the preset that is written"
    )
    parser.add_argument("--preset", metavar="NAME", help="preset to begin with")
    parser.add_argument("--input", metavar="DEVICE", help="listen live: name or part of it")
    parser.add_argument(
        "--seconds",
        type=float,
        default=15.0,
        metavar="S",
        help="length of each moment, 6..120 (default 15)",
    )
    parser.add_argument("--valence", action="store_true", help="live: ask for dark and bright too")
    for moment in MARKS:
        parser.add_argument(f"--{moment}", type=Path, metavar="FILE", help=f"{moment} music")
    parser.add_argument("--latency", action="store_true", help="measure the latency of an output")
    for name in ("midi_out", "audio_out"):
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, metavar="NAME", help="with --latency: as for live")
    parser.add_argument(
        "--clicks", type=int, default=12, metavar="N", help="number of clicks, 4..60 (default 12)"
    )
    parser.add_argument(
        "--note",
        metavar="CHANNEL:PITCH",
        help="note of the clicks, 1..16:0..127 (default: 10:37 with built-in, else 1:60)",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Listen, fit, write the preset."""
    from engine.emotion.tracker import Tracker
    from engine.errors import InputError
    from engine.settings.performance import Performance
    from engine.settings.presets import keep_preset, load_preset

    check_range("--seconds", parsed.seconds, 6.0, 120.0)
    given = {name: path for name in MARKS if (path := getattr(parsed, name)) is not None}
    if parsed.latency:
        if given or parsed.title or parsed.preset or parsed.valence:
            raise InputError("--latency goes with --midi-out, --audio-out, --input and --clicks")
        return _latency(parsed)
    if parsed.title is None:
        raise InputError("calibrate needs the TITLE of the preset to write, or --latency")
    if bool(given) == (parsed.input is not None):
        raise InputError("calibrate needs either --input DEVICE or files such as --calm, --intense")
    performance = load_preset(parsed.preset).performance if parsed.preset else Performance()
    tracker = Tracker()
    if given:
        marks = {name: _of_file(path, tracker, parsed.seconds) for name, path in given.items()}
    else:
        marks = _live(parsed.input, MARKS if parsed.valence else MARKS[:2], tracker, parsed.seconds)
    fitted = fit_venue(marks)
    if not fitted:
        raise InputError(
            "calibrate needs both ends of an axis: calm and intense, or dark and bright"
        )
    path = keep_preset(parsed.title, performance.changed(fitted))
    for name, value in fitted.items():
        print(f"{name:20} {value:+.2f}")
    print(f"written: {path}")
    return 0


def _latency(parsed: argparse.Namespace) -> int:
    """Play, listen, keep what was measured."""
    from engine.choices import BUILT_IN
    from engine.errors import InputError
    from engine.instrument.latency import measure
    from engine.midi.ports.port import sounding
    from engine.midi.sender.client import SenderClient
    from engine.settings.latencies import MOST_EARLIER_S, keep_latency
    from engine.settings.run import LiveConfig

    check_range("--clicks", parsed.clicks, 4, 60)
    given = {name: getattr(parsed, name) for name in ("midi_out", "audio_out")}
    config = LiveConfig(**{name: value for name, value in given.items() if value is not None})
    if config.midi_out in ("none", PLUGIN):
        raise InputError(f"--midi-out must be an output that sounds; got {config.midi_out}")
    note = None if parsed.note is None else _note(parsed.note)
    with SenderClient(config.output) as sender:
        port = sounding(sender.status().port)
        sender.sound("", 1.0)
        channel, pitch = note or ((9, 37) if port.startswith(BUILT_IN) else (0, 60))
        print(f"Listening to {parsed.clicks} clicks from {port} …", flush=True)
        found = measure(sender, parsed.input, count=parsed.clicks, channel=channel, pitch=pitch)
    path = keep_latency(found.port, found.seconds)
    print(f"{found.port}: {1000 * found.seconds:.1f} ms ± {1000 * found.spread_s:.1f} ms")
    print(f"kept in {path}: live plays that much earlier, unless --latency-ms is given")
    if found.seconds > MOST_EARLIER_S:
        print(
            f"only {1000 * MOST_EARLIER_S:.0f} ms can be compensated: notes are known 50 ms ahead"
        )
    return 0


def _note(text: str) -> tuple[int, int]:
    from engine.errors import InputError

    words = text.split(":")
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        raise InputError(f"--note must be CHANNEL:PITCH such as 10:37; got {text!r}")
    channel, pitch = map(int, words)
    check_range("channel of --note", channel, 1, 16)
    check_range("pitch of --note", pitch, 0, 127)
    return channel - 1, pitch


def _of_file(path: Path, tracker: "Tracker", seconds: float) -> tuple[float, float]:
    from engine.audio import mono_blocks

    def blocks() -> Iterator["NDArray[np.float32]"]:
        heard = 0
        for block in mono_blocks(path, tracker.sample_rate):
            yield block
            heard += block.size
            if heard >= seconds * tracker.sample_rate:
                return

    return _mean(tracker, blocks(), str(path))


def _live(
    device: str, moments: tuple[str, ...], tracker: "Tracker", seconds: float
) -> dict[str, tuple[float, float]]:
    from engine.audio import Ring, open_source

    source = open_source(device)
    ring = Ring(int(10.0 * tracker.sample_rate), tracker.sample_rate)
    source.start(ring)

    def blocks() -> Iterator["NDArray[np.float32]"]:
        ring.skip(ring.available)
        end_s = time.perf_counter() + seconds
        while time.perf_counter() < end_s:
            pcm = ring.read(tracker.hop_length)
            if pcm.size:
                yield pcm
            else:
                time.sleep(_WAIT_S)

    try:
        marks = {}
        for moment in moments:
            print(f"Play something {moment} for {seconds:.0f} seconds, now.", flush=True)
            marks[moment] = _mean(tracker, blocks(), moment)
        return marks
    finally:
        source.stop()


def _mean(
    tracker: "Tracker", blocks: Iterator["NDArray[np.float32]"], what: str
) -> tuple[float, float]:
    """Mean valence and arousal of what was heard after the tracker has settled."""
    from engine.errors import InputError

    tracker.reset()
    points = [
        (state.valence, state.arousal)
        for block in blocks
        for state in tracker.push(block)
        if state.time_s >= _SETTLE_S and state.state in ("tracking", "uncertain")
    ]
    if not points:
        raise InputError(f"{what}: no music was heard")
    return (
        sum(valence for valence, _ in points) / len(points),
        sum(arousal for _, arousal in points) / len(points),
    )
