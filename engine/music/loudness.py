"""Velocities carried from one loudness to another without losing their order."""

__all__ = ["carry_velocity"]


def carry_velocity(velocity: int, old: float, new: float) -> int:
    """Return a velocity as a loudness `old` becomes `new`.

    Straight lines from 0 to the loudness and on to 127: monotone, never out of range.

    Parameters
    ----------
    velocity : int
        1..127.
    old, new : float
        Loudness before and after, in (0, 127).
    """
    if velocity <= old:
        value = velocity * new / old
    else:
        value = 127.0 - (127.0 - velocity) * (127.0 - new) / (127.0 - old)
    return min(max(round(value), 1), 127)
