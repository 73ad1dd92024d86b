"""The checks every engine makes on the context it is given."""

from math import isfinite

from engine.errors import InputError
from engine.generators.protocol import MusicalContext

__all__ = ["check_context"]


def check_context(context: MusicalContext) -> None:
    """Check the numbers of a context.

    Raises
    ------
    InputError
        One is out of range or not finite; the message names it.
    """
    if context.beat < 0:
        raise InputError(f"beat must be >= 0; got {context.beat}")
    if context.beats_per_bar < 1:
        raise InputError(f"beats_per_bar must be >= 1; got {context.beats_per_bar}")
    if not (isfinite(context.tempo_bpm) and context.tempo_bpm > 0):
        raise InputError(f"tempo_bpm must be finite and > 0; got {context.tempo_bpm}")
    if not (isfinite(context.valence) and isfinite(context.arousal)):
        raise InputError(
            f"valence and arousal must be finite; got {context.valence}, {context.arousal}"
        )
