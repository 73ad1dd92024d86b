"""What sounds for the parts of each engine, in General MIDI programs by channel."""

from collections.abc import Mapping
from typing import Final

__all__ = ["DRUMS", "engine_programs"]

DRUMS: Final = 9
"""Channel of percussion, from 0 (General MIDI)."""

_PIANO, _BASS, _STRINGS = 0, 32, 49
_BAND: Final = {0: _PIANO, 1: _PIANO, 2: _BASS, 3: _STRINGS, DRUMS: 0}
_PIANIST: Final = {**_BAND, 2: _PIANO}
"""MusER plays one piano: lead, chords and bass are its voices."""


def engine_programs(engine: str) -> Mapping[int, int]:
    """Return the program of each channel that an engine's parts use."""
    return _PIANIST if engine == "muser" else _BAND
