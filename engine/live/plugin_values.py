"""What the plug-in's parameters mean to the engine."""

from collections.abc import Sequence
from typing import Any

from engine.plugin.parameters import PARAMETERS, as_set, index_of

__all__ = ["freezes", "seed_of", "settings_for"]

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
