"""What `stimmung bench` can measure: each part in a process of its own.

``python -m engine.bench.parts NAME SIZE`` is that process: it prints its figures as JSON. A part
that hangs or dies costs its own figures only, and memory is its own. What a machine lacks is a
figure too: ``{"missing": reason}``.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from engine.errors import StimmungError
from engine.process.child import child_command, child_environment

__all__ = ["PARTS", "SIZES", "Part", "Size", "measure", "missing"]

Size = Literal["quick", "standard", "long"]
"""A rough look; what a report takes; enough events for the tails."""

SIZES: Final[tuple[Size, ...]] = get_args(Size)


_PATIENCE: Final = 5.0
_LEAST_PATIENCE_S: Final = 300.0
_OUTPUTS: Final = ("jack", "rtmidi", "none")
_LONG: Final = 4.0  # so many times as long, about, takes what has a long form


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes
    ----------
    title : str
        What is measured, in a few words.
    about_s : float
        How long it takes on two cores, about [s].
    work : callable
        Measures; told how long it may take.
    standard : bool
        Whether it belongs to the report.
    jack : bool
        Whether it also plays over JACK, where there is a server.
    """

    title: str
    about_s: float
    work: Callable[[Size], dict[str, Any]]
    standard: bool = True
    jack: bool = False


def missing(reason: object) -> dict[str, str]:
    """Return what stands in place of figures that cannot be measured."""
    return {"missing": str(reason) or type(reason).__name__}


def measure(name: str, environment: Mapping[str, str], size: Size) -> dict[str, Any]:
    """Measure a part in a process of its own."""
    patience_s = max(_LEAST_PATIENCE_S, _PATIENCE * PARTS[name].about_s)
    if size == "long":
        patience_s *= _LONG
    process = subprocess.Popen(
        child_command("engine.bench.parts", name, size),
        env=child_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A group to end it by; not a session, which the scheduler would treat as another user's.
        process_group=0 if hasattr(os, "killpg") else None,
    )
    try:
        out, said = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        return missing(f"not done within {patience_s:.0f} s")
    finally:
        _end(process)
    if process.returncode:
        last = (said.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        return missing(f"failed ({last})")
    figures: dict[str, Any] = json.loads(out)
    return figures


def _end(process: "subprocess.Popen[str]") -> None:
    """End a part that still runs, with all it started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()


def _tracker(size: Size) -> dict[str, Any]:
    from engine.bench.tracker import measure_tracker

    return measure_tracker(
        paced_s=2.0 if size == "quick" else 20.0, hops=100 if size == "quick" else 1000
    )


def _engines(size: Size) -> dict[str, Any]:
    from engine.bench.engines import measure_engines

    return measure_engines(bars=2 if size == "quick" else 32)


def _muser(size: Size) -> dict[str, Any]:
    from engine.bench.generator import measure_muser

    return measure_muser(
        bars=2 if size == "quick" else 32, longest=128 if size == "quick" else 1024
    )


def _amt(size: Size) -> dict[str, Any]:
    from engine.bench.chords import measure_amt

    return measure_amt(bars=2 if size == "quick" else 32)


def _eager(size: Size) -> dict[str, Any]:
    from engine.bench.eager import measure_eager

    return measure_eager(steps=10 if size == "quick" else 200)


def _live(size: Size) -> dict[str, Any]:
    from engine.bench.live import measure_live

    return measure_live(3.0 if size == "quick" else 15.0)


def _lateness(size: Size) -> dict[str, Any]:
    """Measure every output there is, each beside a plain sleep loop in the same run."""
    from dataclasses import asdict

    from engine.bench.midi import measure_lateness

    figures: dict[str, Any] = {}
    for output in _OUTPUTS:
        try:
            measured = measure_lateness(output, n_events=50 if size == "quick" else 500)
        except StimmungError as error:
            figures[output] = missing(error)
            continue
        plain = measured.plain
        figures[output] = {
            "port": measured.port,
            "sender": asdict(measured.sender),
            "plain": asdict(plain) if plain is not None else missing("no MIDI system"),
            "dropped": measured.dropped,
            "cpu_share": round(measured.sender_cpu, 4),
        }
        if plain is not None and measured.sender.p99_ms > 0:
            figures[output]["times_earlier"] = round(plain.p99_ms / measured.sender.p99_ms, 1)
    return figures


def _midi(size: Size) -> dict[str, Any]:
    """Compare all outputs over JACK at one period, at three in the long form."""
    from engine.bench.midi_out.run import measure_midi

    if size == "quick":
        return {"256": measure_midi(256, 200, loads=("idle",))}
    if size == "standard":
        return {"256": measure_midi(256, 4000)}
    return {str(period): measure_midi(period) for period in (64, 256, 1024)}


def _reaction(size: Size) -> dict[str, Any]:
    from engine.bench.reaction.run import measure_reaction

    clicks, turns = {"quick": (2, 1), "standard": (6, 3), "long": (20, 12)}[size]
    return measure_reaction(clicks, turns)


def _daw(size: Size) -> dict[str, Any]:
    from engine.bench.daw.run import measure_daw

    return measure_daw({"quick": 0.2, "standard": 1.0, "long": 5.0}[size])


def _sync(size: Size) -> dict[str, Any]:
    from engine.bench.sync import measure_follower
    from engine.bench.sync_jack import measure_over_jack

    figures = measure_follower()
    seconds, starts = {"quick": (6.0, 2), "standard": (25.0, 8), "long": (120.0, 20)}[size]
    try:
        figures["jack"] = measure_over_jack(seconds, starts=starts)
    except StimmungError as error:
        figures["jack"] = missing(error)
    return figures


def _beats(size: Size) -> dict[str, Any]:
    from engine.bench.beats import measure_beats, measure_live_beats

    clip_s, live_s = {"quick": (12.0, 25.0), "standard": (40.0, 60.0), "long": (60.0, 300.0)}[size]
    figures = measure_beats(clip_s)
    try:
        figures["live"] = measure_live_beats(live_s)
    except StimmungError as error:
        figures["live"] = missing(error)
    return figures


def _changes(size: Size) -> dict[str, Any]:
    """Judge random orders on counted time, and fewer of them on a real stage."""
    from engine.bench.changes.counted import measure_changes
    from engine.bench.changes.played import play_changes

    counted, played = {"quick": (50, 4), "standard": (1000, 40), "long": (10_000, 200)}[size]
    figures: dict[str, Any] = {"counted": measure_changes(counted)}
    try:
        figures["played"] = play_changes(played)
    except StimmungError as error:
        figures["played"] = missing(error)
    return figures


def _window(size: Size) -> dict[str, Any]:
    from engine.bench.window import measure_window

    seconds = {"quick": (5.0, 3.0), "standard": (420.0, 45.0), "long": (1800.0, 90.0)}[size]
    return measure_window(*seconds)


def _control(size: Size) -> dict[str, Any]:
    from engine.bench.control import measure_control
    from engine.generators.registry import GENERATORS

    if size == "quick":
        return {name: measure_control(name, steps=3, seeds=1, bars=2) for name in GENERATORS}
    return {name: measure_control(name) for name in GENERATORS}


def _video(size: Size) -> dict[str, Any]:
    from engine.bench.video import measure_video

    return measure_video(clips=3, long_s=16.0) if size == "quick" else measure_video()


def _trackers(size: Size) -> dict[str, Any]:
    from engine.bench.scaling.trackers import measure_trackers

    return measure_trackers((1, 2), 1.0) if size == "quick" else measure_trackers()


def _drafts(size: Size) -> dict[str, Any]:
    from engine.bench.scaling.drafts import measure_drafts

    return {"rows": measure_drafts(3, (0, 1)) if size == "quick" else measure_drafts()}


def _hours(size: Size) -> dict[str, Any]:
    from engine.bench.scaling.hours import measure_hours

    return {"rows": measure_hours(2 if size == "quick" else 60)}


def _rates(size: Size) -> dict[str, Any]:
    from engine.bench.scaling.rates import measure_rates

    figures: dict[str, Any] = {}
    for output in _OUTPUTS:
        try:
            rows = (
                measure_rates(output, (100, 500), 0.5) if size == "quick" else measure_rates(output)
            )
            figures[output] = {"rows": rows}
        except StimmungError as error:
            figures[output] = missing(error)
    return figures


def _training(size: Size) -> dict[str, Any]:
    from engine.bench.scaling.training import measure_training

    rows = measure_training(steps=1) if size == "quick" else measure_training()
    return {"rows": rows} if isinstance(rows, list) else rows


PARTS: dict[str, Part] = {
    "tracker": Part("cost of the tracker on one core", 50, _tracker),
    "engines": Part("cost of a beat with every engine", 5, _engines),
    "muser": Part("cost of `muser` beside a decode without memory", 6, _muser),
    "amt": Part("cost and voices of `amt`", 3, _amt),
    "eager": Part("the models in eager PyTorch and in onnxruntime", 10, _eager),
    "live": Part("start, memory and load of the live engine", 48, _live),
    "reaction": Part("from sound to emotion to note, over JACK", 112, _reaction),
    "midi": Part("how late notes are at a receiver, all outputs over JACK", 90, _midi),
    "lateness": Part("how late notes leave, beside a plain sleep loop", 35, _lateness, jack=True),
    "sync": Part("how well a MIDI clock is followed", 55, _sync),
    "beats": Part("how well beats are heard, beside other programs", 150, _beats, standard=False),
    "trackers": Part("how many trackers keep up", 85, _trackers),
    "drafts": Part("cost of drafting ahead", 24, _drafts),
    "hours": Part("cost of the last minute of an hour", 100, _hours),
    "rates": Part("how many notes a second", 50, _rates, jack=True),
    "training": Part("training shared among processes", 30, _training),
    "daw": Part("music recorded by Ardour", 180, _daw, standard=False),
    "changes": Part("random starts, stops, jumps and tempi", 240, _changes, standard=False),
    "window": Part("how long the window is ever deaf", 530, _window, standard=False),
    "control": Part("how well the music follows the target", 240, _control, standard=False),
    "video": Part("how well films are read, and music fits them", 400, _video, standard=False),
}
"""Name on the command line → what is measured; reports are in this order."""


if __name__ == "__main__":
    _size = next(size for size in SIZES if size == sys.argv[2])
    try:
        _found = PARTS[sys.argv[1]].work(_size)
    except StimmungError as error:  # this machine lacks something
        _found = missing(error)
    json.dump(_found, sys.stdout)
