"""Graded strength: which valence an engine is asked for, so that what is heard follows the target.

What listeners hear in an engine's music rises with its valence, but not evenly: it saturates. The
tables undo that (amt's half of it: at full strength its quadrants suffered). They are learned by
``python -m export_onnx aims judges`` from judges' opinions of clips of training seeds. Arousal
needs none: it is heard evenly as it is. Nor does muser, whose modes are pure from ±.5 on.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from engine.generators.protocol import MusicalContext

__all__ = ["AIMS", "TARGETS", "aim", "aimed"]

TARGETS: Final = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)

AIMS: Final[dict[str, tuple[float, ...]]] = {
    "rules": (-1.0, -0.46, -0.26, -0.11, 0.03, 0.15, 0.29, 0.53, 1.0),
    "muser": TARGETS,
    "amt": (-1.0, -0.74, -0.52, -0.3, -0.1, 0.07, 0.24, 0.56, 1.0),
}
"""Engine → valence to be played at each of `TARGETS`, ascending."""


def aim(engine: str, valence: float) -> float:
    """Return the valence an engine plays for a target; both in [-1, 1], beyond is held."""
    return float(np.interp(valence, TARGETS, AIMS[engine]))


def aimed(engine: str, context: MusicalContext) -> MusicalContext:
    """Return the context with the valence that the engine plays."""
    return replace(context, valence=aim(engine, context.valence))
