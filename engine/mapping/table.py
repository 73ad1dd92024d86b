"""Tables of a preset: what is told by MIDI, and what MIDI may move.

::

    "outputs": [{"source": "arousal", "to": "cc", "number": 74, "curve": 2.0}],
    "inputs":  [{"on": "cc", "number": 1, "sets": "arousal"},
                {"on": "cc", "number": 64, "does": "freeze"}]
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from engine.choices import ACTIONS, is_action
from engine.errors import InputError
from engine.mapping.sources import SOURCES

__all__ = [
    "EXCLUDED_CONTROLLERS",
    "Carrier",
    "InputMapping",
    "OutputMapping",
    "SourceMapping",
    "Trigger",
    "fields_of",
    "whole",
]

Carrier = Literal["cc", "cc14", "nrpn", "bend", "pressure", "program", "note"]
"""How a value travels: 7-bit or 14-bit controller, NRPN, pitch bend, channel pressure, program
change, or a note that sounds while the value is above a threshold."""

Trigger = Literal["cc", "note", "program", "nrpn", "rpn"]
"""What can set or do something: a controller, a pad, a program change or a parameter."""

EXCLUDED_CONTROLLERS = frozenset({0, 32, 120, 121, 122, 123, 124, 125, 126, 127})
"""Bank select and channel modes: keyboards send them by themselves, so they are not learned."""

_HIGHEST = {
    "cc": 127, "cc14": 31, "nrpn": 16383, "bend": 0, "pressure": 0, "program": 0, "note": 127
}  # fmt: skip
_FULL = {
    "cc": 127, "cc14": 16383, "nrpn": 16383, "bend": 16383, "pressure": 127, "program": 127,
    "note": 127,
}  # fmt: skip


def _number(name: str, value: object, low: float, high: float) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= float(value) <= high:  # type: ignore[arg-type]
        raise InputError(
            f"mapping: {name} must be a number from {low:g} to {high:g}; got {value!r}"
        )


def whole(name: str, value: object, low: int, high: int) -> None:
    """Raise `InputError` unless a value is a whole number within limits."""
    _number(name, value, low, high)
    if not isinstance(value, int):
        raise InputError(f"mapping: {name} must be a whole number; got {value!r}")


def _choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"mapping: {name} must be one of {', '.join(choices)}; got {value!r}")


def fields_of(kind: type, values: object) -> dict[str, Any]:
    """Return JSON values for the fields of a dataclass; raise `InputError` on any other."""
    if not isinstance(values, Mapping):
        raise InputError(f"mapping must be an object; got {values!r}")
    known = [item.name for item in fields(kind)]
    for name in values:
        if name not in known:
            raise InputError(f"mapping must hold only {', '.join(known)}; got {name!r}")
    return dict(values)


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """What becomes of one quantity; the kinds of mapping add where it goes.

    Attributes
    ----------
    source : str
        A name in `engine.mapping.sources.SOURCES`.
    low, high : float
        What the lowest and highest value of the source become, 0..1 of the range of what is
        mapped to; low above high turns it round.
    source_low, source_high : float or None
        Part of the source's range that is mapped; None: all of it.
    curve : float
        Exponent on the way, 0.1..10: above 1 little happens at first.
    smoothing_s : float
        Time constant [s], 0..30.

    Raises
    ------
    InputError
        A value is out of range; the message names it.
    """

    source: str
    low: float = 0.0
    high: float = 1.0
    source_low: float | None = None
    source_high: float | None = None
    curve: float = 1.0
    smoothing_s: float = 0.0

    def __post_init__(self) -> None:
        _choice("source", self.source, tuple(SOURCES))
        for name in ("low", "high"):
            _number(name, getattr(self, name), *self._limits)
        source = SOURCES[self.source]
        for name in ("source_low", "source_high"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name), source.low, source.high)
        if self.source_range[0] >= self.source_range[1]:
            raise InputError(
                f"mapping: source_low must be below source_high; got {self.source_range}"
            )
        _number("curve", self.curve, 0.1, 10.0)
        _number("smoothing_s", self.smoothing_s, 0.0, 30.0)

    @property
    def _limits(self) -> tuple[float, float]:
        """What ``low`` and ``high`` may be."""
        return 0.0, 1.0

    @property
    def source_range(self) -> tuple[float, float]:
        """The part of the source's range that is mapped."""
        source = SOURCES[self.source]
        return (
            source.low if self.source_low is None else self.source_low,
            source.high if self.source_high is None else self.source_high,
        )

    def level(self, value: float) -> float:
        """Return what a value of the source becomes, between ``low`` and ``high``."""
        low, high = self.source_range
        share = math.pow(min(1.0, max(0.0, (value - low) / (high - low))), self.curve)
        return self.low + share * (self.high - self.low)

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Return a mapping from JSON values, or raise `InputError`."""
        given = fields_of(cls, values)
        if "source" not in given:
            raise InputError(f"mapping: source must be given; got {values!r}")
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults as JSON values."""
        default = type(self)(self.source)
        return {
            name: value
            for name, value in asdict(self).items()
            if name == "source" or value != getattr(default, name)
        }


@dataclass(frozen=True, slots=True)
class OutputMapping(SourceMapping):
    """One quantity told by one MIDI message.

    Attributes
    ----------
    to : str
        Carrier of the value.
    number : int
        Controller 0..127 (``cc``), 0..31 (``cc14``, with its partner 32 above), parameter
        0..16383 (``nrpn``) or pitch (``note``).
    channel : int
        MIDI channel, 0..15.
    rate_hz : float
        Most messages per second, 1..100.
    threshold, hysteresis : float
        For ``note``: sounds once the value (0..1 after the range) rises above ``threshold``
        and ends when it falls below ``threshold - hysteresis``.
    velocity : int
        Of the ``note``, 1..127.

    Raises
    ------
    InputError
        A value is out of range; the message names it.
    """

    to: Carrier = "cc"
    number: int = 0
    channel: int = 0
    rate_hz: float = 20.0
    threshold: float = 0.5
    hysteresis: float = 0.1
    velocity: int = 100

    def __post_init__(self) -> None:
        SourceMapping.__post_init__(self)
        _choice("to", self.to, get_args(Carrier))
        whole("number", self.number, 0, _HIGHEST[self.to])
        whole("channel", self.channel, 0, 15)
        whole("velocity", self.velocity, 1, 127)
        for name in ("threshold", "hysteresis"):
            _number(name, getattr(self, name), 0.0, 1.0)
        _number("rate_hz", self.rate_hz, 1.0, 100.0)

    @property
    def steps(self) -> int:
        """Highest value of the carrier."""
        return _FULL[self.to]


@dataclass(frozen=True, slots=True)
class InputMapping:
    """One controller, pad or program change that sets something or does something.

    Attributes
    ----------
    on : str
        ``cc``, ``note``, ``program``, ``nrpn`` or ``rpn``.
    number : int
        Controller, pitch or program, 0..127; of a parameter (``nrpn``, ``rpn``) 0..16382.
    channel : int or None
        MIDI channel 0..15; None: any.
    sets : str
        A setting of the performance that MIDI may change, or ``settings.NAME`` of an engine;
        empty if it does something instead.
    does : str
        One of `engine.choices.ACTIONS`, done at each press: a pad at any velocity, a controller
        that rises to 64 or more, or sends the same again; ``preset NAME`` takes a preset.
    low, high : float or None
        What 0 and 127 set; None: the setting's own range.
    soft_takeover : bool
        Whether the controller must first pass the present value, so that nothing jumps.
    """

    on: Trigger
    number: int
    channel: int | None = None
    sets: str = ""
    does: str = ""
    low: float | None = None
    high: float | None = None
    soft_takeover: bool = True

    def __post_init__(self) -> None:
        _choice("on", self.on, get_args(Trigger))
        whole("number", self.number, 0, 16382 if self.on in ("nrpn", "rpn") else 127)
        if self.channel is not None:
            whole("channel", self.channel, 0, 15)
        if self.on == "cc" and self.number in EXCLUDED_CONTROLLERS:
            raise InputError(
                f"mapping: controller {self.number} is bank select or a channel mode and "
                "cannot be mapped"
            )
        if bool(self.sets) == bool(self.does):
            raise InputError("mapping: exactly one of sets and does must be given")
        if self.sets:
            if self.on == "program":
                raise InputError("mapping: a program change does something; it sets nothing")
        elif not is_action(self.does):
            _choice("does", self.does, (*ACTIONS, "preset NAME", "lock_bar N"))
        if not isinstance(self.soft_takeover, bool):
            raise InputError(f"mapping: soft_takeover must be true or false; got {self}")

    def check_range(self, lowest: float, highest: float) -> None:
        """Raise `InputError` unless ``low`` and ``high`` lie within the range of the setting."""
        for name in ("low", "high"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name), lowest, highest)

    def ends(self, lowest: float, highest: float) -> tuple[float, float]:
        """Return what 0 and 127 set, for a setting with this range."""
        return (
            lowest if self.low is None else self.low,
            highest if self.high is None else self.high,
        )

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Return a mapping from JSON values, or raise `InputError`."""
        given = fields_of(cls, values)
        if "on" not in given or "number" not in given:
            raise InputError(f"mapping: on and number must be given; got {values!r}")
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults as JSON values."""
        return {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if getattr(self, item.name) != item.default
        }
