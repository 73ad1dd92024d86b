"""The few musical settings each engine has, as one table.

Presets, command line and window read it; engines get the values by `Generator.adjust`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import InputError

__all__ = ["SETTINGS", "Setting", "check_settings"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One knob of an engine: its range, where it stands untouched, and what it does."""

    name: str
    low: float
    high: float
    default: float
    text: str


_MODELS = (
    Setting("temperature", 0.5, 1.5, 1.0, "how freely the model is drawn from; low is the likely"),
    Setting("guidance", 0.0, 4.0, 1.5, "how strictly the model follows the emotion; 1 as trained"),
    Setting("density", -1.0, 1.0, 0.0, "fewer or more notes than the emotion asks for"),
    Setting("register", -1.0, 1.0, 0.0, "lower or higher than the emotion asks for, in octaves"),
)
_HUMANISE = Setting(
    "humanise", 0.0, 2.0, 1.0, "unevenness of time and touch; 0 none, 1 a good player's"
)
_MUSER = (
    *_MODELS,
    Setting("adventurousness", 0.0, 1.0, 0.3, "rare harmony and notes outside the key"),
    Setting("recurrence", 0.0, 1.0, 0.5, "how much the figures of earlier bars come back"),
    Setting("likeness", 0.0, 1.0, 0.5, "how much a learned style is leaned on"),
    _HUMANISE,
)

_AMT = (
    *_MODELS,
    Setting("swing", 0.0, 1.0, 0.0, "how late the off-beats come: 0 straight, 1 triplets"),
    _HUMANISE,
    Setting("compound", 0.0, 1.0, 0.0, "from 0.5 on, bars of three are felt as 6/8"),
)

SETTINGS: dict[str, tuple[Setting, ...]] = {"rules": (), "muser": _MUSER, "amt": _AMT}
"""Engine name → its settings. A name shared by two engines means the same in both."""


def check_settings(values: Mapping[str, float]) -> None:
    """Check names and ranges of settings, whichever engine they are for.

    Raises
    ------
    InputError
        No engine has such a setting, or its value is out of range.
    """
    known = {setting.name: setting for table in SETTINGS.values() for setting in table}
    for name, value in values.items():
        setting = known.get(name)
        if setting is None:
            names = ", ".join(sorted(known)) or "nothing: no engine has settings"
            raise InputError(f"engine setting must be one of {names}; got {name!r}")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not setting.low <= value <= setting.high:
            raise InputError(
                f"{name} must be a number from {setting.low:g} to {setting.high:g}; got {value!r}"
            )
