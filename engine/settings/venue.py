"""Where the middle of the emotion plane lies in this venue, and how wide it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import InputError

__all__ = ["MARKS", "SCALE_RANGE", "Venue", "fit_venue"]

Point = tuple[float, float]

MARKS: Final = ("calm", "intense", "dark", "bright")
"""Moments that can be marked: the ends of arousal and those of valence."""
SCALE_RANGE: Final = (0.25, 4.0)
_END: Final = 0.5  # where a marked end comes to lie
_LEAST: Final = 0.05  # ends closer than this are no ends


@dataclass(frozen=True, slots=True)
class Venue:
    """Offset and scale of both axes: ``(heard - offset) * scale``.

    Attributes
    ----------
    valence, arousal : float
        What counts as the middle, -1..1.
    valence_scale, arousal_scale : float
        Factors on the distance from it, 0.25..4.
    """

    valence: float = 0.0
    arousal: float = 0.0
    valence_scale: float = 1.0
    arousal_scale: float = 1.0

    def apply(self, valence: float, arousal: float) -> Point:
        """Return what was heard on the venue's own scale, in [-1, 1]."""
        return (
            min(1.0, max(-1.0, (valence - self.valence) * self.valence_scale)),
            min(1.0, max(-1.0, (arousal - self.arousal) * self.arousal_scale)),
        )


def fit_venue(marks: Mapping[str, Point]) -> dict[str, float]:
    """Return the settings that bring marked ends to ±0.5.

    Parameters
    ----------
    marks : mapping
        Mean valence and arousal as heard while each of `MARKS` was played: ``calm`` and
        ``intense``, or ``dark`` and ``bright``, or all four. With the first two alone the middle
        of valence is fitted too, its scale is not.

    Returns
    -------
    dict of str to float
        ``venue_valence`` and so on; empty while no pair is complete.

    Raises
    ------
    InputError
        The ends of a pair sound alike, or the wrong way round.
    """
    fitted: dict[str, float] = {}
    for index, axis, low, high in (
        (0, "valence", "dark", "bright"),
        (1, "arousal", "calm", "intense"),
    ):
        if low not in marks or high not in marks:
            continue
        first, last = marks[low][index], marks[high][index]
        if last - first < _LEAST:
            raise InputError(
                f"{axis} of {low} is {first:+.2f} and of {high} {last:+.2f}: must be at least "
                f"{_LEAST:g} apart; mark them anew"
            )
        fitted[f"venue_{axis}"] = round((first + last) / 2.0, 3)
        scale = min(SCALE_RANGE[1], max(SCALE_RANGE[0], 2.0 * _END / (last - first)))
        fitted[f"venue_{axis}_scale"] = round(scale, 3)
    if "venue_arousal" in fitted and "venue_valence" not in fitted:
        fitted["venue_valence"] = round((marks["calm"][0] + marks["intense"][0]) / 2.0, 3)
    return fitted
