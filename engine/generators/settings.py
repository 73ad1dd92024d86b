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


SETTINGS: dict[str, tuple[Setting, ...]] = {"rules": ()}
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
