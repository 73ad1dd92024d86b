"""Spotting: where bar lines fall, so that cuts meet them.

Between two cuts that are met lies a section: a whole number of beats at one tempo. How many, at
which tempo, and which cuts to let go is found by dynamic programming over the cuts. A section's
last bar, or its last two, may be shorter than the others, as a film composer writes a 2/4 bar
before a hit; tempi stay within a stated share of the wanted one. A section costs its distance
from the base tempo, the step from the tempo before, and an odd last bar; a cut that is let go
costs more than all of that, a little less if it still falls near a bar line.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.choices import check_range
from engine.music.clock import TEMPO_RANGE_BPM

__all__ = ["LEAST_BEATS", "Section", "Spotting", "spot"]

LEAST_BEATS: Final = 2
"""Shorter shots cannot hold a bar of their own."""

_TEMPO_COST: Final = 1.0
_STEP_COST: Final = 0.6
_BASE_COST: Final = 1.0
_ODD_BAR_COST: Final = 0.5
_LOST_COST: Final = 6.0
_LOST_NEAR_COST: Final = 3.0  # within a beat of a bar line
_CUT_OFF_COST: Final = 1.0  # the film ends within a bar
_BASES: Final = 5
_MOST_LOST: Final = 8  # cuts in a row that a section may swallow before the film's end
_TEMPO_BINS: Final = 12
_NEAR_BEATS: Final = 1.0
_EPSILON: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Section:
    """Music between two cuts that fall on bar lines.

    Attributes
    ----------
    start_s, length_s : float
        Place in the film [s].
    start_beat, beats : int
        Place in the music [quarter notes].
    bars : tuple of int
        Length of each bar [quarter notes]; their sum is ``beats``.
    """

    start_s: float
    length_s: float
    start_beat: int
    beats: int
    bars: tuple[int, ...]

    @property
    def tempo_bpm(self) -> float:
        """Tempo [quarter notes per minute]."""
        return 60.0 * self.beats / self.length_s

    @property
    def end_beat(self) -> int:
        """First beat after the section."""
        return self.start_beat + self.beats


@dataclass(frozen=True, slots=True)
class Spotting:
    """The sections of a film, gapless from 0 s to its end or shortly after."""

    sections: tuple[Section, ...]
    beats_per_bar: int
    end_s: float

    def section_at(self, time_s: float) -> Section:
        """Return the section that a time of the film falls into."""
        after = bisect_right(self.sections, time_s, key=lambda section: section.start_s)
        return self.sections[max(0, after - 1)]

    def beat_at(self, time_s: float) -> float:
        """Return the musical position of a time [quarter notes]."""
        section = self.section_at(time_s)
        return section.start_beat + (time_s - section.start_s) * section.tempo_bpm / 60.0

    def time_at(self, beat: float) -> float:
        """Return the time of a musical position [s]."""
        after = bisect_right(self.sections, beat, key=lambda section: section.start_beat)
        section = self.sections[max(0, after - 1)]
        return section.start_s + (beat - section.start_beat) * 60.0 / section.tempo_bpm

    def bar_lines(self) -> tuple[int, ...]:
        """Return where bars begin [quarter notes], the last one's end included."""
        lines = []
        for section in self.sections:
            beat = section.start_beat
            for length in section.bars:
                lines.append(beat)
                beat += length
        return (*lines, self.sections[-1].end_beat)

    def distance(self, cut_s: float) -> tuple[float, float]:
        """Return how far a time is from the nearest bar line [s] and [beats], both >= 0."""
        nearest = min(self.bar_lines(), key=lambda line: abs(self.time_at(line) - cut_s))
        away_s = abs(self.time_at(nearest) - cut_s)
        return away_s, away_s * self.section_at(cut_s).tempo_bpm / 60.0


@dataclass(frozen=True, slots=True)
class _Step:
    """A way to get to a node: cost so far, the last section's tempo, and where it came from."""

    cost: float
    tempo_bpm: float
    beats: int
    node: int
    before: "_Step | None"


def spot(
    cuts_s: Sequence[float],
    end_s: float,
    *,
    tempo_bpm: float,
    tempo_range: float = 0.1,
    beats_per_bar: int = 4,
) -> Spotting:
    """Choose the bars of a film.

    Parameters
    ----------
    cuts_s : sequence of float
        Cuts, ascending, between 0 and ``end_s`` [s].
    end_s : float
        Length of the film [s], > 0.
    tempo_bpm : float
        Wanted tempo, 20..300 [quarter notes per minute].
    tempo_range : float
        Largest deviation of any section's tempo from the wanted one, as a share, 0..0.5.
    beats_per_bar : int
        Usual bar, 2..7 [quarter notes].

    Returns
    -------
    Spotting
        The first section begins at 0 s; the last ends at ``end_s``, or within a bar after it.
    """
    check_range("film length", end_s, 0.001, 1e6)
    check_range("tempo_bpm", tempo_bpm, *TEMPO_RANGE_BPM)
    check_range("tempo_range", tempo_range, 0.0, 0.5)
    check_range("beats_per_bar", beats_per_bar, 2, 7)
    nodes = [0.0, *(cut for cut in cuts_s if 0.0 < cut < end_s), end_s]
    best: _Step | None = None
    base = tempo_bpm
    for index in range(_BASES):
        deviation = tempo_range * (2.0 * index / (_BASES - 1) - 1.0)
        search = _Search(nodes, tempo_bpm, tempo_bpm * (1.0 + deviation), tempo_range)
        found = search.run(beats_per_bar)
        if best is None or found.cost < best.cost:
            best, base = found, tempo_bpm * (1.0 + deviation)
    assert best is not None
    return _lay(best, nodes, base, beats_per_bar)


class _Search:
    """Dynamic programming over cuts for one base tempo."""

    def __init__(
        self, nodes: Sequence[float], wanted: float, base: float, tempo_range: float
    ) -> None:
        self._nodes = nodes
        self._slowest = wanted * (1.0 - tempo_range)
        self._fastest = wanted * (1.0 + tempo_range)
        self._base = base
        self._unit = math.log1p(max(tempo_range, 0.01))
        self._start_cost = _BASE_COST * self._off(base, wanted) ** 2

    def run(self, beats_per_bar: int) -> _Step:
        """Return the best way to the end."""
        last = len(self._nodes) - 1
        ways: list[list[_Step]] = [[_Step(self._start_cost, 0.0, 0, 0, None)]]
        for node in range(1, last):
            found: dict[int, _Step] = {}
            for start in range(max(0, node - 1 - _MOST_LOST), node):
                if ways[start]:
                    self._extend(found, ways[start], start, node, beats_per_bar)
            ways.append(list(found.values()))
        ends: dict[int, _Step] = {}
        for start in range(last):
            if ways[start]:
                self._extend(ends, ways[start], start, last, beats_per_bar)
                self._run_out(ends, ways[start], start, last, beats_per_bar)
        return min(ends.values(), key=lambda step: step.cost)

    def _off(self, tempo: float, other: float) -> float:
        """Return the distance of two tempi in units of the allowed range."""
        return math.log(tempo / other) / self._unit

    def _extend(
        self,
        found: dict[int, _Step],
        ways: Sequence[_Step],
        start: int,
        node: int,
        beats_per_bar: int,
    ) -> None:
        """Add every section of whole beats from ``start`` to ``node``."""
        length_s = self._nodes[node] - self._nodes[start]
        fewest = math.ceil(length_s * self._slowest / 60.0 - _EPSILON)
        most = math.floor(length_s * self._fastest / 60.0 + _EPSILON)
        for beats in range(max(LEAST_BEATS, fewest), most + 1):
            cost = _odd_bar(beats, beats_per_bar) + self._lost(start, node, beats, beats_per_bar)
            self._add(found, ways, node, 60.0 * beats / length_s, beats, cost)

    def _run_out(
        self,
        found: dict[int, _Step],
        ways: Sequence[_Step],
        start: int,
        node: int,
        beats_per_bar: int,
    ) -> None:
        """Add a section at the base tempo that the end of the film cuts off."""
        length_s = self._nodes[node] - self._nodes[start]
        beats = _run_out_beats(length_s, self._base, beats_per_bar)
        lost = self._lost(start, node, length_s * self._base / 60.0, beats_per_bar)
        self._add(found, ways, node, self._base, -beats, _CUT_OFF_COST + lost)

    def _add(
        self,
        found: dict[int, _Step],
        ways: Sequence[_Step],
        node: int,
        tempo: float,
        beats: int,
        cost: float,
    ) -> None:
        cost += _TEMPO_COST * self._off(tempo, self._base) ** 2
        before = min(ways, key=lambda way: way.cost + self._step_cost(way, tempo))
        total = before.cost + self._step_cost(before, tempo) + cost
        share = (tempo - self._slowest) / max(self._fastest - self._slowest, _EPSILON)
        place = round(share * _TEMPO_BINS)
        if place not in found or total < found[place].cost:
            found[place] = _Step(total, tempo, beats, node, before)

    def _step_cost(self, way: _Step, tempo: float) -> float:
        return _STEP_COST * abs(self._off(tempo, way.tempo_bpm)) if way.beats else 0.0

    def _lost(self, start: int, node: int, beats: float, beats_per_bar: int) -> float:
        """Return the cost of the cuts strictly between two nodes."""
        first_s = self._nodes[start]
        per_second = beats / (self._nodes[node] - first_s)
        cost = 0.0
        for cut_s in self._nodes[start + 1 : node]:
            place = (cut_s - first_s) * per_second
            in_bar = place % beats_per_bar
            away = min(in_bar, beats_per_bar - in_bar, beats - place)
            cost += _LOST_NEAR_COST if away <= _NEAR_BEATS else _LOST_COST
        return cost


def _odd_bar(beats: int, beats_per_bar: int) -> float:
    """Return the cost of the last bar: none if usual, little for half a bar, more for others."""
    left = beats % beats_per_bar
    if left == 0:
        return 0.0
    if 2 * left == beats_per_bar:
        return _ODD_BAR_COST
    return _ODD_BAR_COST * (2.0 if left == 1 else 1.5)


def _bars(beats: int, beats_per_bar: int) -> tuple[int, ...]:
    """Return the bars of a section: the usual ones, then what is left."""
    whole, left = divmod(beats, beats_per_bar)
    if left == 1 and whole and beats_per_bar > 2:  # no bar of a single beat
        return (*[beats_per_bar] * (whole - 1), beats_per_bar - 1, 2)
    return (*[beats_per_bar] * whole, *([left] if left else []))


def _run_out_beats(length_s: float, tempo: float, beats_per_bar: int) -> int:
    bars = math.ceil(length_s * tempo / 60.0 / beats_per_bar - _EPSILON)
    return max(1, bars) * beats_per_bar


def _lay(best: _Step, nodes: Sequence[float], base: float, beats_per_bar: int) -> Spotting:
    """Return the sections of the path that was found."""
    steps = []
    step: _Step | None = best
    while step is not None and step.before is not None:
        steps.append(step)
        step = step.before
    sections = []
    beat = 0
    for step in reversed(steps):
        assert step.before is not None
        start_s = nodes[step.before.node]
        if step.beats > 0:
            beats, length_s = step.beats, nodes[step.node] - start_s
        else:  # runs past the end of the film
            beats = -step.beats
            length_s = beats * 60.0 / base
        sections.append(Section(start_s, length_s, beat, beats, _bars(beats, beats_per_bar)))
        beat += beats
    return Spotting(tuple(sections), beats_per_bar, nodes[-1])
