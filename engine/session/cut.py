"""Pedals after a cut: what was planned from a time on was withdrawn."""

from collections.abc import Iterable
from dataclasses import replace

from engine.events import SUSTAIN, ControlEvent

__all__ = ["cut_pedals"]


def cut_pedals(
    controls: Iterable[tuple[float, ControlEvent]], at_s: float, beats_per_s: float
) -> list[tuple[float, ControlEvent]]:
    """Return the controls without pedal moves from a time on; a pedal that is down is lifted there.

    Parameters
    ----------
    controls : iterable of (float, ControlEvent)
        With their times [s].
    at_s : float
        Time of the cut [s].
    beats_per_s : float
        Tempo about then, for the position of the lifts.
    """
    kept = [item for item in controls if item[1].control != SUSTAIN or item[0] < at_s]
    last = {move.channel: (time_s, move) for time_s, move in kept if move.control == SUSTAIN}
    for time_s, move in last.values():
        if move.pressed:
            beat = move.beat + (at_s - time_s) * beats_per_s
            kept.append((at_s, replace(move, beat=beat, value=0)))
    return kept
