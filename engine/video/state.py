"""What is seen, ten times a second."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Final

__all__ = ["ANALYSIS_FPS", "FEATURE_COLUMNS", "VideoState"]

ANALYSIS_FPS: Final = 10
"""Analysis frames per second: cuts are placed exactly by the frames in between."""


@dataclass(frozen=True, slots=True)
class VideoState:
    """One analysis frame.

    Attributes
    ----------
    time_s : float
        Time since the first frame of the film [s].
    valence, arousal : float
        What the picture suggests, in [-1, 1]: a designed proxy, see `engine.video.mood`.
    motion : float
        Mean absolute RGB difference to the previous analysis frame, as a share of what is
        usual here, 0..1 (`engine.video.motion`).
    motion_rgb : float
        The same difference, as it is, 0..255.
    brightness, saturation : float
        Mean luma and mean HSV saturation, 0..1.
    warmth : float
        Chroma-weighted likeness of the hues to orange, -1..1; blue is negative.
    cut_rate : float
        Cuts per minute, lately.
    cut_s : float or None
        Time of a cut that was recognised just now: it lies a little in the past, because a
        flash looks like a cut until it is over [s].
    """

    time_s: float
    valence: float
    arousal: float
    motion: float
    motion_rgb: float
    brightness: float
    saturation: float
    warmth: float
    cut_rate: float
    cut_s: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return asdict(self)


FEATURE_COLUMNS: Final = tuple(item.name for item in fields(VideoState))
"""Columns of a table of features."""
