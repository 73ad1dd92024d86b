"""What the music should feel like, from what is heard.

========  ===================================================================
follow    the tracked emotion, plus a bias
contrast  its opposite, plus a bias
guide     starts where the room is and arrives at a chosen emotion after a
          while (the iso principle of music therapy, Altshuler 1948)
manual    a chosen emotion: puck, command line, controller, OSC
curve     a course over beats, linear between its points
========  ===================================================================

Tracked emotion is first recentred to the venue and smoothed, and small changes are held back, as
far as the performance asks for it. Whatever the mode, the target moves at most ``slew_per_s`` and
can be frozen. In silence ``follow`` and ``contrast`` hold what they had: a pause is not a mood.
"""

from bisect import bisect_right

from engine.emotion.heard import Heard
from engine.events import EmotionState, TargetState
from engine.settings.performance import Performance
from engine.settings.resume import Resume

__all__ = ["Target"]

Point = tuple[float, float]


class Target:
    """Turns tracked emotion into the emotion to play.

    Parameters
    ----------
    performance : Performance
        Mode, goal, bias and slew limit.
    curve : tuple of (float, float, float)
        Points (beat, valence, arousal) in ascending order of beats, for ``curve``.
    """

    def __init__(
        self, performance: Performance, curve: tuple[tuple[float, float, float], ...] = ()
    ) -> None:
        self.frozen = False
        self._performance = performance
        self._curve = curve
        self._current: Point | None = None
        self._heard = Heard()
        self._emotion: EmotionState | None = None
        self._time_s = 0.0
        self._guide: tuple[float, Point] | None = None

    @property
    def recent(self) -> Point | None:
        """What was heard in the last seconds, see `engine.emotion.heard.Heard.recent`."""
        return self._heard.recent

    def reset(self) -> None:
        """Forget where the target was."""
        self._heard.reset()
        self._current = self._guide = self._emotion = None
        self._time_s = 0.0

    def resume(self, resume: Resume) -> None:
        """Go on from another engine's target; ``guide`` keeps the time it had left."""
        self._current = (resume.valence, resume.arousal)
        self.frozen = resume.frozen
        performance = self._performance
        done = 1.0 - resume.remaining_s / performance.guide_seconds
        if performance.mode == "guide" and 0.0 < resume.remaining_s and done > 0.0:
            goal = (performance.valence, performance.arousal)
            origin = (
                (resume.valence - done * goal[0]) / (1.0 - done),
                (resume.arousal - done * goal[1]) / (1.0 - done),
            )
            self._guide = (resume.at_s - done * performance.guide_seconds, origin)

    def change(self, performance: Performance) -> None:
        """Take new settings; ``guide`` starts anew when its goal or time changes."""
        old, self._performance = self._performance, performance
        guide_fields = ("mode", "valence", "arousal", "guide_seconds")
        if any(getattr(old, name) != getattr(performance, name) for name in guide_fields):
            self._guide = None

    def update(self, emotion: EmotionState | None, time_s: float, beat: float) -> TargetState:
        """Return the target at ``time_s``; call with ascending times.

        Real-time: safe (no allocation beyond the result, no waiting).
        """
        if emotion is not None and emotion is not self._emotion:
            self._emotion = emotion
            asked = self._performance
            self._heard.hear(
                emotion, asked.recentre, asked.smoothing_s, asked.hysteresis, asked.venue
            )
        wanted, remaining_s = self._wanted(time_s, beat)
        strength = self._performance.strength
        wanted = (strength * wanted[0], strength * wanted[1])
        if self._current is None:
            self._current = wanted
        elif not self.frozen:
            step = self._performance.slew_per_s * max(0.0, time_s - self._time_s)
            self._current = _toward(self._current, wanted, step)
        self._time_s = time_s
        valence, arousal = self._current
        return TargetState(valence, arousal, self._performance.mode, self.frozen, remaining_s)

    def _wanted(self, time_s: float, beat: float) -> tuple[Point, float]:
        performance = self._performance
        goal = (performance.valence, performance.arousal)
        if performance.mode == "manual":
            return goal, 0.0
        if performance.mode == "curve":
            return _on_curve(self._curve, beat), 0.0
        if performance.mode == "guide":
            if self._guide is None:
                self._guide = (time_s, self._current or self._heard.point or (0.0, 0.0))
            started_s, origin = self._guide
            done = min(1.0, (time_s - started_s) / performance.guide_seconds)
            point = (
                origin[0] + done * (goal[0] - origin[0]),
                origin[1] + done * (goal[1] - origin[1]),
            )
            return point, performance.guide_seconds * (1.0 - done)
        heard = self._heard.point
        if heard is None:  # nothing heard yet: stay neutral rather than guess
            return self._current or (0.0, 0.0), 0.0
        sign = -1.0 if performance.mode == "contrast" else 1.0
        return (
            _clip(sign * heard[0] + performance.bias_valence),
            _clip(sign * heard[1] + performance.bias_arousal),
        ), 0.0


def _clip(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _toward(current: Point, wanted: Point, step: float) -> Point:
    valence, arousal = (
        a + min(step, max(-step, b - a)) for a, b in zip(current, wanted, strict=True)
    )
    return valence, arousal


def _on_curve(curve: tuple[tuple[float, float, float], ...], beat: float) -> Point:
    after = bisect_right(curve, beat, key=lambda point: point[0])
    if after == 0:
        return curve[0][1:]
    if after == len(curve):
        return curve[-1][1:]
    (beat_0, valence_0, arousal_0), (beat_1, valence_1, arousal_1) = curve[after - 1 : after + 1]
    share = (beat - beat_0) / (beat_1 - beat_0)
    return (
        valence_0 + share * (valence_1 - valence_0),
        arousal_0 + share * (arousal_1 - arousal_0),
    )
