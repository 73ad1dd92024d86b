"""What is known of a hop before the model has heard it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Hop", "level_db"]


@dataclass(frozen=True)
class Hop:
    """Level, silence, tuning and what they mean for the model.

    Attributes
    ----------
    level_db : float
        Level without the mean [dBFS].
    silent_s, sound_s : float
        Silence up to here, and sound since the start of the piece [s].
    new_piece : bool
        Whether a piece begins here: sound after a long silence.
    afresh : bool
        Whether the piece must be heard again: its tuning has just been found.
    hum : bool
        Whether nothing but mains hum is heard.
    cents, tuning_hz : float
        The tuning in force.
    """

    level_db: float
    silent_s: float
    sound_s: float
    new_piece: bool
    afresh: bool
    hum: bool
    cents: float
    tuning_hz: float


def level_db(hop: NDArray[np.float32]) -> float:
    """Level of a hop without its mean [dBFS], as the model states it."""
    centred = hop - hop.mean()
    return 10.0 * math.log10(float(np.mean(np.square(centred))) + 1e-12)
