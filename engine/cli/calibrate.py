"""``stimmung calibrate``: fit valence and arousal to a venue in half a minute."""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.choices import check_range
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
        help="fit the emotion scale to a venue, into a preset",
        description="Listen to something calm and to something intense as they sound in this "
        "venue, and keep the fitted scale in a preset: live from an input, one after the other, "
        "or from files.",
        allow_abbrev=False,
    )
    parser.add_argument("title", metavar="TITLE", help="title of the preset that is written")
    parser.add_argument("--preset", metavar="NAME", help="preset to begin with")
    parser.add_argument("--input", metavar="DEVICE", help="listen live: name or part of it")
    parser.add_argument(
        "--seconds", type=float, default=15.0, metavar="S", help="of each moment, 6..120 (15)"
    )
    parser.add_argument("--valence", action="store_true", help="live: ask for dark and bright too")
    for moment in MARKS:
        parser.add_argument(f"--{moment}", type=Path, metavar="FILE", help=f"{moment} music")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Listen, fit, write the preset."""
    from engine.emotion.tracker import Tracker
    from engine.errors import InputError
    from engine.settings.performance import Performance
    from engine.settings.presets import keep_preset, load_preset

    check_range("--seconds", parsed.seconds, 6.0, 120.0)
    given = {name: path for name in MARKS if (path := getattr(parsed, name)) is not None}
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
