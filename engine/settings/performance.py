"""Every setting, once: frozen values checked when they are made.

`Performance` is what a preset holds and what may change while playing; `LiveConfig` adds
the devices and files of one run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from engine.choices import (
    AUTO_KEY,
    DUETS,
    MODES,
    PARTS,
    USUAL_PARTS,
    Duet,
    Mode,
    check_choice,
    check_range,
)
from engine.errors import InputError
from engine.generators.registry import GENERATORS
from engine.generators.shared.settings import check_settings
from engine.mapping.table import InputMapping, OutputMapping
from engine.music.clock import TEMPO_RANGE_BPM
from engine.music.keys import parse_key
from engine.transfer.elements import ELEMENTS

if TYPE_CHECKING:
    pass

__all__ = ["Performance"]


# Field -> (lowest, highest) for plain numbers; anything else is checked by hand below.
_RANGES: dict[str, tuple[float, float]] = {
    "valence": (-1.0, 1.0),
    "arousal": (-1.0, 1.0),
    "bias_valence": (-1.0, 1.0),
    "bias_arousal": (-1.0, 1.0),
    "guide_seconds": (1.0, 7200.0),
    "recentre": (0.0, 1.0),
    "video_weight": (0.0, 1.0),
    "smoothing_s": (0.0, 30.0),
    "hysteresis": (0.0, 0.5),
    "slew_per_s": (0.01, 100.0),
    "tempo_bpm": TEMPO_RANGE_BPM,
    "beats_per_bar": (2, 7),
    "transfer": (0.0, 1.0),
    "valence_cc": (0, 119),
    "arousal_cc": (0, 119),
    "control_channel": (0, 15),
}


@dataclass(frozen=True, slots=True)
class Performance:
    """How Stimmung plays; the content of a preset.

    Attributes
    ----------
    engine : str
        Generator, a name in `engine.generators.registry.GENERATORS`.
    mode : str
        How the target follows the tracked emotion, see `engine.emotion.target`.
    valence, arousal : float
        Emotion in [-1, 1] of ``manual``, and the goal of ``guide``.
    guide_seconds : float
        How long ``guide`` takes to arrive [s], 1..7200.
    bias_valence, bias_arousal : float
        Added to the tracked emotion in ``follow`` and ``contrast``.
    video_weight : float
        Share of a film or camera in the emotion, if there is one, 0..1; in silence all.
    recentre : float
        Share of the venue's running mean that is taken off the tracked emotion, 0..1.
    smoothing_s : float
        Time constant of further smoothing of the tracked emotion [s], 0..30.
    hysteresis : float
        Changes of the tracked emotion smaller than this are held back, 0..0.5.
    slew_per_s : float
        Fastest change of the target [1/s], 0.01..100.
    tempo_bpm : float
        Tempo of the internal clock [quarter notes per minute], 20..300.
    beats_per_bar : int
        Bar length [quarter notes], 2..7.
    duet : str
        ``together``, or ``turns``: the engine answers when the performer at the MIDI keyboard
        pauses.
    key : str
        A key such as ``"D:min"``, or ``"auto"``: the tracked key.
    settings : mapping of str to float
        The engines' own settings that do not stand where they stand untouched, see
        `engine.generators.shared.settings`.
    parts : tuple of str
        Parts that sound, among lead, chords, bass, pad, drums; empty for controllers only. An
        engine plays those it has.
    valence_cc, arousal_cc : int
        Controllers that carry the tracked emotion, 0..119.
    control_channel : int
        Their MIDI channel, 0..15.
    transfer : float
        How far what a keyboard passes through is moved toward the target, 0 (not at all) .. 1.
    transfer_elements : tuple of str
        What is moved, among `engine.transfer.elements.ELEMENTS`.
    mpe : bool
        Whether every note gets a channel of its own (MIDI Polyphonic Expression), with arousal
        as its pressure and valence as its timbre.
    outputs : tuple of OutputMapping
        What else is told by MIDI.
    inputs : tuple of InputMapping
        What MIDI may move.

    Raises
    ------
    InputError
        A value is out of range; the message names it.
    """

    engine: str = "rules"
    mode: Mode = "follow"
    valence: float = 0.0
    arousal: float = 0.0
    guide_seconds: float = 120.0
    bias_valence: float = 0.0
    bias_arousal: float = 0.0
    video_weight: float = 0.5
    recentre: float = 0.0
    smoothing_s: float = 0.0
    hysteresis: float = 0.0
    slew_per_s: float = 1.0
    tempo_bpm: float = 100.0
    beats_per_bar: int = 4
    duet: Duet = "together"
    key: str = AUTO_KEY
    settings: Mapping[str, float] = field(default_factory=dict)
    parts: tuple[str, ...] = USUAL_PARTS
    valence_cc: int = 20
    arousal_cc: int = 21
    control_channel: int = 0
    transfer: float = 0.0
    transfer_elements: tuple[str, ...] = ELEMENTS
    mpe: bool = False
    outputs: tuple[OutputMapping, ...] = ()
    inputs: tuple[InputMapping, ...] = ()

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            check_range(name, getattr(self, name), low, high)
        for name in ("beats_per_bar", "valence_cc", "arousal_cc", "control_channel"):
            if not isinstance(getattr(self, name), int):
                raise InputError(f"{name} must be a whole number; got {getattr(self, name)!r}")
        check_choice("engine", self.engine, tuple(GENERATORS))
        check_choice("mode", self.mode, MODES)
        check_choice("duet", self.duet, DUETS)
        for element in self.transfer_elements:
            check_choice("transfer_elements", element, ELEMENTS)
        if not isinstance(self.mpe, bool):
            raise InputError(f"mpe must be true or false; got {self.mpe!r}")
        if self.valence_cc == self.arousal_cc:
            raise InputError(f"valence_cc and arousal_cc must differ; both are {self.valence_cc}")
        for part in self.parts:
            check_choice("parts", part, PARTS)
        if not isinstance(self.settings, Mapping):
            raise InputError(f"settings must be an object of numbers; got {self.settings!r}")
        check_settings(self.settings)
        if self.key != AUTO_KEY:
            parse_key(self.key)

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
        for table in ("outputs", "inputs"):
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
        for name in ("parts", "transfer_elements"):
            if isinstance(as_given.get(name), list):
                as_given[name] = tuple(as_given[name])
            if not isinstance(as_given.get(name, ()), tuple):
                raise InputError(f"{name} must be a list of names; got {values[name]!r}")
        as_given.update(_mappings(as_given))
        if isinstance(as_given.get("settings"), Mapping):
            as_given["settings"] = {**self.settings, **as_given["settings"]}
        return replace(self, **as_given)


def _mappings(values: Mapping[str, Any]) -> dict[str, tuple[object, ...]]:
    """Return the mapping tables among the values, made from JSON where they are not made yet."""
    tables: dict[str, tuple[object, ...]] = {}
    kinds: tuple[tuple[str, type[OutputMapping] | type[InputMapping]], ...] = (
        ("outputs", OutputMapping),
        ("inputs", InputMapping),
    )
    for name, kind in kinds:
        if name not in values:
            continue
        if not isinstance(values[name], (list, tuple)):
            raise InputError(f"{name} must be a list of mappings; got {values[name]!r}")
        tables[name] = tuple(
            item if isinstance(item, kind) else kind.from_json(item) for item in values[name]
        )
    return tables
