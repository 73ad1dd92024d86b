"""Chord vocabulary: root × quality with the true pitch classes, read and written by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.music.keys import parse_pitch_class, pitch_class_name

__all__ = ["NO_CHORD", "QUALITIES", "Chord", "chord_templates", "chord_tension", "parse_chord"]

NO_CHORD: Final = "N"
"""How "no chord sounds" is written."""

QUALITIES: Final[dict[str, tuple[int, ...]]] = {
    "maj": (0, 4, 7),
    "dim": (0, 3, 6),
    "sus4": (0, 5, 7),
    "min7": (0, 3, 7, 10),
    "min": (0, 3, 7),
    "sus2": (0, 2, 7),
    "aug": (0, 4, 8),
    "dim7": (0, 3, 6, 9),
    "maj6": (0, 4, 7, 9),
    "hdim7": (0, 3, 6, 10),
    "7": (0, 4, 7, 10),
    "min6": (0, 3, 7, 9),
    "maj7": (0, 4, 7, 11),
    "minmaj7": (0, 3, 7, 11),
    "aug7": (0, 4, 8, 10),
    "7sus4": (0, 5, 7, 10),
    "add9": (0, 2, 4, 7),
    "minadd9": (0, 2, 3, 7),
    "9": (0, 2, 4, 7, 10),
    "maj9": (0, 2, 4, 7, 11),
    "min9": (0, 2, 3, 7, 10),
    "7b9": (0, 1, 4, 7, 10),
}
"""Quality → semitones above the root within one octave. The first thirteen, in this
order, are the qualities of the Affective Multimodal Transformer (arXiv 2311.00968)."""

_ROUGHNESS: Final = (0.0, 1.0, 0.6, 0.25, 0.2, 0.1, 0.8)
"""Sensory and functional dissonance of interval classes 0..6, 1 = semitone; the ranking
of Hutchinson & Knopoff (1979), tritone raised for its functional tension."""


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord without octave: ``root`` is a pitch class 0..11, ``quality`` from ``QUALITIES``."""

    root: int
    quality: str

    def __post_init__(self) -> None:
        if not 0 <= self.root <= 11:
            raise InputError(f"chord root must be 0..11; got {self.root}")
        if self.quality not in QUALITIES:
            allowed = ", ".join(QUALITIES)
            raise InputError(f"chord quality must be one of {allowed}; got {self.quality!r}")

    def __str__(self) -> str:
        """Return the chord as the rest of Stimmung writes it, such as ``"A:min"``."""
        return f"{pitch_class_name(self.root)}:{self.quality}"

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes, root first, then upwards within the octave."""
        return tuple((self.root + step) % 12 for step in QUALITIES[self.quality])


def chord_templates(qualities: Sequence[str]) -> NDArray[np.float64]:
    """Return the pitch classes of chords as vectors of length 1, shape (12, n_qualities, 12).

    By root, quality and pitch class.
    """
    shapes = np.zeros((len(qualities), 12))
    for row, quality in zip(shapes, qualities, strict=True):
        row[list(QUALITIES[quality])] = len(QUALITIES[quality]) ** -0.5
    return np.stack([np.roll(shapes, root, axis=1) for root in range(12)])


def parse_chord(name: str) -> Chord | None:
    """Read a chord such as ``"A:min"`` or ``"G"`` (major); None for ``"N"``.

    Raises
    ------
    InputError
        The root is no note name or the quality is unknown.
    """
    if name == NO_CHORD:
        return None
    root, colon, quality = name.partition(":")
    return Chord(parse_pitch_class(root), quality if colon else "maj")


def chord_tension(quality: str) -> float:
    """Return the mean dissonance of a quality's intervals, in [0, 1]."""
    steps = QUALITIES[quality]
    pairs = [
        _ROUGHNESS[min((high - low) % 12, (low - high) % 12)]
        for index, low in enumerate(steps)
        for high in steps[index + 1 :]
    ]
    return sum(pairs) / len(pairs)
