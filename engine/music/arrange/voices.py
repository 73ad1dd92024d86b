"""Voice leading of the accompaniment: the best way to the chord, seen from where it goes."""

from functools import lru_cache
from typing import Final

from engine.music.chords import Chord
from engine.music.keys import Key
from engine.music.voicing import VoicingRules, voice_progression

__all__ = ["lead_voices", "leading_note"]

_LOWEST: Final = 46
_BELOW: Final = 13
_ABOVE: Final = 11
_BEAM: Final = 12
"""Voicings of a chord from which the next is reached: more find nothing better."""


def leading_note(key: Key) -> int:
    """Return the pitch class that pulls to the tonic and is never doubled."""
    return (key.tonic + 11) % 12


@lru_cache(maxsize=8192)
def _chain(
    chords: tuple[Chord, ...], rules: VoicingRules, previous: tuple[int, ...]
) -> tuple[int, ...]:
    return voice_progression(chords, rules, previous, beam=_BEAM)[0]


def lead_voices(
    chord: Chord, following: Chord | None, previous: tuple[int, ...], centre: float, key: Key
) -> tuple[int, ...]:
    """Return the voicing of a chord, ascending pitches.

    Parameters
    ----------
    chord : Chord
        What to voice.
    following : Chord or None
        What comes after it, if known or likely: where two voicings are as good, the one from
        which it goes on more smoothly is taken (dynamic programming over both).
    previous : tuple of int
        Voicing before, ascending; empty at the start.
    centre : float
        Wanted mean pitch.
    key : Key
        Its leading note is not doubled.
    """
    middle = round(centre)
    rules = VoicingRules(
        low=max(_LOWEST, middle - _BELOW),
        high=max(_LOWEST + _BELOW + _ABOVE, middle + _ABOVE),
        centre=float(middle),
        register=1.0,
        leading=leading_note(key),
    )
    chords = (chord,) if following is None else (chord, following)
    return _chain(chords, rules, previous)
