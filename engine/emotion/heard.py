"""Valence and arousal as the player follows them: on the venue's scale, smoothed, steadied."""

import math
from collections import deque

from engine.emotion.recentre import Recentre
from engine.events import EmotionState
from engine.settings.venue import Venue

__all__ = ["Heard"]

Point = tuple[float, float]
_NO_VENUE = Venue()
_MARKED_S = 8.0  # a mark means what was heard so long before it
_LONGEST_HOP_S = 1.0  # a longer gap between two states is a pause, not something heard


class Heard:
    """Valence and arousal of the tracker for a player to follow.

    Real-time: safe.

    Attributes
    ----------
    point : tuple of float, or None
        Valence and arousal now; None before anything was heard. Recentred values may leave
        [-1, 1] by the venue's mean.
    """

    def __init__(self) -> None:
        self._recentre = Recentre()
        self.reset()

    def reset(self) -> None:
        """Forget everything, the mean of the venue too."""
        self._recentre.reset()
        self.point: Point | None = None
        self._recent: deque[tuple[float, Point]] = deque()
        self._smooth: Point = (0.0, 0.0)
        self._heard_s = 0.0

    def hear(
        self,
        emotion: EmotionState,
        recentre: float,
        smoothing_s: float,
        hysteresis: float,
        venue: Venue = _NO_VENUE,
    ) -> None:
        """Add the next state; silence changes nothing.

        Parameters
        ----------
        recentre : float
            Share of the venue's mean to take out, 0..1.
        smoothing_s : float
            Time constant [s]; 0 passes values through.
        hysteresis : float
            Changes smaller than this are held back.
        venue : Venue
            Scale of the venue.
        """
        if emotion.state == "silence":
            return
        passed_s = emotion.time_s - self._heard_s
        self._heard_s = emotion.time_s
        self._recent.append((emotion.time_s, (emotion.valence, emotion.arousal)))
        while self._recent[0][0] <= emotion.time_s - _MARKED_S:
            self._recent.popleft()
        valence, arousal = venue.apply(emotion.valence, emotion.arousal)
        if 0.0 < passed_s < _LONGEST_HOP_S:
            self._recentre.hear(valence, arousal, passed_s)
        here = self._recentre.apply(valence, arousal, recentre)
        if self.point is None or smoothing_s <= 0.0:
            self._smooth = here
        else:
            rate = 1.0 - math.exp(-max(0.0, passed_s) / smoothing_s)
            self._smooth = _mixed(self._smooth, here, rate)
        if self.point is None:
            self.point = self._smooth
        else:
            self.point = _past_dead_band(self.point, self._smooth, hysteresis)

    @property
    def recent(self) -> Point | None:
        """Mean valence and arousal of the last eight seconds, without venue; None in silence."""
        if not self._recent:
            return None
        points = [point for _, point in self._recent]
        return _mean([point[0] for point in points]), _mean([point[1] for point in points])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _mixed(old: Point, new: Point, rate: float) -> Point:
    return old[0] + rate * (new[0] - old[0]), old[1] + rate * (new[1] - old[1])


def _past_dead_band(held: Point, value: Point, band: float) -> Point:
    """Return the held point, drawn along where the value is farther away than the band."""
    valence, arousal = (
        min(max(old, new - band), new + band) for old, new in zip(held, value, strict=True)
    )
    return valence, arousal
