"""The music to evaluate: an engine writes it as ``stimmung generate`` does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from engine.pipeline.offline import Performed, compose
from engine.settings.performance import Performance
from export_onnx.judges.notes import Notes, from_performed
from export_onnx.training.progress import Progress

__all__ = [
    "CORNERS",
    "KEYS",
    "Made",
    "Plan",
    "ClipRequest",
    "grid_requests",
    "make",
    "make_all",
    "quadrant_requests",
    "step_requests",
]

CORNERS: Final = ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0))
"""Signs of valence and arousal in Q1..Q4."""

KEYS: Final = tuple(
    f"{name}:maj" for name in ("C", "G", "D", "A", "E", "B", "F#", "Db", "Ab", "Eb", "Bb", "F")
)
"""Keys taken in turn. The key on the command line names the tonic, valence chooses the mode."""

_JUMP_BEATS: Final = 0.01
"""Between the last point of the old and the first of the new target [beats]."""


@dataclass(frozen=True)
class Plan:
    """What is asked of an engine.

    Attributes
    ----------
    level : float
        Distance of the quadrant targets from the axes, 0..1.
    bars : int
        Length of each clip [bars of 4/4].
    per_quadrant : int
        Clips per quadrant target.
    steps, seeds : int
        Points per axis of the grid of targets, and clips per point.
    responses : int
        Runs per axis and direction in which the target jumps.
    every : int
        Of the real clips every so many is transferred.
    tempo_bpm : float
        Tempo of every clip; by default that of ``stimmung generate``.
    settings : mapping of str to float
        Settings of the engine that differ from its defaults.
    style : str
        A learned style to lean on; ``""`` for none.
    """

    engine: str
    level: float = 0.8
    bars: int = 16
    per_quadrant: int = 32
    steps: int = 5
    seeds: int = 4
    responses: int = 32
    every: int = 1
    tempo_bpm: float = 100.0
    settings: Mapping[str, float] = field(default_factory=dict)
    style: str = ""


@dataclass(frozen=True)
class ClipRequest:
    """One clip to be made; ``curve`` holds (beat, valence, arousal) where the target moves."""

    valence: float
    arousal: float
    seed: int
    key: str = "C:maj"
    bars: int = 16
    curve: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Made:
    """A clip with what was asked for.

    Attributes
    ----------
    notes : Notes
        As heard; seconds from the first beat.
    performed : Performed
        As handed to the sender.
    """

    request: ClipRequest
    notes: Notes
    performed: Performed


def quadrant_requests(plan: Plan) -> list[ClipRequest]:
    """Return the clips at the four quadrant targets: seeds from 1000, keys in turn."""
    return [
        ClipRequest(
            valence * plan.level,
            arousal * plan.level,
            seed=1000 + number,
            key=KEYS[number % len(KEYS)],
            bars=plan.bars,
        )
        for valence, arousal in CORNERS
        for number in range(plan.per_quadrant)
    ]


def grid_requests(plan: Plan) -> list[ClipRequest]:
    """Return the clips of the grid of targets over [-1, 1]: seeds from 5000, C."""
    axis = np.linspace(-1.0, 1.0, plan.steps)
    return [
        ClipRequest(float(valence), float(arousal), seed=5000 + seed, bars=plan.bars)
        for seed in range(plan.seeds)
        for valence in axis
        for arousal in axis
    ]


def step_requests(plan: Plan, axis: str, up: bool, step_beat: int) -> list[ClipRequest]:
    """Return runs in which one axis jumps from one side to the other before `step_beat`.

    The step wanders over the beats of its bar. The jump comes half a beat earlier: the step's beat
    is the first whose notes are not fixed yet. The other axis stands at either side in turn. Seeds
    from 9000, C.
    """
    before, after = (-plan.level, plan.level) if up else (plan.level, -plan.level)
    requests = []
    for number in range(plan.responses):
        other = plan.level if number // 4 % 2 else -plan.level
        old, new = (
            ((before, other), (after, other))
            if axis == "valence"
            else ((other, before), (other, after))
        )
        jump = step_beat + number % 4 - 0.5
        curve = ((0.0, *old), (jump - _JUMP_BEATS, *old), (jump, *new), (jump + 1e4, *new))
        requests.append(ClipRequest(*old, seed=9000 + number, bars=plan.bars, curve=curve))
    return requests


def make(plan: Plan, request: ClipRequest) -> Made:
    """Let the engine play one clip."""
    performance = Performance(
        engine=plan.engine,
        mode="curve" if request.curve else "manual",
        valence=request.valence,
        arousal=request.arousal,
        slew_per_s=100.0,
        tempo_bpm=plan.tempo_bpm,
        key=request.key,
        settings=plan.settings,
        style=plan.style,
    )
    performed = compose(performance, bars=request.bars, seed=request.seed, curve=request.curve)
    return Made(request, from_performed(performed), performed)


def make_all(plan: Plan, requests: Sequence[ClipRequest], title: str) -> list[Made]:
    """Let the engine play all clips, one after the other."""
    made = []
    with Progress(f"{plan.engine}: {title}", len(requests)) as progress:
        for request in requests:
            made.append(make(plan, request))
            progress.advance()
    return made
