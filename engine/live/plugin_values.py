"""What the plug-in's parameters mean to the engine."""

from collections.abc import Sequence
from typing import Any

from engine.pipeline.step import NO_ROUND, Round
from engine.plugin.parameters import PARAMETERS, as_set, index_of
from engine.plugin.protocol import Block, BlockFlag

__all__ = ["bar_of", "freezes", "round_of", "seed_of", "settings_for"]

BARS = (2, 7)
"""Lengths of bars that generators play in [quarter notes]."""

_PLAIN = ("valence", "arousal", "strength")
_CHOICES = ("mode", "engine")


def settings_for(symbol: str, value: float) -> dict[str, Any]:
    """Return the settings of a performance that a value asks for; none where it is no setting."""
    if symbol in _PLAIN:
        return {symbol: value}
    if symbol in _CHOICES:
        chosen = as_set(PARAMETERS[index_of(symbol)], value)
        return {} if chosen is None else {symbol: chosen}
    return {}


def bar_of(block: Block) -> int | None:
    """Return the bar's length [quarter notes], or None where it is no length we play in."""
    bar, rest = divmod(4 * block.numerator, block.denominator or 1)
    return bar if not rest and BARS[0] <= bar <= BARS[1] else None


def freezes(values: Sequence[float]) -> bool:
    """Return whether the target is to be held."""
    return values[index_of("freeze")] >= 0.5


def seed_of(values: Sequence[float]) -> int:
    """Return the seed, 0 where the engine's own holds."""
    return round(values[index_of("seed")])


def round_of(beat: int, block: Block, values: Sequence[float], seed: int) -> Round:
    """Return which round of the host's loop a beat belongs to, where all are to be the same.

    Only loops of whole beats go on without a jump; ``seed`` holds where the plug-in has none.
    """
    if values[index_of("hold")] < 0.5 or BlockFlag.LOOPS not in block.flags:
        return NO_ROUND
    start, length = round(block.loop_start), round(block.loop_end - block.loop_start)
    if length < 1 or (start, start + length) != (block.loop_start, block.loop_end):
        return NO_ROUND
    behind = round(block.shift)
    if block.beat - behind >= start + length or beat - behind < start:
        return NO_ROUND
    rounds, place = divmod(beat - behind - start, length)
    return Round(behind + rounds * length, None if place else seed_of(values) or seed)
