"""Pictures in, one `VideoState` per tenth of a second out: files, cameras and tests alike."""

import math
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.video.cuts import CutDetector
from engine.video.look import Look, Small, distance, look_at
from engine.video.mood import Calibration, Mood
from engine.video.motion import MotionScale
from engine.video.state import ANALYSIS_FPS, VideoState

__all__ = ["Frame", "Picture", "VideoAnalyser"]

_RATE_S: Final = 20.0  # time constant of the cut rate
_USUAL_RATE: Final = 8.0  # cuts per minute assumed before any could be seen
_SUSPICIOUS: Final = 0.015  # change worth looking at every frame for
_MOST_BETWEEN: Final = 16  # frames kept between two analysis frames
_EARLY_S: Final = 1e-6


class Frame(Protocol):
    """A decoded frame that can be had in other sizes."""

    def reduce(self) -> Small:
        """Return it squeezed to RGB, uint8, shape (36, 64, 3)."""
        ...

    def square(self, size: int) -> NDArray[np.uint8]:
        """Return its middle square as RGB, uint8, shape (size, size, 3)."""
        ...


@dataclass(slots=True)
class Picture:
    """A frame and when it is shown [s]. Few are ever reduced, so that waits until asked for."""

    time_s: float
    frame: Frame
    _small: Small | None = None

    @property
    def small(self) -> Small:
        """RGB, uint8, shape (36, 64, 3)."""
        if self._small is None:
            self._small = self.frame.reduce()
        return self._small


class VideoAnalyser:
    """Streaming features of a film or a camera.

    Analysis frame k is what is shown at k / 10 s: the newest picture not later than that, held
    if the next one is late. Pictures must come in order of time, the first at 0 s.

    Parameters
    ----------
    calibration : Calibration
        What is neutral here.
    """

    def __init__(self, calibration: Calibration | None = None) -> None:
        self._mood = Mood(calibration or Calibration())
        self._motion = MotionScale()
        self._cuts = CutDetector()
        self._tick = 0
        self._held: Picture | None = None
        self._between: list[Picture] = []
        self._shown: Picture | None = None  # at the last analysis frame
        self._look: Look | None = None
        self._weight = 0.0  # of the cuts so far, fading
        self._weighed_s = 0.0

    def push(self, picture: Picture) -> list[VideoState]:
        """Take the next picture; return the analysis frames before it."""
        states = self._advance(picture.time_s - _EARLY_S)
        self._held = picture
        if len(self._between) < _MOST_BETWEEN:
            self._between.append(picture)
        else:
            self._between[-1] = picture
        return states

    def hold(self, until_s: float) -> list[VideoState]:
        """Return the analysis frames up to a time by which no newer picture has come [s]."""
        return self._advance(until_s)

    def finish(self, end_s: float) -> list[VideoState]:
        """Return the analysis frames up to the end of the last picture [s]."""
        states = self._advance(end_s - _EARLY_S)
        if not states and self._held is not None:  # the last picture deserves a look too
            states = self._advance(self._tick / ANALYSIS_FPS + _EARLY_S)
        late = self._cuts.finish()
        if late:  # one at most lies in the last 0.4 s: shots are longer
            states[-1] = self._with_cut(states[-1], late[0])
        return states

    def _advance(self, until_s: float) -> list[VideoState]:
        states: list[VideoState] = []
        while self._held is not None and self._tick / ANALYSIS_FPS < until_s:
            states.append(self._analyse(self._held))
            self._tick += 1
        return states

    def _analyse(self, picture: Picture) -> VideoState:
        time_s = self._tick / ANALYSIS_FPS
        before, shown = self._look, self._shown
        motion_rgb = 0.0
        cut_s = None
        if shown is picture and before is not None:  # held: nothing has changed
            look = before
            cut_s = self._cuts.push(0.0, time_s, before, look)
        else:
            look = look_at(picture.small)
            if shown is not None and before is not None:
                motion_rgb = _difference(shown.small, picture.small)
                size, at_s = distance(before, look), time_s
                if size >= _SUSPICIOUS:
                    size, at_s = self._sharpest(shown)
                cut_s = self._cuts.push(size, at_s, before, look)
        self._look, self._shown = look, picture
        self._between = []
        motion = self._motion.push(motion_rgb) if shown is not None else 0.0
        if cut_s is not None:
            self._count(cut_s)
        cut_rate = self._rate(time_s)
        valence, arousal = self._mood.push(
            1.0 / ANALYSIS_FPS,
            brightness=look.brightness,
            saturation=look.saturation,
            warmth=look.warmth,
            motion=motion,
            cut_rate=cut_rate,
        )
        return VideoState(
            time_s=time_s,
            valence=valence,
            arousal=arousal,
            motion=motion,
            motion_rgb=motion_rgb,
            brightness=look.brightness,
            saturation=look.saturation,
            warmth=look.warmth,
            cut_rate=cut_rate,
            cut_s=cut_s,
        )

    def _sharpest(self, shown: Picture) -> tuple[float, float]:
        """Return size and time [s] of the largest step since the last analysis frame.

        A fade takes many small steps, a cut one: only every frame in between can tell.
        """
        chain = [shown, *self._between]
        looks = [look_at(picture.small) for picture in chain]
        steps = [distance(one, other) for one, other in zip(looks, looks[1:], strict=False)]
        largest = int(np.argmax(steps))
        return steps[largest], chain[1 + largest].time_s

    def _count(self, cut_s: float) -> None:
        self._weight = self._weight * math.exp(-(cut_s - self._weighed_s) / _RATE_S) + 1.0
        self._weighed_s = cut_s

    def _rate(self, time_s: float) -> float:
        """Return cuts per minute, exponentially forgetting, from the usual rate on."""
        recent = self._weight * math.exp(-(time_s - self._weighed_s) / _RATE_S)
        return 60.0 * recent / _RATE_S + _USUAL_RATE * math.exp(-time_s / _RATE_S)

    def _with_cut(self, state: VideoState, cut_s: float) -> VideoState:
        self._count(cut_s)
        return replace(state, cut_s=cut_s, cut_rate=self._rate(state.time_s))


def _difference(one: Small, other: Small) -> float:
    """Return the mean absolute RGB difference, 0..255."""
    return float(np.abs(one.astype(np.int16) - other).mean())
