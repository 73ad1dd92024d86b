"""Plays the scene to every engine at once and measures their answers at a receiver."""

import bisect
import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from engine.bench.midi_out.receiver import FrameReceiver
from engine.bench.midi_out.run import private_server
from engine.bench.our_program import jack_program
from engine.bench.player import player
from engine.bench.reaction.scene import CLICK, STEP, Scene, make_scene
from engine.bench.soak.jack_rig import JackServer, until
from engine.generators.registry import GENERATORS

__all__ = ["SOURCE", "Way", "answers", "measure_reaction", "over_jack", "program"]

Message = tuple[float, bytes]
"""Arrival [s] and bytes."""

Way = Callable[[contextlib.ExitStack, JackServer, Path], str]
"""Starts a program on a server, with a folder for its settings; returns its MIDI port."""

_PERIOD = 256
_READY_S = 60.0
SOURCE = "bench-scene"
"""Client that plays the scene."""
_LOUDNESS_CC = 7
_AROUSAL_CC = 21
_ANSWER_S = 10.0  # an answer that comes later belongs to something else
_BEFORE_S = 8.0
_AHEAD_S = 0.05  # how long before they sound the player hands notes over
_OPTIONS = ("--preset", "reaction", "--mode", "follow")
_CLEARLY = 3  # of 127: what moves by less is not counted as an answer
_PRESET = {
    "version": 1,
    "name": "Reaction",
    "performance": {
        "outputs": [
            {"source": "loudness", "to": "cc", "number": _LOUDNESS_CC, "rate_hz": 100.0},
        ],
    },
}


def measure_reaction(
    clicks: int = 6, turns: int = 3, engines: Sequence[str] = tuple(GENERATORS)
) -> dict[str, Any]:
    """Return how long answers take [s], by engine and way: n, quartiles, 95 %, longest.

    The controller of arousal moves first after a turn from calm to tense; a note can differ if it
    was handed over after that.

    Raises
    ------
    DeviceError
        jackd is not installed or does not start.
    """
    return answers(clicks, turns, {name: over_jack(name) for name in engines})


def over_jack(engine: str) -> Way:
    """Return a way: sound and notes over ports of JACK."""
    return partial(program, engine, ("--input", SOURCE, "--midi-out", "jack"), ":Stimmung")


def answers(clicks: int, turns: int, ways: Mapping[str, Way]) -> dict[str, Any]:
    """Play the scene to programs started in several ways at once; return delays, by way."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(private_server(_PERIOD))
        path = folder / "scene.wav"
        seconds = make_scene(path, server.rate, Scene(clicks, turns))
        source = stack.enter_context(player(server, SOURCE, path))
        ports = ("marks", *ways)
        receiver = stack.enter_context(FrameReceiver(server, "bench-receiver", ports))
        server.connect(f"{SOURCE}:marks", receiver.port("marks"))
        preset = folder / "stimmung" / "presets" / "reaction.json"
        preset.parent.mkdir(parents=True)
        preset.write_text(json.dumps(_PRESET), encoding="utf-8")
        for name, start in ways.items():
            server.connect(start(stack, server, folder), receiver.port(name))
        assert source.stdin is not None
        source.stdin.write(b"\n")
        source.stdin.flush()
        time.sleep(seconds + 1.0)
        heard = receiver.finish()
    marks = heard.messages("marks")
    return {name: _judge(marks, heard.messages(name)) for name in ways}


def program(
    engine: str,
    options: tuple[str, ...],
    port: str,
    stack: contextlib.ExitStack,
    server: JackServer,
    folder: Path,
) -> str:
    """Start `stimmung live`; return a new port on the server that ends so, or none for ''."""
    before = set(server.ports())
    words = ("engine.cli", "live", "--engine", engine, *options, *_OPTIONS)
    stack.enter_context(jack_program(server, "", *words, folder=folder))

    def new() -> str:
        added = (each for each in server.ports() if each not in before)
        return next((each for each in added if each.endswith(port)), "")

    if not port:
        return ""
    until(new, f"{engine}'s MIDI port", _READY_S)
    return new()


def _judge(marks: list[Message], heard: list[Message]) -> dict[str, Any]:
    clicks = [at_s for at_s, data in marks if data[1] == CLICK]
    steps = [at_s for at_s, data in marks if data[1] == STEP]
    loudness = _controller(heard, _LOUDNESS_CC)
    arousal = _controller(heard, _AROUSAL_CC)
    notes = [(at_s, data[2]) for at_s, data in heard if data[0] & 0xF0 == 0x90 and data[2]]
    moved = [_first_move(arousal, at_s) for at_s in steps]
    return {
        "sound to loudness controller": _spread(
            clicks, [_first_move(loudness, at_s) for at_s in clicks]
        ),
        "turn to first move of arousal": _spread(steps, moved),
        "turn to half of its way": _spread(steps, [_half_way(arousal, at_s) for at_s in steps]),
        "turn to first note that can differ": _spread(
            steps, [_first_free(notes, at_s) for at_s in moved]
        ),
        "turn to first louder note": _spread(steps, [_first_louder(notes, at_s) for at_s in steps]),
    }


def _controller(heard: list[Message], number: int) -> list[tuple[float, int]]:
    return [(at_s, data[2]) for at_s, data in heard if data[0] & 0xF0 == 0xB0 and data[1] == number]


def _value_at(course: list[tuple[float, int]], time_s: float) -> int:
    place = bisect.bisect_right(course, (time_s, 128)) - 1
    return course[place][1] if place >= 0 else 0


def _first_move(course: list[tuple[float, int]], since_s: float) -> float | None:
    """Return when a controller first stood clearly above its value at a time."""
    before = _value_at(course, since_s)
    return next((at for at, value in course if at > since_s and value >= before + _CLEARLY), None)


def _half_way(course: list[tuple[float, int]], since_s: float) -> float | None:
    """Return when a controller had gone half of what it rose within ten seconds."""
    before = _value_at(course, since_s)
    within = [(at, value) for at, value in course if since_s < at < since_s + _ANSWER_S]
    if not within:
        return None
    half = (before + max(value for _, value in within)) / 2.0
    return next((at for at, value in within if value >= max(half, before + _CLEARLY)), None)


def _first_free(notes: list[tuple[float, int]], since_s: float | None) -> float | None:
    """Return when the first note came that was not yet handed over at a time."""
    if since_s is None:
        return None
    return next((at_s for at_s, _ in notes if at_s > since_s + _AHEAD_S), None)


def _first_louder(notes: list[tuple[float, int]], since_s: float) -> float | None:
    """Return when the first note came that was louder than all before the step."""
    before = [velocity for at_s, velocity in notes if since_s - _BEFORE_S < at_s <= since_s]
    most = max(before, default=0)
    return next((at_s for at_s, velocity in notes if at_s > since_s and velocity > most), None)


def _spread(causes: list[float], answers: list[float | None]) -> dict[str, Any]:
    """Describe the delays; answers later than ten seconds count as none."""
    delays = sorted(
        answer - cause
        for cause, answer in zip(causes, answers, strict=True)
        if answer is not None and answer - cause <= _ANSWER_S
    )
    figures: dict[str, Any] = {"n": len(causes), "answered": len(delays)}
    for name, share in (("p25_s", 0.25), ("p50_s", 0.5), ("p75_s", 0.75), ("p95_s", 0.95)):
        rank = min(len(delays) - 1, int(share * len(delays)))
        figures[name] = round(delays[rank], 3) if delays else None
    figures["max_s"] = round(delays[-1], 3) if delays else None
    return figures
