"""Chord templates and the regression of emotion, both fitted on the train parts.

Stored beside the prepared songs and in the model's metadata, so that other songs are read in the
same way as the training songs.
"""

import json
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.generators.amt.vocabulary import AMT_QUALITIES
from export_onnx.amt.affect import AffectGuess
from export_onnx.amt.chord_reader import ChordReader

__all__ = ["Readers"]

_DIGITS = 5


def _rounded(values: np.ndarray) -> list[object]:
    return list(np.round(values, _DIGITS).tolist())


@dataclass(frozen=True)
class Readers:
    """Both readers."""

    chord: ChordReader
    affect: AffectGuess

    def to_json(self) -> str:
        """Return them as JSON."""
        return json.dumps(
            {
                "chord": {
                    "weights": _rounded(self.chord.weights),
                    "bias": _rounded(self.chord.bias),
                    "silence": list(self.chord.silence),
                },
                "affect": {
                    "weights": _rounded(self.affect.weights),
                    "trust": list(self.affect.trust),
                    "levels": {name: list(level) for name, level in self.affect.levels.items()},
                },
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Readers":
        """Read what `to_json` wrote.

        Raises
        ------
        InputError
            It is something else.
        """
        try:
            stored = json.loads(text)
            chord, affect = stored["chord"], stored["affect"]
            first, second = chord["silence"]
            valence, arousal = affect["trust"]
            weights = np.array(chord["weights"], np.float64)
            if weights.shape != (len(AMT_QUALITIES), 24):
                raise ValueError(f"templates of shape {weights.shape}")
            return cls(
                ChordReader(weights, np.array(chord["bias"], np.float64), (first, second)),
                AffectGuess(
                    np.array(affect["weights"], np.float64),
                    (valence, arousal),
                    {name: (level[0], level[1]) for name, level in affect["levels"].items()},
                ),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(f"readers of notes: not as written by prepare ({error})") from error
