"""Sections, builds and drops, from the tracked emotion alone.

A *section* begins where valence, arousal and level have left the mean of the present section
and stayed away; a *build* is arousal rising over several seconds; a *drop* is a jump of the
level out of a build.
"""

import math
from collections.abc import Iterator

from engine.events import EmotionState

__all__ = ["SectionWatch", "TurnWatch"]

_APART = 0.45
"""Distance from the section's mean that is another section, level counted per 12 dB."""
_STAYED_S = 3.0
_SHORTEST_S = 8.0

_SLOW_S = 8.0
_FAST_S = 1.5
_FULL_BUILD = 0.5
"""Rise of the fast over the slow mean of arousal that counts as a full build."""
_FALL_S = 4.0
"""A build that has stopped is remembered so long, waiting for its drop."""

_DROP_DB = 6.0
_DROP_S = 1.0

_BUILDS_FROM = 0.5
_BUILDS_NO_MORE = 0.15
"""A build that dips is still the same build."""


class SectionWatch:
    """Fed with every tracked state; tells section, build and drop.

    Attributes
    ----------
    section : int
        How many sections have begun after the first.
    build : float
        0 (nothing rises) .. 1.
    drop : float
        1 for a second after a drop, else 0.
    """

    def __init__(self) -> None:
        self.section = 0
        self.build = 0.0
        self.drop = 0.0
        self._last_s: float | None = None
        self._mean = [0.0, 0.0, 0.0]
        self._heard_s = 0.0
        self._away_s = 0.0
        self._slow = self._fast = 0.0
        self._level_db = -120.0
        self._built = 0.0
        self._dropped_s = -_DROP_S

    def hear(self, state: EmotionState) -> None:
        """Take one tracked state; silence and settling change nothing but the level."""
        step_s = 0.0 if self._last_s is None else min(1.0, max(0.0, state.time_s - self._last_s))
        known = state.state in ("tracking", "uncertain")
        if known:
            self._watch_arousal(state.arousal, step_s)
            self._watch_section(state, step_s)
        self._watch_drop(state, step_s)
        self._last_s = state.time_s

    def _watch_arousal(self, arousal: float, step_s: float) -> None:
        if self._heard_s == 0.0:
            self._slow = self._fast = arousal
        self._slow += min(1.0, step_s / _SLOW_S) * (arousal - self._slow)
        self._fast += min(1.0, step_s / _FAST_S) * (arousal - self._fast)
        self.build = min(1.0, max(0.0, (self._fast - self._slow) / _FULL_BUILD))
        self._built = max(self.build, self._built - step_s / _FALL_S)

    def _watch_section(self, state: EmotionState, step_s: float) -> None:
        point = (state.valence, state.arousal, state.loudness_db / 12.0)
        if self._heard_s == 0.0:
            self._mean = list(point)
        self._heard_s += step_s
        apart = math.dist(point, self._mean)
        if apart > _APART and self._heard_s > _SHORTEST_S:
            self._away_s += step_s
            if self._away_s >= _STAYED_S:
                self.section += 1
                self._mean, self._heard_s, self._away_s = list(point), step_s, 0.0
            return
        self._away_s = 0.0
        share = step_s / max(step_s, min(self._heard_s, 2 * _SLOW_S)) if step_s else 0.0
        self._mean = [
            mean + share * (value - mean) for value, mean in zip(point, self._mean, strict=True)
        ]

    def _watch_drop(self, state: EmotionState, step_s: float) -> None:
        jump_db = state.loudness_db - self._level_db
        # The level before the jump: follows down slowly, so a breath before the drop counts.
        rate = 1.0 if self._last_s is None else min(1.0, step_s / _FAST_S)
        if jump_db > _DROP_DB and self._built > 0.5:
            self._dropped_s, self._built, rate = state.time_s, 0.0, 1.0
        self._level_db += rate * jump_db
        self.drop = float(0.0 <= state.time_s - self._dropped_s < _DROP_S)


class TurnWatch:
    """Finds turning points in what `SectionWatch` measures: each is reported once."""

    def __init__(self) -> None:
        self._section = 0
        self._drop = 0.0
        self._builds = False
        self._silent = True  # how everything begins: no turn

    def update(self, section: int, build: float, drop: float, silent: bool) -> Iterator[str]:
        """Yield the kinds of turning point at this moment."""
        if section > self._section:
            yield "section"
        if drop > self._drop:
            yield "drop"
        builds = build >= (_BUILDS_NO_MORE if self._builds else _BUILDS_FROM)
        if builds and not self._builds:
            yield "build"
        if silent and not self._silent:
            yield "silence"
        self._section, self._drop = section, drop
        self._builds, self._silent = builds, silent
