"""What every engine asks of the context it is given."""

from math import isfinite

from engine.errors import InputError
from engine.generators.protocol import MusicalContext

__all__ = ["after_cut", "check_context"]


def after_cut(context: MusicalContext) -> bool:
    """Return whether the beat is the first bar line since the picture was cut."""
    since = context.cues.beats_since_boundary
    at_bar = context.beat % context.beats_per_bar == 0
    return at_bar and since is not None and since < context.beats_per_bar


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
