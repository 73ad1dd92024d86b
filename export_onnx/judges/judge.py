"""The interface of a judge: notes in, predicted emotion out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from export_onnx.judges.notes import Notes

__all__ = ["HIGH_AROUSAL", "HIGH_VALENCE", "Judge", "TeacherOutput", "quadrant_of"]

HIGH_AROUSAL = np.array([True, True, False, False])
HIGH_VALENCE = np.array([True, False, False, True])
"""Sides of Q1..Q4 on the two axes."""


@dataclass(frozen=True)
class TeacherOutput:
    """Opinions on n clips.

    Attributes
    ----------
    quadrants : float64 array, shape (n, 4)
        Probabilities of Q1..Q4, rows sum to 1.
    valence, arousal : float64 arrays, shape (n,)
        Log odds of high against low, judged apart from the quadrant; 0 is undecided.
    """

    quadrants: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray

    @property
    def quadrant(self) -> np.ndarray:
        """Most probable quadrant, 0..3, shape (n,)."""
        best: np.ndarray = self.quadrants.argmax(1)
        return best


class Judge(Protocol):
    """A classifier learned from real clips only."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def judge(self, clips: Sequence[Notes]) -> TeacherOutput:
        """Return the opinion on each clip, in their order."""
        ...


def quadrant_of(valence: float, arousal: float) -> int:
    """Return the quadrant 0..3 of a point; 0 counts as high."""
    if arousal >= 0:
        return 0 if valence >= 0 else 1
    return 3 if valence >= 0 else 2
