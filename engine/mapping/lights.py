"""Lights: fixtures as they hang, a table from emotion to colour and intensity, and DMX levels.

The table is part of a preset::

    "lights": [{"source": "valence", "to": "hue", "low": 0.62, "high": 1.1},
               {"fixture": "spot", "source": "pulse", "to": "intensity"}]

Fixtures belong to the venue and are kept in a file of their own::

    [{"name": "spot", "universe": 1, "address": 1, "channels": "dimmer red green blue"}]
"""

import colorsys
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from engine.errors import InputError
from engine.mapping.smoothing import Smoothed
from engine.mapping.sources import SOURCES, Moment
from engine.mapping.table import SourceMapping, fields_of, whole

__all__ = [
    "CHANNELS",
    "DEFAULT_LIGHTS",
    "QUANTITIES",
    "Fixture",
    "LightMapping",
    "LightTable",
    "read_fixtures",
]

UNIVERSE: Final = 512
"""Channels of a DMX universe."""

CHANNELS: Final = ("dimmer", "red", "green", "blue", "white")
"""Channels that colour and intensity set; any other stays 0 unless a line of the table sets it."""

QUANTITIES: Final = ("hue", "saturation", "intensity")
"""What a line sets unless it names a channel. Hues of several lines are added, in turns of the
colour circle (0 red, 1/3 green, 2/3 blue); saturations and intensities are multiplied. Without a
line for the hue the light is white."""

_MOST_FIXTURES = 512
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fixture:
    """A lamp at its address.

    Attributes
    ----------
    name : str
        By which the table names it.
    universe : int
        As the node counts: Art-Net 0..32767, sACN 1..63999.
    address : int
        First channel, 1..512.
    channels : tuple of str
        What its channels are, in order: `CHANNELS` or any other words.

    Raises
    ------
    InputError
        A value is out of range; the message names it.
    """

    name: str
    universe: int = 1
    address: int = 1
    channels: tuple[str, ...] = ("red", "green", "blue")

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InputError(f"fixture: name must be a text; got {self.name!r}")
        whole("universe", self.universe, 0, 63999)
        whole("address", self.address, 1, UNIVERSE)
        words = isinstance(self.channels, (tuple, list)) and self.channels
        if not words or not all(isinstance(name, str) and name for name in self.channels):
            raise InputError(
                f"fixture {self.name}: channels must be words such as {', '.join(CHANNELS)}; got "
                f"{self.channels!r}"
            )
        if self.address + len(self.channels) - 1 > UNIVERSE:
            raise InputError(
                f"fixture {self.name}: address must be 1..{UNIVERSE + 1 - len(self.channels)} for "
                f"{len(self.channels)} channels; got {self.address}"
            )

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Return a fixture from JSON values, or raise `InputError`."""
        given = fields_of(cls, values)
        if "name" not in given:
            raise InputError(f"fixture: name must be given; got {values!r}")
        if isinstance(given.get("channels"), str):
            given["channels"] = given["channels"].replace(",", " ").split()
        if isinstance(given.get("channels"), list):
            given["channels"] = tuple(given["channels"])
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return the fixture as JSON values."""
        return {**asdict(self), "channels": " ".join(self.channels)}


def read_fixtures(given: object) -> tuple[Fixture, ...]:
    """Return the fixtures of a file, or of a list of JSON values.

    Raises
    ------
    InputError
        The file cannot be read, or a fixture is wrong.
    """
    if isinstance(given, (str, Path)):
        if not str(given):
            return ()
        try:
            path = Path(given)
            if path.stat().st_size > _LARGEST_BYTES:
                raise InputError(f"{path}: larger than {_LARGEST_BYTES >> 20} MB, no list of lamps")
            given = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"cannot read {given}: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{given}: not a JSON list of fixtures: {error}") from error
    if not isinstance(given, (list, tuple)) or len(given) > _MOST_FIXTURES:
        raise InputError(f"fixtures must be a list of at most {_MOST_FIXTURES}; got {given!r:.100}")
    return tuple(item if isinstance(item, Fixture) else Fixture.from_json(item) for item in given)


@dataclass(frozen=True, slots=True)
class LightMapping(SourceMapping):
    """One quantity that moves one quantity of the light.

    Attributes
    ----------
    fixture : str
        Name of a fixture; empty: all.
    to : str
        One of `QUANTITIES`, or the name of a channel. ``low`` and ``high`` of a hue may lie in
        -1..2, so that it can go either way round the circle.
    """

    fixture: str = ""
    to: str = "intensity"

    def __post_init__(self) -> None:
        for name in ("fixture", "to"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"mapping: {name} must be a text; got {getattr(self, name)!r}")
        if not self.to:
            raise InputError(
                f"mapping: to must be one of {', '.join(QUANTITIES)}, or a channel; got ''"
            )
        SourceMapping.__post_init__(self)

    @property
    def _limits(self) -> tuple[float, float]:
        return (-1.0, 2.0) if self.to == "hue" else (0.0, 1.0)


DEFAULT_LIGHTS: Final = (
    LightMapping("valence", 0.62, 1.1, smoothing_s=1.0, to="hue"),  # blue, violet, red, orange
    LightMapping("section_round", 0.0, 0.15, smoothing_s=2.0, to="hue"),
    LightMapping("arousal", 0.6, 1.0, smoothing_s=1.0, to="saturation"),
    LightMapping("arousal", 0.15, 1.0, smoothing_s=0.5, to="intensity"),
    LightMapping("pulse", 0.75, 1.0, to="intensity"),
)
"""The table of a preset that has none."""


class LightTable:
    """The table at work: from moments to the levels of every channel.

    Parameters
    ----------
    fixtures : sequence of Fixture
        As they hang.
    """

    def __init__(self, fixtures: Sequence[Fixture]) -> None:
        self._fixtures = tuple(fixtures)
        self._lines: tuple[LightMapping, ...] = ()
        self._smoothed: list[Smoothed] = []
        self.colours: dict[str, tuple[int, int, int]] = {}
        """Fixture → what it shows, as red, green and blue, 0..255."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """Fixtures that the table names and that do not hang here."""
        names = {fixture.name for fixture in self._fixtures}
        return tuple(sorted({line.fixture for line in self._lines} - names - {""}))

    def change(self, lines: Sequence[LightMapping]) -> None:
        """Use another table; an empty one is `DEFAULT_LIGHTS`."""
        lines = tuple(lines) or DEFAULT_LIGHTS
        if lines != self._lines:
            self._lines, self._smoothed = lines, [Smoothed() for _ in lines]

    def levels(self, moment: Moment | None, now_s: float) -> dict[int, bytes]:
        """Return the 512 levels of each universe; all are 0 without a moment."""
        universes = {fixture.universe: bytearray(UNIVERSE) for fixture in self._fixtures}
        if moment is None:
            self.colours = {fixture.name: (0, 0, 0) for fixture in self._fixtures}
            return {universe: bytes(data) for universe, data in universes.items()}
        values = [math.nan] * len(self._lines)
        for number, (line, smoothed) in enumerate(zip(self._lines, self._smoothed, strict=True)):
            value = SOURCES[line.source].read(moment)
            if value is not None and math.isfinite(value):
                smoothed.push(value, now_s, line.smoothing_s)
            # What is not known yet stands at the low end of its line.
            known = not math.isnan(smoothed.value)
            values[number] = line.level(smoothed.value) if known else line.low
        for fixture in self._fixtures:
            levels = self._fixture_levels(fixture, values)
            start = fixture.address - 1
            universes[fixture.universe][start : start + len(levels)] = bytes(levels)
        return {universe: bytes(data) for universe, data in universes.items()}

    def _fixture_levels(self, fixture: Fixture, values: Sequence[float]) -> list[int]:
        lines = [
            (line.to, value)
            for line, value in zip(self._lines, values, strict=True)
            if line.fixture in ("", fixture.name)
        ]
        hues = [value for to, value in lines if to == "hue"]
        saturation = math.prod(value for to, value in lines if to == "saturation")
        intensity = math.prod(value for to, value in lines if to == "intensity")
        colour = colorsys.hsv_to_rgb(sum(hues) % 1.0, saturation if hues else 0.0, 1.0)
        self.colours[fixture.name] = (
            round(255 * intensity * colour[0]),
            round(255 * intensity * colour[1]),
            round(255 * intensity * colour[2]),
        )
        share = dict(zip(("red", "green", "blue"), colour, strict=True))
        if "white" in fixture.channels and "red" not in fixture.channels:
            share = {"white": 1.0}
        elif "white" in fixture.channels:  # what all three have in common is its part
            common = min(share.values())
            share = {name: value - common for name, value in share.items()} | {"white": common}
        if "dimmer" in fixture.channels:
            share["dimmer"] = intensity
        else:
            share = {name: value * intensity for name, value in share.items()}
        for to, value in lines:
            if to not in QUANTITIES:
                share[to] = value
        return [round(255 * min(1.0, max(0.0, share.get(name, 0.0)))) for name in fixture.channels]
