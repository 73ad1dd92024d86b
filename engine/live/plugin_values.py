"""What the plug-in's parameters mean to the engine."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.pipeline.step import NO_ROUND, Round
from engine.plugin.count import BeatCount
from engine.plugin.parameters import PARAMETERS, as_set, index_of
from engine.plugin.protocol import Block, BlockFlag

__all__ = ["freezes", "round_of", "seed_of", "settings_for"]

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


def freezes(values: Sequence[float]) -> bool:
    """Return whether the target is to be held."""
    return values[index_of("freeze")] >= 0.5


def seed_of(values: Sequence[float]) -> int:
    """Return the seed, 0 where the engine's own holds."""
    return round(values[index_of("seed")])


def round_of(
    beat: int, block: Block, values: Sequence[float], seed: int, count: BeatCount
) -> Round:
    """Return which round of the host's loop a beat belongs to, where all are to be the same.

    Only loops of whole beats go on without a jump; ``seed`` holds where the plug-in has none.
    """
    if values[index_of("hold")] < 0.5 or BlockFlag.LOOPS not in block.flags:
        return NO_ROUND
    first = replace(count, origin=count.phase)  # as counted before any loop
    start, end = first.beat(block.loop_start), first.beat(block.loop_end)
    behind = count.beat(block.beat) - first.beat(block.beat - block.shift)
    if end - start < 1 or any(each != round(each) for each in (start, end, behind)):
        return NO_ROUND
    if block.beat - block.shift >= block.loop_end or beat - behind < start:
        return NO_ROUND
    rounds, place = divmod(beat - behind - start, end - start)
    back = round(behind + rounds * (end - start))
    return Round(back, None if place else seed_of(values) or seed)
