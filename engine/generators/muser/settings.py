"""MusER's knobs as numbers that the generator uses."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Knobs"]


@dataclass(frozen=True, slots=True)
class Knobs:
    """See `engine.generators.shared.settings.SETTINGS` for ranges and meaning."""

    temperature: float = 1.0
    guidance: float = 1.5
    density: float = 0.0
    register: float = 0.0
    adventurousness: float = 0.3
    recurrence: float = 0.5
    likeness: float = 0.5
    humanise: float = 1.0

    def changed(self, settings: Mapping[str, float]) -> "Knobs":
        """Return the knobs with those settings that are ours."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return Knobs(**{name: settings.get(name, value) for name, value in values.items()})
