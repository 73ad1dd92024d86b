"""What a picture suggests without being understood: light, colour, movement, cutting.

This is a designed proxy, not a trained model, and nobody's ratings of films stand behind its
weights as a whole. Its parts do have sources: brightness and saturation carry pleasure (+.69,
+.22) and arousal (-.31, +.60) in Valdez & Mehrabian's regressions; movement and the rate of cuts
carry arousal in Hanjalic & Xu's model and in Simons et al.; warm hues count as pleasant.

A room has its own light. `Calibration` says what is neutral there; `calibrate` takes it from a
recording of the room with nothing going on.

References
----------
Valdez & Mehrabian, "Effects of color on emotions", J. Exp. Psychol. General 123(4), 1994.
Hanjalic & Xu, "Affective video content representation and modeling", IEEE Trans. Multimedia
7(1), 2005.
Simons, Detenber, Roedema & Reiss, "Emotion processing in three systems: the medium and the
message", Psychophysiology 36, 1999.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from engine.choices import check_range
from engine.errors import InputError
from engine.video.state import VideoState

__all__ = ["Calibration", "Mood", "calibrate", "proxy"]

_SMOOTHING_S = 1.5
_MOST_CUTS = 60.0  # per minute, where the rate's influence ends
_BRIGHTNESS_SPREAD = 0.22
_SATURATION_SPREAD = 0.2
_WARMTH_SPREAD = 0.12


@dataclass(frozen=True, slots=True)
class Calibration:
    """What counts as neutral.

    Attributes
    ----------
    brightness, saturation : float
        0..1; the defaults are middle values of films.
    warmth : float
        -1..1.
    motion : float
        Rank of the movement that is there anyway, 0..1.
    """

    brightness: float = 0.4
    saturation: float = 0.35
    warmth: float = 0.03
    motion: float = 0.5

    def __post_init__(self) -> None:
        check_range("brightness", self.brightness, 0.0, 1.0)
        check_range("saturation", self.saturation, 0.0, 1.0)
        check_range("warmth", self.warmth, -1.0, 1.0)
        check_range("motion", self.motion, 0.0, 1.0)


def calibrate(states: Iterable[VideoState]) -> Calibration:
    """Return the calibration for a place from what is seen there in a neutral minute.

    Raises
    ------
    InputError
        There are fewer than ten states (one second).
    """
    seen = list(states)
    if len(seen) < 10:
        raise InputError(f"a calibration needs at least 10 analysis frames (1 s); got {len(seen)}")
    return Calibration(
        brightness=fmean(state.brightness for state in seen),
        saturation=fmean(state.saturation for state in seen),
        warmth=fmean(state.warmth for state in seen),
        motion=min(0.9, fmean(state.motion for state in seen)),
    )


def proxy(
    neutral: Calibration,
    *,
    brightness: float,
    saturation: float,
    warmth: float,
    motion: float,
    cut_rate: float,
) -> tuple[float, float]:
    """Return valence and arousal of one moment, in (-1, 1); arguments as in `VideoState`."""
    light = (brightness - neutral.brightness) / _BRIGHTNESS_SPREAD
    colour = (saturation - neutral.saturation) / _SATURATION_SPREAD
    warm = (warmth - neutral.warmth) / _WARMTH_SPREAD
    moving = _around(motion, neutral.motion)
    cutting = 2.0 * math.log1p(cut_rate) / math.log1p(_MOST_CUTS) - 1.0
    valence = 0.69 * light + 0.22 * colour + 0.3 * warm
    arousal = 1.1 * moving + 0.4 * min(1.0, cutting) + 0.3 * (0.6 * colour - 0.31 * light)
    return math.tanh(0.8 * valence), math.tanh(arousal)


class Mood:
    """The proxy, smoothed with a time constant of 1.5 s: what a live audience is shown."""

    def __init__(self, neutral: Calibration) -> None:
        self._neutral = neutral
        self._smooth: tuple[float, float] | None = None

    def push(
        self,
        passed_s: float,
        *,
        brightness: float,
        saturation: float,
        warmth: float,
        motion: float,
        cut_rate: float,
    ) -> tuple[float, float]:
        """Return valence and arousal in (-1, 1) after one more picture, ``passed_s`` later."""
        now = proxy(
            self._neutral,
            brightness=brightness,
            saturation=saturation,
            warmth=warmth,
            motion=motion,
            cut_rate=cut_rate,
        )
        if self._smooth is None:
            self._smooth = now
        else:
            rate = 1.0 - math.exp(-passed_s / _SMOOTHING_S)
            (valence, arousal), old = now, self._smooth
            self._smooth = (old[0] + rate * (valence - old[0]), old[1] + rate * (arousal - old[1]))
        return self._smooth


def _around(value: float, neutral: float) -> float:
    """Return a value of [0, 1] as [-1, 1] with ``neutral`` at 0."""
    side = 1.0 - neutral if value > neutral else neutral
    return (value - neutral) / side if side > 0.0 else 0.0
