"""How Stimmung plays: every setting that may change while it plays, declared once.

A setting is one field of `Performance`. Presets, command line, window, OSC, the pipe and MIDI
learn read its name, words and limits from there (`engine.settings.fields`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from engine.choices import AUTO_KEY, DUETS, MODES, PARTS, USUAL_PARTS, Duet, Mode
from engine.errors import InputError
from engine.generators.registry import GENERATORS
from engine.generators.shared.settings import SETTINGS
from engine.generators.shared.settings import check_settings as check_engine_settings
from engine.mapping.lights import LightMapping
from engine.mapping.table import InputMapping, OutputMapping
from engine.music.clock import TEMPO_RANGE_BPM
from engine.music.keys import parse_key, parse_key_number
from engine.settings.fields import check_settings, read_setting, setting, settings_of
from engine.settings.venue import SCALE_RANGE, Venue
from engine.transfer.elements import ELEMENTS, parse_elements

__all__ = ["Performance", "controller_range"]

_BOTH = (-1.0, 1.0)
_SHARE = (0.0, 1.0)
_CONTROLLERS = (0, 119)
_TABLES: dict[str, type[OutputMapping] | type[InputMapping] | type[LightMapping]] = {
    "outputs": OutputMapping,
    "inputs": InputMapping,
    "lights": LightMapping,
}
"""Name of a table of mappings → what its lines are."""


def _names(text: Any) -> Any:
    """Return a list of words from a text with commas; a list as it is."""
    if isinstance(text, str):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _split(key: Any) -> int:
    return parse_key_number(key, "split")


def _elements(text: Any) -> Any:
    return parse_elements(text) if isinstance(text, str) else text


@dataclass(frozen=True, slots=True)
class Performance:
    """How Stimmung plays; the content of a preset.

    Raises
    ------
    InputError
        A value is out of range; the message names it.
    """

    engine: str = setting(
        "rules",
        "generator",
        choices=GENERATORS,
        group="music",
    )
    mode: Mode = setting(
        "follow",
        "how the target follows what is heard",
        choices=MODES,
        group="music",
    )
    valence: float = setting(
        0.0, "target valence, -1..1", limits=_BOTH, controller=_BOTH, metavar="V", group="music"
    )
    arousal: float = setting(
        0.0, "target arousal, -1..1", limits=_BOTH, controller=_BOTH, metavar="A", group="music"
    )
    guide_seconds: float = setting(
        120.0,
        "how long mode guide takes, 1..7200 s",
        limits=(1.0, 7200.0),
        controller=(5.0, 600.0),
        metavar="S",
    )
    bias_valence: float = setting(
        0.0,
        "added to the heard valence in modes follow and contrast, -1..1",
        limits=_BOTH,
        controller=_BOTH,
        metavar="V",
    )
    bias_arousal: float = setting(
        0.0,
        "added to the heard arousal in modes follow and contrast, -1..1",
        limits=_BOTH,
        controller=_BOTH,
        metavar="A",
    )
    video_weight: float = setting(
        0.5,
        "share of the pictures in the emotion, 0..1 (default 0.5; during silence 1)",
        limits=_SHARE,
        metavar="W",
    )
    recentre: float = setting(
        0.0,
        "subtract this share of the average mood of the room, 0 (default) to 1",
        limits=_SHARE,
        controller=_SHARE,
        metavar="R",
        group="listening",
    )
    venue_valence: float = setting(
        0.0,
        "valence that counts as neutral in this venue, -1..1",
        limits=_BOTH,
        metavar="V",
        group="listening",
    )
    venue_arousal: float = setting(
        0.0,
        "arousal that counts as neutral in this venue, -1..1",
        limits=_BOTH,
        metavar="A",
        group="listening",
    )
    venue_valence_scale: float = setting(
        1.0,
        "factor on the heard valence, 0.25..4",
        limits=SCALE_RANGE,
        metavar="X",
        group="listening",
    )
    venue_arousal_scale: float = setting(
        1.0,
        "factor on the heard arousal, 0.25..4",
        limits=SCALE_RANGE,
        metavar="X",
        group="listening",
    )
    volume: float = setting(
        0.8,
        "volume of the built-in instrument, 0..1 (default 0.8)",
        limits=_SHARE,
        controller=_SHARE,
        metavar="X",
    )
    smoothing_s: float = setting(
        0.0,
        "time constant by which the heard emotion is smoothed, 0..30 s",
        limits=(0.0, 30.0),
        controller=(0.0, 10.0),
        option="--smoothing",
        metavar="S",
        group="listening",
    )
    hysteresis: float = setting(
        0.0,
        "ignore changes of valence and arousal below this, 0..0.5",
        limits=(0.0, 0.5),
        controller=(0.0, 0.5),
        metavar="H",
        group="listening",
    )
    strength: float = setting(
        1.0,
        "how far the target may leave neutral: 0 (not at all) to 1 (default)",
        limits=_SHARE,
        controller=_SHARE,
        metavar="X",
    )
    slew_per_s: float = setting(
        1.0,
        "fastest change of the target, 0.01..100 per second",
        limits=(0.01, 100.0),
        controller=(0.05, 4.0),
        metavar="X",
    )
    tempo_bpm: float = setting(
        100.0,
        "tempo, 20..300 quarter notes per minute",
        limits=TEMPO_RANGE_BPM,
        controller=(40.0, 220.0),
        option="--tempo",
        metavar="BPM",
        group="music",
    )
    beats_per_bar: int = setting(
        4, "length of a bar, 2..7 quarter notes", limits=(2, 7), metavar="N", group="music"
    )
    slowest_bpm: float = setting(
        50.0,
        "with --sync audio: slowest tempo to detect, 50..215",
        limits=(50.0, 215.0),
        metavar="BPM",
    )
    fastest_bpm: float = setting(
        215.0,
        "with --sync audio: fastest tempo to detect, 50..215",
        limits=(50.0, 215.0),
        metavar="BPM",
    )
    heard_metre: int = setting(
        0,
        "with --sync audio: beats per bar, 2..7, or 0: as detected (default)",
        limits=(0, 7),
        metavar="N",
    )
    duet: Duet = setting(
        "together",
        "both play together (default), or in turns: the engine answers when you pause",
        choices=DUETS,
    )
    pause_beats: float = setting(
        0.0,
        "with --duet turns: answer after a silence of this many beats, 0..16; 0: learn it from the "
        "player's pauses (default)",
        limits=(0.0, 16.0),
        controller=(0.0, 8.0),
        option="--pause",
        metavar="BEATS",
    )
    split: int = setting(
        0,
        "keys below this one set the chord and do not sound, such as C4 or 60; 0: no split "
        "(default)",
        limits=(0, 127),
        controller=(0.0, 127.0),
        metavar="KEY",
        read=_split,
    )
    key: str = setting(
        AUTO_KEY, "key such as C:maj or F#:min, or auto (the tracked key)", group="music"
    )
    style: str = setting(
        "",
        "engine muser imitates this player's style (see: stimmung style)",
        metavar="NAME",
        group="music",
    )
    settings: Mapping[str, float] = field(default_factory=dict)
    """The engines' own settings that differ from their defaults, by name."""
    parts: tuple[str, ...] = setting(
        USUAL_PARTS,
        f"parts that play, separated by commas: {', '.join(PARTS)}; an engine plays those it has",
        choices=PARTS,
        metavar="LIST",
        group="music",
        read=_names,
    )
    valence_cc: int = setting(
        20, "controller that sends the heard valence, 0..119", limits=_CONTROLLERS, metavar="CC"
    )
    arousal_cc: int = setting(
        21, "controller that sends the heard arousal, 0..119", limits=_CONTROLLERS, metavar="CC"
    )
    control_channel: int = setting(
        0, "MIDI channel of these two, counted from 0, 0..15", limits=(0, 15), metavar="N"
    )
    transfer: float = setting(
        0.0,
        "with --thru: move what the keyboard plays toward the target, 0..1",
        limits=_SHARE,
        controller=_SHARE,
        metavar="X",
    )
    transfer_elements: tuple[str, ...] = setting(
        ELEMENTS,
        f"what is moved: {','.join(ELEMENTS)}",
        choices=ELEMENTS,
        metavar="LIST",
        read=_elements,
    )
    mpe: bool = setting(
        False,
        "MIDI Polyphonic Expression: a channel for every note, arousal as its pressure, valence "
        "as its timbre",
    )
    outputs: tuple[OutputMapping, ...] = ()
    """What else is sent by MIDI; see `engine.mapping.table`."""
    inputs: tuple[InputMapping, ...] = ()
    """What MIDI may change."""
    lights: tuple[LightMapping, ...] = ()
    """What lights show; empty: `engine.mapping.lights.DEFAULT_LIGHTS`."""

    def __post_init__(self) -> None:
        check_settings(self)
        if self.valence_cc == self.arousal_cc:
            raise InputError(f"valence_cc and arousal_cc must differ; both are {self.valence_cc}")
        if self.slowest_bpm >= self.fastest_bpm:
            raise InputError(
                f"slowest_bpm must be below fastest_bpm; got {self.slowest_bpm:g} and "
                f"{self.fastest_bpm:g}"
            )
        if self.heard_metre == 1:
            raise InputError("heard_metre must be 0, or from 2 to 7; got 1")
        if not isinstance(self.settings, Mapping):
            raise InputError(f"settings must be an object of numbers; got {self.settings!r}")
        check_engine_settings(self.settings)
        if self.key != AUTO_KEY:
            parse_key(self.key)
        for mapping in self.inputs:
            if mapping.sets:
                mapping.check_range(*controller_range(mapping.sets))

    @property
    def venue(self) -> Venue:
        """The venue's own scale."""
        return Venue(
            self.venue_valence,
            self.venue_arousal,
            self.venue_valence_scale,
            self.venue_arousal_scale,
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Performance":
        """Return a performance from JSON values; an unknown name is an error.

        Raises
        ------
        InputError
            A name is unknown, or a value out of range.
        """
        return cls().changed(values)

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults as JSON values."""
        values = {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if getattr(self, item.name) != getattr(type(self)(), item.name)
        }
        for table in _TABLES:
            if table in values:
                values[table] = [mapping.to_json() for mapping in values[table]]
        return values

    def changed(self, values: Mapping[str, Any]) -> "Performance":
        """Return a copy with some values replaced, checked like new ones.

        Of ``settings``, only those named are replaced.
        """
        known = {item.name for item in fields(self)}
        for name in values:
            if name not in known:
                raise InputError(f"setting must be one of {', '.join(sorted(known))}; got {name!r}")
        as_given = dict(values)
        for name, declared in settings_of(type(self)).items():
            if name in as_given:
                as_given[name] = read_setting(declared, as_given[name])
        as_given.update(_mappings(as_given))
        if isinstance(as_given.get("settings"), Mapping):
            as_given["settings"] = {**self.settings, **as_given["settings"]}
        return replace(self, **as_given)


def _mappings(values: Mapping[str, Any]) -> dict[str, tuple[object, ...]]:
    """Return the mapping tables among the values, made from JSON where they are not made yet."""
    tables: dict[str, tuple[object, ...]] = {}
    for name, kind in _TABLES.items():
        if name not in values:
            continue
        if not isinstance(values[name], (list, tuple)):
            raise InputError(f"{name} must be a list of mappings; got {values[name]!r}")
        tables[name] = tuple(
            item if isinstance(item, kind) else kind.from_json(item) for item in values[name]
        )
    return tables


def controller_range(name: str) -> tuple[float, float]:
    """Return what a controller's 0 and 127 mean for a setting, or ``settings.NAME`` of an engine.

    Raises
    ------
    InputError
        MIDI cannot change a setting of that name.
    """
    table = {
        **{
            known: declared.controller
            for known, declared in settings_of(Performance).items()
            if declared.controller is not None
        },
        **{
            f"settings.{item.name}": (item.low, item.high)
            for items in SETTINGS.values()
            for item in items
        },
    }
    if name not in table:
        raise InputError(f"mapping: sets must be one of {', '.join(table)}; got {name!r}")
    return table[name]
