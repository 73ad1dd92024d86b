"""Who holds a key or a pedal on the output port.

Several play through one port: the engine's own parts, output mappings, each of the performer's
inputs. Each of them is a *holder* with a number. A key or a pedal that two of them hold on one
channel goes up when the last one lets go, and what concerns one leaves the others alone.
"""

from typing import Final

__all__ = ["ENGINE", "MAPPINGS", "PERFORMER", "first_id", "holder_of"]

ENGINE: Final = 0
"""Holder of what the engine plays."""

MAPPINGS: Final = 1
"""Holder of what output mappings send."""

PERFORMER: Final = 2
"""Holder of what the performer's first input passes through; the next inputs count up."""

_BITS: Final = 40


def first_id(holder: int) -> int:
    """Return the lowest note id of a holder; it has 2**40 of them."""
    return holder << _BITS


def holder_of(note_id: int) -> int:
    """Return the holder that a note id belongs to."""
    return note_id >> _BITS
