"""How strong each musical element is in a piece, and how strong an emotion wants it.

What an emotion wants is read off human-rated piano music: ``levels.json`` holds, per statistic,
a plane ``base + valence·v + arousal·a + both·v·a`` fitted on the training parts of EMOPIA and
VGMIDI (``python -m export_onnx train transfer``).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

import numpy as np

from engine.transfer.notes import Sounded, onset_groups

__all__ = ["Levels", "measure", "wanted_levels"]

_SHORTEST_S = 0.02


@dataclass(frozen=True, slots=True)
class Levels:
    """Statistics of a piece, one per thing that transfer moves.

    Attributes
    ----------
    velocity : float
        Mean velocity, 1..127.
    log_notes, log_onsets : float
        Natural logarithm of notes and of onsets (chords counted once) per second.
    log_length : float
        Mean natural logarithm of the notes' lengths [s].
    pitch, spread : float
        Mean and standard deviation of the pitches [semitones].
    """

    velocity: float
    log_notes: float
    log_onsets: float
    log_length: float
    pitch: float
    spread: float


def measure(notes: Sequence[Sounded]) -> Levels:
    """Return the levels of a piece of at least one note; drums count only where all is drums."""
    pitched = [note for note in notes if not note.drums] or list(notes)
    begin = min(note.onset_s for note in pitched)
    seconds = max(max(note.end_s for note in pitched) - begin, _SHORTEST_S)
    pitches = np.array([note.pitch for note in pitched], np.float64)
    lengths = np.array([max(note.length_s, _SHORTEST_S) for note in pitched])
    return Levels(
        velocity=float(np.mean([note.velocity for note in pitched])),
        log_notes=float(np.log(len(pitched) / seconds)),
        log_onsets=float(np.log(len(onset_groups(pitched)) / seconds)),
        log_length=float(np.log(lengths).mean()),
        pitch=float(pitches.mean()),
        spread=float(pitches.std()),
    )


@cache
def _planes() -> dict[str, dict[str, float]]:
    text = (resources.files("engine.transfer") / "levels.json").read_text(encoding="utf-8")
    planes: dict[str, dict[str, float]] = json.loads(text)["planes"]
    return planes


def wanted_levels(valence: float, arousal: float) -> Levels:
    """Return the levels that belong to an emotion in [-1, 1]².

    The typical piece of a quadrant stands at ±0.6.
    """
    values = {}
    for item in fields(Levels):
        plane = _planes()[item.name]
        values[item.name] = (
            plane["base"]
            + plane["valence"] * valence
            + plane["arousal"] * arousal
            + plane["both"] * valence * arousal
        )
    return Levels(**values)
