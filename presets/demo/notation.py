"""A small notation for melodies: ``"B5e G#5 F#5q' r | C3+E3+G3h."`` and what it means.

=======  ==========================================================================
pitch    letter, accidentals, octave (C4 = 60); ``+`` joins a chord; ``r`` is a rest
length   w 4, h 2, q 1, e 1/2, s 1/4, t 1/3 (triplet eighth) quarter notes; ``.`` after
         it adds half; left out, the length before goes on
mark     ``'`` short, ``^`` accented, ``~`` held into the next note (legato)
``|``    bar line, for the reader; checked against the bar length
=======  ==========================================================================
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = ["Tone", "read_tones"]

_LENGTHS: Final = {
    "w": Fraction(4),
    "h": Fraction(2),
    "q": Fraction(1),
    "e": Fraction(1, 2),
    "s": Fraction(1, 4),
    "t": Fraction(1, 3),
}
_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TOKEN: Final = re.compile(r"(r|[A-G]\S*?\d(?:\+[A-G]\S*?\d)*)([whqest]\.?)?(['^~]*)")
_PITCH: Final = re.compile(r"([A-G])([#b]*)(\d)")


@dataclass(frozen=True, slots=True)
class Tone:
    """One or more pitches struck together: ``onset`` and ``length`` in quarter notes."""

    onset: Fraction
    length: Fraction
    pitches: tuple[int, ...]
    marks: str


def read_tones(text: str, beats_per_bar: int) -> Iterator[Tone]:
    """Yield the tones of a line of music, rests left out.

    Raises
    ------
    ValueError
        A token is not understood, or a bar line stands in the wrong place.
    """
    beat, length = Fraction(0), Fraction(1)
    for token in text.split():
        if token == "|":
            if beat % beats_per_bar:
                raise ValueError(f"bar line at beat {float(beat):g} of {text!r}")
            continue
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise ValueError(f"not a tone: {token!r} in {text!r}")
        names, written, marks = match.groups()
        if written:
            length = _LENGTHS[written[0]] * (Fraction(3, 2) if written.endswith(".") else 1)
        if names != "r":
            yield Tone(beat, length, tuple(map(_pitch, names.split("+"))), marks)
        beat += length


def _pitch(name: str) -> int:
    match = _PITCH.fullmatch(name)
    if match is None:
        raise ValueError(f"not a pitch: {name!r}")
    letter, accidentals, octave = match.groups()
    shift = accidentals.count("#") - accidentals.count("b")
    return 12 * (int(octave) + 1) + _STEPS[letter] + shift
