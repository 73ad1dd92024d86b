"""Everything that decides MusER's next beat, besides seed, settings and context."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.memory import DecoderState
from engine.generators.muser.tokens import Token
from engine.generators.muser.voices import Voices
from engine.music.keys import Key
from engine.music.listen import Hearing

__all__ = ["Codes", "MuserState"]

Codes = tuple[int, ...]
"""Codes of a beat, one per element."""


@dataclass(frozen=True, slots=True, eq=False)
class MuserState:
    """A snapshot; its arrays are never written to.

    Attributes
    ----------
    prior, free : float32 arrays
        Recurrent state of the prior with the emotion, and without.
    decoder : DecoderState
    next_beat : int
        The beat that is due if the music goes on; -1 before the first.
    history : tuple of Codes
        Of the last beats, oldest first.
    written : tuple of tuple of Token
        Their notes.
    key : Key
        In which the last beat was written.
    voices : Voices
        Where tune and bass were.
    ends : tuple of float
        Where notes that may still sound end [beats].
    empty : int
        Beats without an onset up to now.
    lean : mapping of str to float
        What steering asks for on top (`composing.leaned`); never written to.
    aims : tuple of (float, float)
        Valence and arousal of the last beats.
    figure : int
        Beat of the learned style whose figure was taken; -1 for none.
    hearing : Hearing
        What somebody plays on a keyboard beside the music.
    """

    prior: NDArray[np.float32]
    free: NDArray[np.float32]
    decoder: DecoderState
    next_beat: int = -1
    history: tuple[Codes, ...] = ()
    written: tuple[tuple[Token, ...], ...] = ()
    key: Key = Key(0, "maj")
    voices: Voices = Voices()
    ends: tuple[float, ...] = ()
    empty: int = 0
    lean: Mapping[str, float] = field(default_factory=dict)
    aims: tuple[tuple[float, float], ...] = ()
    figure: int = -1
    hearing: Hearing = Hearing()
