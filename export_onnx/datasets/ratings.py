"""Ratings of whole songs, brought to [-1, 1]."""

from dataclasses import dataclass

__all__ = ["Rating"]


@dataclass(frozen=True, slots=True)
class Rating:
    """Mean and standard deviation among the raters of one song, all on the scale [-1, 1]."""

    valence: float
    arousal: float
    valence_sd: float
    arousal_sd: float

    @classmethod
    def from_range(
        cls,
        low: float,
        high: float,
        means: tuple[float, float],
        deviations: tuple[float, float],
    ) -> "Rating":
        """Convert valence and arousal given on a scale from `low` to `high`."""
        middle, half = (high + low) / 2, (high - low) / 2
        valence, arousal = ((mean - middle) / half for mean in means)
        valence_sd, arousal_sd = (deviation / half for deviation in deviations)
        return cls(valence, arousal, valence_sd, arousal_sd)

    def swapped(self) -> "Rating":
        """Return the rating with the two axes exchanged."""
        return Rating(self.arousal, self.valence, self.arousal_sd, self.valence_sd)
