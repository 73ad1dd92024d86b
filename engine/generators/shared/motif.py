"""The lead's motifs: rhythm and direction of each bar, restated and varied through a phrase.

A motif belongs to a phrase's material and depends on nothing that was played, so it comes
back recognisably; the target only decides how many of its notes are played.
"""

from math import exp
from typing import Final

from engine.generators.shared.parts import BeatFrame
from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, Position, locate
from engine.music.rhythm import Cell, cells

__all__ = ["MotifUse", "bar_use", "direction", "next_onset", "onset_count", "rhythm"]

MotifUse = tuple[str, int]
"""How a bar uses a motif (statement, sequence, answer, inversion, fragment, contrast,
cadence), and which motif it is."""

_CONTRAST: Final = 4
"""Added to a material's number for its second motif; letters take 0..2 of every eight."""
_NOTES: Final = 6
"""Notes of a motif, after which it starts again."""
_FRAGMENT: Final = 3
"""Notes of a motif that a fragment repeats."""
_LOOKAHEAD: Final = 4
"""Beats looked ahead for the next onset, the longest a note is held."""


def bar_use(position: Position, draws: Draws) -> MotifUse:
    """Return what the bar does with the phrase's motif; only the opening is fixed."""
    bar, material = position.bar_in_phrase, position.material
    if bar == 0:
        return "statement", material
    point = draws.uniform("variant", position.phrase, bar)
    if bar == 1:
        return ("sequence" if point < 0.6 else "answer"), material
    if bar == BARS_PER_PHRASE - 1:
        return "cadence", material
    if point < 0.3:
        return "inversion", material
    return ("fragment", material) if point < 0.65 else ("contrast", material + _CONTRAST)


def direction(use: MotifUse, index: int, draws: Draws) -> float:
    """Return where the motif wants its note number ``index`` to go [scale steps]."""
    variant, motif = use
    index %= _FRAGMENT if variant == "fragment" else _NOTES
    steps = [draws.normal("contour", motif, note) for note in range(_NOTES)]
    step = 1.25 * (steps[index] - sum(steps) / _NOTES)
    if draws.uniform("leap", motif, index) < 0.14:
        step += 3.0 if step > 0 else -3.0
    if variant == "inversion" or (variant == "answer" and index >= _FRAGMENT):
        return -step
    return 0.5 * step - 0.7 if variant == "cadence" else step


def _breathes(position: Position, rest: float, draws: Draws) -> bool:
    """Return whether the lead is silent in this beat, to breathe between its phrases."""
    bar, left = position.bar_in_phrase, position.bar_end - position.beat
    if bar == BARS_PER_PHRASE - 1 and position.beat_in_bar >= max(1, position.half):
        return draws.uniform("breath", position.phrase, left) < rest + 0.25
    if bar == 1 and left == 1 and position.beats_per_bar > 1:
        return draws.uniform("comma", position.phrase) < rest
    return False


def onset_count(position: Position, frame: BeatFrame) -> int:
    """Return how many onsets the lead has in a beat.

    The motif spreads the bar's onsets over its beats; counting up to the beat and rounding
    keeps the bar's number near what the target asks, with no memory.
    """
    draws, intent = frame.draws, frame.intent
    if _breathes(position, intent.rest, draws):
        return 0
    _, motif = bar_use(position, draws)
    beats = position.beats_per_bar
    busy = [exp(0.45 * draws.normal("busy", motif, beat)) for beat in range(beats)]
    scale = intent.lead_rate * frame.beat_s * beats / sum(busy)
    start = 0.5 * draws.uniform("start", motif) + 0.35
    before = int(start + scale * sum(busy[: position.beat_in_bar]))
    count = int(start + scale * sum(busy[: position.beat_in_bar + 1])) - before
    if position.bar_in_phrase == 0 and position.beat_in_bar == 0:
        count = max(count, 1)
    return min(count, frame.limit)


def rhythm(position: Position, count: int, frame: BeatFrame) -> Cell:
    """Return the motif's rhythm cell for so many onsets in the beat."""
    _, motif = bar_use(position, frame.draws)
    options = cells(count, frame.limit, triplets=frame.beat_s > 0.4)
    plain = position.beat_in_bar == 0 and position.bar_in_phrase in (0, BARS_PER_PHRASE - 1)
    loose = 0.0 if plain else frame.intent.syncopation
    weights = [cell.weight * (loose if cell.offbeat else 1.0) for cell in options]
    return options[frame.draws.pick(weights, "cell", motif, position.beat_in_bar, count)]


def next_onset(frame: BeatFrame) -> float:
    """Return beats from this beat's start to the next beat's onset or rest, if the target stays."""
    here = frame.position
    for ahead in range(1, _LOOKAHEAD + 1):
        position = locate(here.beat + ahead, here.beats_per_bar, frame.draws)
        if _breathes(position, frame.intent.rest, frame.draws):
            return ahead + 0.25
        count = onset_count(position, frame)
        if count:
            return ahead + rhythm(position, count, frame).onsets[0]
    return float(_LOOKAHEAD)
