"""Records when the player's thread did what, for `engine.session.rerun`.

Lines of the events file, in the order they happened:

``turns``
    Some hundred milliseconds of turns: their times [µs since the start, the first absolute, the
    others since the one before], what had been heard by then (its ``time_s``), and how far the
    generator's worker had come, where that changed anything.
``order``
    Something ordered from outside, carried out before the turns that follow.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.pipeline.step import Frame, Pace, Step
from engine.session.events_file import encode_frame
from engine.settings.performance import Performance

__all__ = ["FrameLog", "Order", "TurnLog", "decode_turns", "on_grid"]

_MICRO: Final = 1e-6
_WAVERS, _TURNS = 0.001, 0.02
"""Shares by which a tempo wavers, and by which it has become another."""
_WAVERING_S: Final = 0.25
_MOST_TURNS: Final = 64  # a line; the last ones reach the disk a third of a second late


def on_grid(now_s: float, origin_s: float) -> float:
    """Return a time on the grid of microseconds that is recorded [s]."""
    return origin_s + round((now_s - origin_s) / _MICRO) * _MICRO


@dataclass(frozen=True, slots=True)
class Order:
    """An order that shapes the music.

    Attributes
    ----------
    at_s : float
        When it was carried out, on the player's clock [s].
    do : str
        ``begin``, ``change``, ``freeze``, ``play``, ``regenerate``, ``arrange`` or ``bar``.
    values : mapping
        Its details, as JSON values.
    """

    at_s: float
    do: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def change(cls, at_s: float, performance: Performance, *, at_bar: bool = False) -> "Order":
        """Return the order to play with these settings, from the next bar line on or now."""
        return cls(at_s, "change", {"performance": performance.to_json(), "at_bar": at_bar})

    def encode(self) -> bytes:
        """Return its line."""
        return _line({"event": "order", "at_s": self.at_s, "do": self.do, **self.values})


class FrameLog:
    """Tells which frames are worth a line: all changes, but a wavering tempo only now and then."""

    def __init__(self) -> None:
        self._last: Frame | None = None
        self._last_s = 0.0

    def changed(self, now_s: float, frame: Frame | None) -> bool:
        """Return whether to enter a frame, at a time [s]."""
        if frame is None:
            return False
        if (last := self._last) is not None:
            moved = abs(frame.tempo_bpm / last.tempo_bpm - 1.0)
            same = (frame.beats_per_bar, frame.key) == (last.beats_per_bar, last.key)
            wavers = moved > _WAVERS and now_s - self._last_s > _WAVERING_S
            if same and moved <= _TURNS and not wavers:
                return False
        self._last, self._last_s = frame, now_s
        return True


class TurnLog:
    """Gathers turns to lines. All calls from one thread.

    Parameters
    ----------
    origin_s : float
        The session's start on the player's clock [s].
    put : callable
        Takes the lines.
    """

    def __init__(self, origin_s: float, put: Callable[[bytes], None]) -> None:
        self._origin_s = origin_s
        self._put = put
        self._us: list[int] = []
        self._last_us = 0
        self._pace: list[tuple[int, int, bool]] = []
        self._heard: float | None = None
        self._frames = FrameLog()

    def turn(self, now_s: float, step: Step) -> None:
        """Enter a turn, its time as `on_grid` returns it, and the frame if that has changed."""
        if step.frame is not None and self._frames.changed(now_s, step.frame):
            self._put(encode_frame(now_s - self._origin_s, step.frame))
        heard = None if step.emotion is None else float(step.emotion.time_s)
        if heard != self._heard or len(self._us) >= _MOST_TURNS:
            self.flush()
            self._heard = heard
        at_us = round((now_s - self._origin_s) / _MICRO)
        if step.pace != Pace():
            self._pace.append((len(self._us), step.pace.filled, step.pace.took_over))
        self._us.append(at_us - self._last_us if self._us else at_us)
        self._last_us = at_us

    def order(self, order: Order) -> None:
        """Enter an order."""
        self.flush()
        self._put(order.encode())

    def flush(self) -> None:
        """Write what has been gathered."""
        if not self._us:
            return
        at_s = round(self._us[0] * _MICRO, 5)
        line = {"event": "turns", "at_s": at_s, "heard": self._heard, "us": self._us}
        self._put(_line({**line, "pace": self._pace} if self._pace else line))
        self._us, self._pace = [], []


def decode_turns(
    event: Mapping[str, Any], origin_s: float
) -> tuple[float | None, list[tuple[float, Pace]]]:
    """Return what was heard by then, and the turns of a line: when [s], and the worker's pace.

    Raises
    ------
    ValueError, TypeError, KeyError
        It is no such line.
    """
    paces = {int(at): Pace(int(filled), bool(took)) for at, filled, took in event.get("pace", ())}
    turns, at_us = [], 0
    for number, step_us in enumerate(event["us"]):
        at_us += int(step_us)
        turns.append((origin_s + at_us * _MICRO, paces.get(number, Pace())))
    heard = event["heard"]
    return None if heard is None else float(heard), turns


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"
