"""A note as written, before it is played."""

from dataclasses import dataclass

__all__ = ["Written"]


@dataclass(frozen=True, slots=True)
class Written:
    """A note as written: exact position, no expression.

    Attributes
    ----------
    at : float
        Position in the beat, [0, 1).
    length : float
        Written length [beats].
    pitch : int
        MIDI pitch.
    accent : float
        Extra velocity.
    order : int
        Place within a struck chord from the bottom, for rolling it.
    """

    at: float
    length: float
    pitch: int
    accent: float = 0.0
    order: int = 0
