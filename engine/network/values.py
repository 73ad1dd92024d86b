"""What others on the network may read: one table for OSC, OSCQuery and MQTT.

A line of `VALUES` is an OSC address (``/stimmung/NAME``), a node of the OSCQuery tree and an MQTT
topic (``stimmung/NAME``). `Changes` says which of them to send.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.mapping.sources import SOURCES, STATES, Moment

__all__ = ["VALUES", "Argument", "Changes", "Range", "Value"]

Argument = float | int | str
Range = tuple[float, float] | tuple[str, ...] | None
"""Lowest and highest number, or all the words there are; None: any."""

LEAST_S: Final = 0.05
"""No value is sent more often than this [s]."""


@dataclass(frozen=True, slots=True)
class Value:
    """Something that can be read.

    Attributes
    ----------
    types : str
        OSC type tags of its arguments, such as ``"ff"``.
    text : str
        What it is.
    read : callable
        Returns the arguments, or None while they are unknown.
    ranges : tuple of Range
        One for each argument.
    mark : callable
        What is different when it is to be sent again; None: its arguments.
    """

    types: str
    text: str
    read: Callable[[Moment], tuple[Argument, ...] | None]
    ranges: tuple[Range, ...]
    mark: Callable[[Moment], object] | None = None


_BOTH, _SHARE = (-1.0, 1.0), (0.0, 1.0)


def _heard(*names: str) -> Callable[[Moment], tuple[Argument, ...] | None]:
    """Return a reader of what the tracker says; it is empty while unknown."""

    def read(moment: Moment) -> tuple[Argument, ...] | None:
        values = tuple(getattr(moment.emotion, name) for name in names) if moment.emotion else ()
        return None if "" in values else values or None

    return read


def _source(name: str, kind: type[float] | type[int] = float) -> Value:
    """Return a quantity that can be mapped, as it is."""
    source = SOURCES[name]

    def read(moment: Moment) -> tuple[Argument, ...] | None:
        value = source.read(moment)
        return None if value is None or not math.isfinite(value) else (kind(value),)

    limits = kind(source.low), kind(source.high)
    return Value("i" if kind is int else "f", source.text, read, (limits,))


def _beat(moment: Moment) -> tuple[Argument, ...] | None:
    return (math.floor(moment.beats),) if moment.playing and moment.beats >= 0.0 else None


def _heard_beat(moment: Moment) -> tuple[Argument, ...] | None:
    heard = moment.heard
    if heard is None or heard.state == "searching":
        return None
    return heard.number, heard.metre, 60.0 / heard.period_s, heard.confidence


def _heard_state(moment: Moment) -> tuple[Argument, ...] | None:
    return None if moment.heard is None else (moment.heard.state,)


VALUES: Final[dict[str, Value]] = {
    "emotion": Value(
        "ffff",
        "valence, arousal and their standard deviations, with every tracked state",
        _heard("valence", "arousal", "valence_std", "arousal_std"),
        (_BOTH, _BOTH, _SHARE, _SHARE),
        mark=lambda moment: moment.emotion and moment.emotion.time_s,
    ),
    "valence": _source("valence"),
    "arousal": _source("arousal"),
    "quadrant": _source("quadrant", int),
    "state": Value("s", "how sure the tracker is", _heard("state"), (STATES,)),
    "key": Value("s", "key heard, such as C:maj", _heard("key"), (None,)),
    "chord": Value("s", "chord heard, such as A:min; N for none", _heard("chord"), (None,)),
    "tuning": Value("f", "frequency of A4 heard [Hz]", _heard("tuning_hz"), ((415.0, 466.0),)),
    "section": _source("section", int),
    "build": _source("build"),
    "drop": _source("drop", int),
    "target_valence": _source("target_valence"),
    "target_arousal": _source("target_arousal"),
    "tempo": _source("tempo"),
    "playing": _source("playing", int),
    "beat": Value("i", "index of the beat, as it starts", _beat, ((0.0, 1e6),)),
    "heard/beat": Value(
        "iiff",
        "with --sync audio, each detected beat: number in the bar (1: downbeat), beats per bar, "
        "tempo [BPM], confidence",
        _heard_beat,
        ((1, 7), (2, 7), (20.0, 300.0), _SHARE),
        mark=lambda moment: moment.heard and moment.heard.count,
    ),
    "heard/state": Value(
        "s", "with --sync audio: state of the beat detection", _heard_state,
        (("searching", "locked", "holding"),),
    ),
}  # fmt: skip
"""Name → what can be read under it."""


class Changes:
    """Says what has changed since it was said last; each reader of `VALUES` has its own.

    Parameters
    ----------
    least_s : float
        Shortest time between two messages of one value [s].
    """

    def __init__(self, least_s: float = LEAST_S) -> None:
        self._least_s = least_s
        self._said: dict[str, tuple[object, float]] = {}

    def poll(self, moment: Moment, now_s: float) -> Iterator[tuple[str, tuple[Argument, ...]]]:
        """Yield names and arguments of what is to be sent now."""
        for name, value in VALUES.items():
            arguments = value.read(moment)
            if arguments is None:
                continue
            mark = arguments if value.mark is None else value.mark(moment)
            said, at_s = self._said.get(name, (None, -math.inf))
            if mark != said and now_s - at_s >= self._least_s:
                self._said[name] = mark, now_s
                yield name, arguments
