"""The emotion as two MIDI controllers: only changes, at most twenty a second."""

import math

from engine.events import ControlEvent, EmotionState, TargetState, to_controller
from engine.pipeline.step import ScheduledControl
from engine.settings.performance import Performance

__all__ = ["EmotionControls"]

INTERVAL_S = 0.05
"""Shortest time between two messages of a controller: 20 a second look continuous on a fader."""


class EmotionControls:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self._due_s = -math.inf
        self._sent: dict[int, int] = {}

    def due(
        self,
        source: EmotionState | TargetState | None,
        performance: Performance,
        now_s: float,
        beat: float,
    ) -> tuple[ScheduledControl, ...]:
        """Return the controllers that have moved since the last call, now."""
        if source is None or now_s < self._due_s:
            return ()
        self._due_s = now_s + INTERVAL_S
        changed = []
        for control, value in (
            (performance.valence_cc, source.valence),
            (performance.arousal_cc, source.arousal),
        ):
            level = to_controller(value)
            if self._sent.get(control) != level:
                self._sent[control] = level
                event = ControlEvent(beat, control, level, performance.control_channel)
                changed.append(ScheduledControl(event, now_s))
        return tuple(changed)
