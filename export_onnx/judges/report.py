"""All measurements of one engine, section by section, as rows of one table."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.errors import InputError
from engine.transfer import ELEMENTS
from export_onnx.datasets import Item, read_items
from export_onnx.judges.corpus import Clip, read_corpus
from export_onnx.judges.ensemble import measure_ensemble
from export_onnx.judges.judge import quadrant_of
from export_onnx.judges.likeness import likeness
from export_onnx.judges.material import (
    Made,
    Plan,
    grid_requests,
    make_all,
    quadrant_requests,
)
from export_onnx.judges.memory import longest_shared
from export_onnx.judges.notes import Notes
from export_onnx.judges.players import compare_players
from export_onnx.judges.real import Group, cut, tell_apart
from export_onnx.judges.response import measure_response
from export_onnx.judges.train import Bench
from export_onnx.judges.transfer import drift, keeps_tune, shares_moved, transfer_all
from export_onnx.judges.verdict import AXES, accuracies, control
from export_onnx.training.metrics import Score

__all__ = ["SECTIONS", "Figure", "Reconstruct", "Subject", "measure"]

Reconstruct = Callable[[Sequence[Item]], list[Notes]]

_DRAWS: Final = 20
"""Random samples of real clips that a baseline of likeness averages."""
_TRAINING_SETS: Final = ("emopia", "vgmidi", "pop909")
_DRIFT_STEP: Final = 4
"""Single elements are tried on every so many of the clips."""


@dataclass(frozen=True)
class Figure:
    """One measured value: who was measured (or judged), what, and a 95 % interval if there is one.

    Attributes
    ----------
    low, high : float or None
        Ends of the interval.
    n : int
        Clips behind the value.
    note : str
        What numbers do not say.
    """

    section: str
    who: str
    measure: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the figure as plain JSON values."""
        return asdict(self)


def _scored(section: str, rows: Sequence[tuple[str, str, Score]]) -> list[Figure]:
    return [
        Figure(section, who, measure, score.value, score.low, score.high, score.n)
        for who, measure, score in rows
    ]


class Subject:
    """One engine on trial; clips are made when a section first needs them.

    Parameters
    ----------
    plan : Plan
        What is asked of the engine.
    data, train_data : Path
        Folders with a sub-folder per data set: for `split`, and for the training part.
    split : str
        Real clips that generated ones are compared with, and that are transferred.
    keep : Path
        Folder where parsed notes are kept.
    reconstruct : callable or None
        What an engine's codes make of real clips, as a yardstick of realness.
    players : Path or None
        Folder with a folder of MIDI files for each player, for ``players``.
    """

    def __init__(
        self,
        plan: Plan,
        bench: Bench,
        data: Path,
        train_data: Path,
        split: str,
        keep: Path,
        reconstruct: Reconstruct | None = None,
        players: Path | None = None,
    ) -> None:
        self.plan = plan
        self.bench = bench
        self.data = data
        self.train_data = train_data
        self.split = split
        self.keep = keep
        self.reconstruct = reconstruct
        self.players = players
        self._corners: list[Made] = []
        self.making_s = 0.0

    @property
    def corners(self) -> list[Made]:
        """The clips at the four quadrant targets."""
        if not self._corners:
            began_s = time.perf_counter()
            self._corners = make_all(self.plan, quadrant_requests(self.plan), "quadrants")
            self.making_s = time.perf_counter() - began_s
        return self._corners

    def real(self, split: str) -> list[Clip]:
        """Return real clips with a quadrant."""
        data = self.train_data if split == "train" else self.data
        return read_corpus(data, (split,), ("emopia",), self.keep)


def _quadrant(made: Made) -> int:
    return quadrant_of(made.request.valence, made.request.arousal)


def _accuracy(subject: Subject) -> list[Figure]:
    figures = _scored("quadrants", accuracies(subject.bench, subject.corners))
    made_s = sum(made.performed.seconds for made in subject.corners)
    speed = made_s / max(subject.making_s, 1e-9)
    figures.append(Figure("speed", subject.plan.engine, "times real time", speed))
    return figures


def _grid(subject: Subject) -> list[Figure]:
    made = make_all(subject.plan, grid_requests(subject.plan), "grid")
    return _scored("grid", control(subject.bench, made))


def _likeness(subject: Subject) -> list[Figure]:
    plan, rng = subject.plan, np.random.default_rng(1)
    held, trained = subject.real(subject.split), subject.real("train")
    sets: dict[str, list[list[Notes]]] = {plan.engine: [[] for _ in range(4)]}
    for made in subject.corners:
        sets[plan.engine][_quadrant(made)].append(made.notes)
    if plan.engine != "rules":
        beside = Plan("rules", plan.level, plan.bars, plan.per_quadrant, tempo_bpm=plan.tempo_bpm)
        sets["rules"] = [[] for _ in range(4)]
        for made in make_all(beside, quadrant_requests(beside), "quadrants"):
            sets["rules"][_quadrant(made)].append(made.notes)
    figures = []
    distances: dict[tuple[str, str], list[float]] = {}
    for quadrant in range(4):
        reference = [clip.notes for clip in held if clip.quadrant == quadrant]
        samples = {who: [group[quadrant]] for who, group in sets.items()}
        for who, same in (("real, other songs", True), ("real, wrong quadrant", False)):
            pool = [clip.notes for clip in trained if (clip.quadrant == quadrant) == same]
            size = min(plan.per_quadrant, len(pool))
            samples[who] = [
                [pool[index] for index in rng.choice(len(pool), size, replace=False)]
                for _ in range(_DRAWS)
            ]
        for who, draws in samples.items():
            compared = [likeness(draw, reference) for draw in draws]
            for place, row in enumerate(compared[0]):
                drawn = [one[place] for one in compared]
                distance = float(np.mean([one.distance for one in drawn]))
                distances.setdefault((who, row.feature), []).append(distance)
                note = (
                    f"mean {np.mean([one.mean for one in drawn]):.2f}, "
                    f"real {row.reference_mean:.2f}, "
                    f"overlap {np.mean([one.overlap for one in drawn]):.2f}"
                )
                measure = f"Q{quadrant + 1} {row.feature}: distance [sd]"
                figures.append(
                    Figure("likeness", who, measure, distance, n=len(draws[0]), note=note)
                )
    for (who, feature), values in distances.items():
        measure = f"mean of quadrants, {feature}: distance [sd]"
        figures.append(Figure("likeness", who, measure, float(np.mean(values))))
    return figures


def _memory(subject: Subject) -> list[Figure]:
    training = [
        clip.notes
        for clip in read_corpus(subject.train_data, ("train",), _TRAINING_SETS, subject.keep)
    ]
    groups = (
        (subject.plan.engine, [made.notes for made in subject.corners]),
        ("real, held out", [clip.notes for clip in subject.real(subject.split)]),
    )
    figures = []
    for rhythm, reading in ((False, "pitch steps"), (True, "pitch steps and rhythm")):
        for who, clips in groups:
            longest = longest_shared(clips, training, rhythm=rhythm)
            for name, value in (
                ("median", np.median(longest)),
                ("95th percentile", np.percentile(longest, 95)),
                ("largest", longest.max()),
            ):
                figures.append(
                    Figure("memory", who, f"{reading}, {name}", float(value), n=len(clips))
                )
    return figures


def _real(subject: Subject) -> list[Figure]:
    """Told from human clips: the engine, and beside it other human songs and its codes alone."""
    plan, rng = subject.plan, np.random.default_rng(1)
    seconds = plan.bars * 4 * 60.0 / plan.tempo_bpm
    trained = subject.real("train")
    songs = rng.permutation(sorted({clip.group for clip in trained}))
    sides = [
        [Group(clip.group, clip.notes) for clip in trained if clip.group in part]
        for part in (set(songs[::2]), set(songs[1::2]))
    ]
    held = [Group(clip.group, clip.notes) for clip in subject.real(subject.split)]
    size = len(subject.corners)
    others = {
        plan.engine: [Group(str(made.request.seed), made.notes) for made in subject.corners],
        "other human songs": [sides[1][i] for i in rng.permutation(len(sides[1]))[:size]],
    }
    if subject.reconstruct is not None:
        items = read_items(subject.train_data, ("train",), ("emopia",))
        chosen = [item for item in items if item.group in set(songs[1::2])]
        picked = [chosen[i] for i in rng.permutation(len(chosen))[:size]]
        notes = subject.reconstruct(picked)
        others["human clips through the codes"] = [
            Group(item.group, one) for item, one in zip(picked, notes, strict=True)
        ]
    human = cut([*held, *(sides[0][i] for i in rng.permutation(len(sides[0]))[:size])], seconds)
    rows = tell_apart(human, {who: cut(clips, seconds) for who, clips in others.items()})
    return _scored("real", rows)


def _response(subject: Subject) -> list[Figure]:
    figures = []
    for axis in reversed(AXES):
        found = measure_response(subject.plan, subject.bench.plain, axis)
        n = 2 * subject.plan.responses
        note = f"seen through {found.window} beat" + ("s" if found.window > 1 else "")
        curve = " ".join(f"{value:.2f}" for value in found.curve)
        figures += [
            Figure("response", axis, "beats to 63 %", found.beats_63, n=n, note=note),
            Figure(
                "response", axis, "beats to 90 %", found.beats_90, found.low_90, found.high_90, n
            ),
            Figure("response", axis, "overshoot", found.overshoot, n=n),
            Figure("response", axis, "change", found.change, n=n, note=f"log odds; curve {curve}"),
        ]
    return figures


def _transfer(subject: Subject) -> list[Figure]:
    items = read_items(subject.data, (subject.split,), ("emopia",))[:: subject.plan.every]
    figures = []
    without_pitch = tuple(name for name in ELEMENTS if name not in ("pitch", "chord"))
    for title, elements, label in (
        ("all elements", ELEMENTS, "on"),
        ("all elements, label off", ELEMENTS, "off"),
        ("all elements, label wrong", ELEMENTS, "wrong"),
        ("without pitch, chord", without_pitch, "on"),
    ):
        moved = transfer_all(items, elements, subject.plan.level, label)
        for who, measure, score in shares_moved(subject.bench, moved):
            figures += _scored("transfer", [(who, f"{title}: {measure}", score)])
        for measure, score in keeps_tune(moved):
            figures += _scored("transfer", [("contour", f"{title}: {measure}", score)])
    for element in ELEMENTS:
        moved = transfer_all(items[::_DRIFT_STEP], (element,), subject.plan.level)
        for who, measure, score in shares_moved(subject.bench, moved):
            figures += _scored("transfer", [(who, f"{element} alone: {measure}", score)])
        for statistic, value in drift(moved, (element,)).items():
            figures.append(
                Figure("transfer", f"drift by {element}", statistic, value, n=len(moved))
            )
    return figures


def _players(subject: Subject) -> list[Figure]:
    if subject.players is None:
        raise InputError("section players needs --players DIR, a folder of MIDI files per player")
    return _scored("players", compare_players(subject.players, subject.plan, subject.bench))


def _ensemble(subject: Subject) -> list[Figure]:
    songs = read_items(subject.data, (subject.split,), ("pop909",))[:: subject.plan.every]
    return _scored("ensemble", measure_ensemble(subject.plan.engine, songs))


SECTIONS: Final[dict[str, Callable[[Subject], list[Figure]]]] = {
    "quadrants": _accuracy,
    "grid": _grid,
    "likeness": _likeness,
    "memory": _memory,
    "real": _real,
    "ensemble": _ensemble,
    "players": _players,
    "response": _response,
    "transfer": _transfer,
}
"""Section → what measures it. ``transfer`` does not depend on the engine."""


def measure(subject: Subject, sections: Sequence[str]) -> list[Figure]:
    """Measure the chosen sections, in the order of `SECTIONS`."""
    return [
        figure
        for name, section in SECTIONS.items()
        if name in sections
        for figure in section(subject)
    ]
